"""Spreading an amount over the lines of an accepted statement of expenditure.

What was booked of a statement, found unsupported in it or supported later is of all its lines, in
proportion to what was accepted of each. A gain by exchange is a line below nothing: it takes part
with its sign, so that the whole of a statement gives each line just what was accepted of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fundops import money


def over_lines(amount_minor: int, accepted: Sequence[int]) -> list[int]:
    """Split ``amount_minor`` in proportion to what was accepted of lines; the parts sum to it.

    Where a gain leaves nothing of a statement, the gain takes no part. Raises ``ValueError`` where
    there is something to split and nothing was accepted of any line.
    """
    if amount_minor < 0:
        return [-part for part in over_lines(-amount_minor, accepted)]
    above, below = [max(one, 0) for one in accepted], [max(-one, 0) for one in accepted]
    gain, whole = sum(below), sum(accepted)
    off = amount_minor * gain // whole if whole > 0 else 0
    added = money.allocate(amount_minor + off, above)
    taken = money.allocate(off, below)
    return [plus - minus for plus, minus in zip(added, taken, strict=True)]
