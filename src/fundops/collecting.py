"""How often the interpreter looks for objects that only hold each other.

Out of the box it looks through everything that the program has loaded several times while one
large answer is put together, which takes a third of the time of that answer and finds nothing.
"""

from __future__ import annotations

import gc
from functools import cache

YOUNG = 50_000
"""Objects made until the youngest are looked through: some ten MiB at most."""


@cache
def settle() -> None:
    """Look once, leave what is loaded by now aside for good, and look less often from here on.

    Done once a process, however many applications it starts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
