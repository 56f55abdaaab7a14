"""The one instant: what still counts, to the microsecond, and how clocks in any zone show it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops import clock
from fundops.calls import deadlines
from fundops.calls.models import Call
from fundops.calls.parts import zones
from tests.calls.conftest import Calls, StillClock

DEADLINE = datetime(2026, 6, 10, 15, 59, 59, tzinfo=UTC)
TICK = timedelta(microseconds=1)
INSTANTS = st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(lambda off: DEADLINE + off)


def a_call(
    *,
    deadline_at: datetime | None = DEADLINE,
    grace: int = 30,
    status: str = "open",
    opens_on: date | None = None,
    zone: str = "UTC",
) -> Call:
    return Call(
        deadline_at=deadline_at, grace_minutes=grace, status=status, opens_on=opens_on, zone=zone
    )


def test_the_deadline_itself_counts_and_one_second_later_does_not() -> None:
    call, second = a_call(), timedelta(seconds=1)
    assert deadlines.counts(call, DEADLINE, DEADLINE)
    assert not deadlines.counts(call, DEADLINE + second, DEADLINE + second)
    assert not deadlines.counts(call, DEADLINE + TICK, DEADLINE + TICK)
    assert deadlines.is_open(call, DEADLINE)
    assert not deadlines.is_open(call, DEADLINE + TICK)


def test_an_upload_declared_in_time_may_complete_within_the_grace() -> None:
    call, grace = a_call(), timedelta(minutes=30)
    assert deadlines.counts(call, DEADLINE, DEADLINE + grace)
    assert not deadlines.counts(call, DEADLINE, DEADLINE + grace + TICK)
    assert not deadlines.counts(call, DEADLINE + TICK, DEADLINE + grace)
    assert not deadlines.counts(a_call(grace=0), DEADLINE, DEADLINE + TICK)
    # Complete before it was declared: a clock that lies.
    assert not deadlines.counts(call, DEADLINE, DEADLINE - TICK)


def test_a_call_without_a_deadline_takes_nothing() -> None:
    call = a_call(deadline_at=None)
    assert not deadlines.counts(call, DEADLINE, DEADLINE)
    assert not deadlines.is_open(call, DEADLINE)
    assert deadlines.is_over(call, DEADLINE)
    assert deadlines.grace_ends_at(call) is None


def test_a_call_is_open_from_its_day_in_its_own_zone() -> None:
    call = a_call(opens_on=date(2026, 6, 2), zone="Asia/Manila")
    begins = datetime(2026, 6, 1, 16, tzinfo=UTC)
    assert deadlines.is_open(call, begins)
    assert not deadlines.is_open(call, begins - TICK)
    for status in ("draft", "closed"):
        assert not deadlines.is_open(a_call(status=status), begins)


def broken(counts: Callable[[Call, datetime, datetime], bool], declared: datetime,
           completed: datetime, grace: int) -> bool:  # fmt: skip
    """Return whether ``counts`` is not what the rule says, worked out another way."""
    late = (completed - DEADLINE).total_seconds()
    expected = (
        (declared - DEADLINE).total_seconds() <= 0
        and late <= grace * 60
        and not completed < declared
    )
    return counts(a_call(grace=grace), declared, completed) is not expected


@given(INSTANTS, INSTANTS, st.integers(0, 1440))
def test_the_rule_holds_for_any_instants(
    declared: datetime, completed: datetime, grace: int
) -> None:
    assert not broken(deadlines.counts, declared, completed, grace)


def test_a_wrong_rule_would_be_noticed() -> None:
    """The control: a rule that gives the grace to whatever comes, declared or not."""

    def generous(call: Call, _declared: datetime, completed: datetime) -> bool:
        ends = deadlines.grace_ends_at(call)
        return ends is not None and completed <= ends

    late = DEADLINE + timedelta(minutes=1)
    assert broken(generous, late, late, 30)


@given(INSTANTS, st.integers(0, 1440), st.timedeltas(TICK, timedelta(days=30)))
def test_an_extension_only_lets_more_count(at: datetime, grace: int, later: timedelta) -> None:
    before, after = a_call(grace=grace), a_call(deadline_at=DEADLINE + later, grace=grace)
    assert deadlines.counts(before, at, at) <= deadlines.counts(after, at, at)
    assert deadlines.is_over(after, at) <= deadlines.is_over(before, at)


@pytest.mark.parametrize(
    ("at", "zone", "local", "offset"),
    [
        ("2026-02-28T15:59:59Z", "Asia/Manila", "2026-02-28T23:59:59+08:00", "+08:00"),
        # Summer time begins in Vienna on 29 March 2026 and ends on 25 October 2026, at 01:00 UTC.
        ("2026-03-29T00:59:59Z", "Europe/Vienna", "2026-03-29T01:59:59+01:00", "+01:00"),
        ("2026-03-29T01:00:00Z", "Europe/Vienna", "2026-03-29T03:00:00+02:00", "+02:00"),
        ("2026-10-25T00:30:00Z", "Europe/Vienna", "2026-10-25T02:30:00+02:00", "+02:00"),
        ("2026-10-25T01:30:00Z", "Europe/Vienna", "2026-10-25T02:30:00+01:00", "+01:00"),
        # New York changes on other days.
        ("2026-03-08T06:59:59Z", "America/New_York", "2026-03-08T01:59:59-05:00", "-05:00"),
        ("2026-03-08T07:00:00Z", "America/New_York", "2026-03-08T03:00:00-04:00", "-04:00"),
        ("2026-06-10T12:00:00Z", "Asia/Kathmandu", "2026-06-10T17:45:00+05:45", "+05:45"),
        ("2026-06-10T12:00:00Z", "Pacific/Kiritimati", "2026-06-11T02:00:00+14:00", "+14:00"),
        ("2026-06-10T11:00:00Z", "Pacific/Pago_Pago", "2026-06-10T00:00:00-11:00", "-11:00"),
        ("2026-06-10T11:00:00Z", "America/St_Johns", "2026-06-10T08:30:00-02:30", "-02:30"),
    ],
)
def test_instants_are_told_as_clocks_there_show_them(
    at: str, zone: str, local: str, offset: str
) -> None:
    told = deadlines.told(datetime.fromisoformat(at), zone)
    assert told is not None
    assert (told["local"], told["offset"]) == (local, offset)
    day, _, rest = local.partition("T")
    assert told["text"] == f"{day} {rest[:8]} (UTC{offset}, {zone})"


@given(
    st.timedeltas(timedelta(days=-20_000), timedelta(days=60_000)).map(lambda off: DEADLINE + off),
    st.sampled_from(sorted(zones())),
)
def test_what_is_told_leads_back_to_the_instant(at: datetime, zone: str) -> None:
    told = deadlines.told(at, zone)
    assert told is not None
    assert datetime.fromisoformat(told["local"]) == at.replace(microsecond=0)
    assert told["local"].endswith(told["offset"])
    assert clock.day_in(at, zone) == at.astimezone(ZoneInfo(zone)).date()


def test_a_call_is_told_in_the_zone_that_is_asked_for(
    calls: Calls, still_clock: StillClock
) -> None:
    place = calls.opened(questions_close_at="2026-06-08T00:00:00Z")
    own = calls.grantee().get(place).json()
    assert own["deadline"] == {
        "at": "2026-06-10T15:59:59Z",
        "zone": "Asia/Manila",
        "local": "2026-06-10T23:59:59+08:00",
        "offset": "+08:00",
        "text": "2026-06-10 23:59:59 (UTC+08:00, Asia/Manila)",
    }
    there = calls.officer.get(f"{place}?zone=America/New_York").json()
    assert there["deadline"]["local"] == "2026-06-10T11:59:59-04:00"
    assert there["questions_close"]["local"] == "2026-06-07T20:00:00-04:00"
    assert there["deadline_at"] == own["deadline_at"]
    (listed,) = calls.officer.get("/v1/calls?zone=America/New_York").json()["items"]
    assert listed == there
    for wrong in ("Manila", "", "Europe", "localtime", "../UTC", "x" * 400):
        refused = calls.officer.get(place, params={"zone": wrong})
        assert refused.status_code == 422, wrong
        assert refused.json()["errors"][0]["pointer"] == "query/zone"
