"""The interpreter's collector, left alone until everything that stays is loaded.

While tests are imported and collected it would go through all modules and tests time and again,
for half of the time that this takes, and find nothing.
"""

from __future__ import annotations

import gc

gc.disable()


def begin() -> None:
    """Leave alone for good what is loaded by now, and look at the rest less often than usual.

    It went through all of that during the tests too, a sixth of the time of most.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
