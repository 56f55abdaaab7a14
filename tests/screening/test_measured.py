"""What ``docs/screening.md`` publishes is measured, within bounds; and the measure can fail."""

from __future__ import annotations

from pathlib import Path

from fundops.screening import Finding, screen
from tests.screening import held_out, measured
from tests.screening.measured import Count, missed, summed, wrong

PAGE = Path(__file__).parents[2] / "docs" / "screening.md"


def _total(counts: dict[tuple[str, str], Count]) -> Count:
    return summed(counts.values())


def test_misses_and_false_alarms_are_within_bounds() -> None:
    """The bounds are what the page promises; the page's figures are compared with the measure by
    the test of generated parts.
    """
    held = _total(missed(held_out.planted()))
    assert held.of >= 250
    assert held.found <= 0.12 * held.of
    assert wrong(one.text for one in held_out.harmless()).found <= 0.02 * 160
    known = [one for each in measured.KNOWN for one in each.planted()]
    assert _total(missed(known)).found <= 0.03 * len(known)
    harmless = [one.text for each in measured.KNOWN for one in each.harmless()]
    assert wrong(harmless).found <= 0.005 * len(harmless)
    assert wrong(measured.labels()) == (0, len(measured.labels()))


def test_the_measure_notices_a_search_that_is_broken() -> None:
    """Planted bugs: no telephones, nothing at all, everything."""

    def without_phones(text: str) -> list[Finding]:
        return [one for one in screen(text) if one.kind != "phone"]

    def nothing(_: str) -> list[Finding]:
        return []

    def everything(text: str) -> list[Finding]:
        return [Finding("phone", 0, len(text), text)]

    held = held_out.planted()
    telephones = sum(one.kind == "phone" for one in held)
    before, after = (_total(missed(held, finds)) for finds in (screen, without_phones))
    assert after.found - before.found > telephones / 2
    assert _total(missed(held, nothing)).found == len(held)
    assert _total(missed(held, everything)).found == 0
    assert wrong((one.text for one in held_out.harmless()), everything).found == 160


def test_real_narratives_are_seldom_suspected(real_data: Path) -> None:
    assert measured.real_line(real_data) in PAGE.read_text(encoding="utf-8")
    assert wrong(measured.narratives(real_data)).found <= 10
