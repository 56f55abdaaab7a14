"""How a board's status, and that of what it decides on, moves, as data."""

from __future__ import annotations

from fundops.authz import Permission
from fundops.lifecycle import Steps, step

BOARD_STEPS: Steps = {
    "open": step("draft", "open", Permission.DECISION_PREPARE),
    "close": step("open", "closed", Permission.DECISION_PREPARE),
    "confirm": step("closed", "confirmed", Permission.DECISION_CONFIRM, ("first_confirmed_by_id",)),
    "cancel": step("draft open closed", "cancelled", Permission.DECISION_PREPARE),
}
ITEM_STEPS: Steps = {
    "carry": step("proposed", "carried", Permission.DECISION_PREPARE),
    "drop": step("proposed", "not_carried", Permission.DECISION_PREPARE),
    "lapse": step("carried", "not_carried", Permission.DECISION_CONFIRM),
    "carry_out": step("carried", "carried_out", Permission.DECISION_CONFIRM),
}
"""An item lapses whose proposal was withdrawn between the vote and the second confirmation."""
BOARD_EVENTS = {
    "open": "board.opened",
    "close": "board.closed",
    "confirm": "board.confirmed",
    "cancel": "board.cancelled",
}
"""Step -> action of its audit event."""

OUTCOME_STEPS = {"award": "award", "reserve": "put_on_reserve", "reject": "reject"}
"""What a board carried -> the step its proposal takes."""
