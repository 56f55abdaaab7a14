"""Real work flows as steps: that they are machines, were kept to, and what we would refuse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from fundops.disbursements.duties import FOUR, SMALL_OFFICE, Profile
from tests.replay.workflow import (
    REFUSED,
    Breach,
    Event,
    Machine,
    Move,
    allocation_machine,
    current_state,
    duty_of,
    events,
    marked_done,
    project_machine,
    refused,
)

DRAFT, REVIEW, PREPARATION, ENDORSED = 4171, 4180, 4193, 4192
DISBURSEMENT, CLOSED, AUDIT = 4198, 4219, 4222
REJECTED = [
    "HC Endorsed - Rejected",
    "IP Withdrawal",
    "PP Withdrawn",
    "Pre-SR Rejected",
    "SR Rejected",
    "TR Non-recommended",
    "TR Rejected",
    "To be deleted",
    "Under HC Rejection",
]


def undeclared(machine: Machine, log: Iterable[Event]) -> list[int]:
    """Return the rows of the log that no declared move with that task and role allows."""
    return [one.row for one in log if one.move not in machine.moves]


def broken(log: list[Event]) -> list[tuple[int, int]]:
    """Return where the log goes on from another state than it had come to."""
    return [(a.row, b.row) for a, b in pairwise(log) if a.move.target != b.move.source]


def test_the_work_flow_of_a_project_is_a_machine(real_data: Path) -> None:
    machine = project_machine(real_data)
    assert (len(machine.names), len(machine.edges()), len(machine.moves)) == (34, 47, 51)
    assert machine.entered() <= set(machine.names)
    reached = machine.reachable(DRAFT)
    assert len(reached) == 24
    assert reached <= machine.leading_to(CLOSED), "from everywhere a project can be closed"
    assert {one for one in machine.edges() if one[0] == one[1]} == {(4180, 4180), (4189, 4189)}


def test_what_the_work_flow_of_a_project_does_not_say(real_data: Path) -> None:
    machine = project_machine(real_data)
    never = set(machine.names) - machine.reachable(DRAFT)
    assert machine.called(never) == [*REJECTED[:4], "Project created", *REJECTED[4:]]
    assert machine.ends() == never, "those that are never come to are those that are never left"
    assert {one for one, kind in machine.types.items() if kind == "reject"} == {
        one for one in never if machine.names[one] != "Project created"
    }
    assert {move for move in machine.moves if move.source == CLOSED} == {
        Move(CLOSED, AUDIT, "Close project", "GMSAdmin")
    }


def test_one_move_leads_past_the_endorsement(real_data: Path) -> None:
    machine = project_machine(real_data)
    without = Machine(
        machine.names,
        machine.types,
        frozenset(one for one in machine.moves if one.target != ENDORSED),
    )
    assert DISBURSEMENT in without.reachable(DRAFT)
    past = Move(REVIEW, PREPARATION, "Manage Technical Review", "GMSAdmin")
    kept = Machine(without.names, without.types, without.moves - {past})
    assert DISBURSEMENT not in kept.reachable(DRAFT)


def test_the_logged_case_kept_to_its_work_flow(real_data: Path) -> None:
    machine, log = project_machine(real_data), events(real_data)
    assert len(log) == 19
    assert [one.row for one in log] == [
        1, 2, 3, 4, 5, 6, 9, 7, 10, 8, 19, 11, 12, 13, 14, 15, 16, 18, 17,
    ]  # fmt: skip
    assert (undeclared(machine, log), broken(log)) == ([], [])
    assert (log[0].move.source, log[-1].move.target) == (DRAFT, current_state(real_data))
    assert current_state(real_data) == DISBURSEMENT
    assert {(one.move.source, one.move.target) for one in log} == marked_done(real_data)


def test_a_move_that_is_not_declared_is_found(real_data: Path) -> None:
    """The control: another role, and a state left out."""
    machine, log = project_machine(real_data), events(real_data)
    forged = [one._replace(move=one.move._replace(role="PARTNER")) for one in log if one.row == 12]
    assert undeclared(machine, forged) == [12]
    assert broken([one for one in log if one.row != 12]) == [(11, 13)]


@pytest.mark.parametrize("profile", [FOUR, SMALL_OFFICE])
def test_what_our_duties_refuse_of_the_logged_case(real_data: Path, profile: Profile) -> None:
    machine, log = project_machine(real_data), events(real_data)
    assert [one.row for one in log if duty_of(machine, one)] == [19, 11, 12, 14, 15, 17]
    assert refused(machine, log, profile) == REFUSED
    of_one = [one for one in log if one.row in (11, 12, 14, 15)]
    assert {one.person for one in of_one} == {"user-05"}
    assert {one.move.role for one in of_one} == {"HFU", "HC"}
    assert of_one[-1].at - of_one[0].at < timedelta(minutes=52)


def test_the_small_office_may_only_ask_and_certify_in_one_hand(real_data: Path) -> None:
    """The control: had user-05 cleared the budget too, only the profile of four minds that."""
    machine = project_machine(real_data)
    log = [one._replace(person="user-05") if one.row == 19 else one for one in events(real_data)]
    of_four, of_few = refused(machine, log, FOUR), refused(machine, log, SMALL_OFFICE)
    assert Breach(11, "user-05", "request", "certify") in of_four
    assert [one.row for one in of_four] == [11, 12, 14, 15]
    assert [one.row for one in of_few] == [12, 14, 15]


def test_four_persons_are_refused_nothing(real_data: Path) -> None:
    """The control: the same case with a person for every duty."""
    machine = project_machine(real_data)
    log = [one._replace(person=str(duty_of(machine, one))) for one in events(real_data)]
    assert refused(machine, log, FOUR) == refused(machine, log, SMALL_OFFICE) == []


def test_the_work_flow_of_an_allocation_is_a_machine(real_data: Path) -> None:
    machine, way = allocation_machine(real_data)
    assert (len(machine.names), len(machine.edges())) == (14, 15)
    assert machine.called(set(machine.names) - machine.reachable(1)) == ["Rejected / Withdrawn"]
    assert machine.called(machine.ends()) == ["Rejected / Withdrawn", "Under Implementation"]
    assert machine.reachable(1) <= machine.leading_to(13)
    assert {*pairwise(way)} <= machine.edges()
    assert (way[0], way[-1]) == (1, 6)
