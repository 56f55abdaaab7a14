"""Screening a text: every search, what overlaps settled, what was confirmed left out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

from fundops.screening.dates import days
from fundops.screening.documents import documents
from fundops.screening.findings import KINDS, Finding, Fingerprints, item_keys
from fundops.screening.online import emails, profiles
from fundops.screening.page import Page
from fundops.screening.people import people
from fundops.screening.phones import phones
from fundops.screening.places import addresses, coordinates
from fundops.screening.reading import read

_RANK = {kind: rank for rank, kind in enumerate(KINDS)}

Confirmed = Callable[[str], bool] | Container[str]


def screen(
    text: str, confirmed: Confirmed | None = None, *, keys: Fingerprints | bytes | None = None
) -> list[Finding]:
    """Return what looks like personal data in ``text``, in order; nothing overlaps.

    ``confirmed`` says which items to leave out: a function of the item, or the ``item_key``s stored
    (then ``keys`` made them). Time grows with the length of the text and with nothing else.
    """
    page = Page(read(text))
    found = _settled(list(_searched(page)))
    if confirmed is None:
        return found
    return [one for one in found if not is_confirmed(one.item, confirmed, keys)]


def _searched(page: Page) -> Iterator[Finding]:
    dated = days(page)
    yield from emails(page.reading)
    yield from profiles(page.reading)
    yield from documents(page)
    yield from coordinates(page)
    yield from phones(page, dated)
    yield from people(page, dated)
    yield from addresses(page)


def _settled(found: list[Finding]) -> list[Finding]:
    """Return findings in order; of those that overlap the surest, over all that they cover."""
    kept: list[Finding] = []
    for one in sorted(found, key=lambda each: (each.start, _RANK[each.kind], -each.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
            continue
        last = kept[-1]
        best = min(last, one, key=lambda each: _RANK[each.kind])
        kept[-1] = Finding(best.kind, last.start, max(last.end, one.end), best.item)
    return kept


def is_confirmed(item: str, confirmed: Confirmed, keys: Fingerprints | bytes | None) -> bool:
    """Return whether a grantee has confirmed ``item``, as ``screen`` asks."""
    if callable(confirmed):
        return confirmed(item)
    assert keys is not None, "stored keys are compared under the keys that made them"
    return any(key in confirmed for key in item_keys(keys, item))
