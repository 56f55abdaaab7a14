"""What the tests of notices share: a clock to move, a count of statements."""

from __future__ import annotations

from tests.parties.conftest import moving_clock, statements

__all__ = ["moving_clock", "statements"]
