"""What a call needs before it can be opened; everything that is missing is named at once."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from fundops import clock
from fundops.calls import terms
from fundops.calls.models import WHOLE_WEIGHT, Call, CallCriterion
from fundops.errors import FieldError, Problem
from fundops.ledger.models import Fund
from fundops.messages import text


def require(db: Session, call: Call) -> None:
    """Raise ``conflict`` naming all that ``call`` lacks to be opened.

    A call without a deadline takes no proposals (it stands for a round decided elsewhere, such as
    an imported one), so nothing more is asked of it than that its fund is open.
    """
    errors = missing(db, call)
    if errors:
        raise Problem("conflict", detail=text("calls.not_ready"), errors=errors)


def missing(db: Session, call: Call) -> list[FieldError]:
    """Return what ``call`` lacks to be opened, as places in its terms."""
    fund = db.get_one(Fund, call.fund_id)
    found = [("/fund_id", "grants.fund_closed", fund.status != "open")]
    if call.deadline_at is not None:
        found += _lacking(call) + _scoring(call, terms.criteria(db, call.id))
    return [FieldError(pointer, text(key)) for pointer, key, wrong in found if wrong]


def _lacking(call: Call) -> list[tuple[str, str, bool]]:
    assert call.deadline_at is not None
    opens_late = call.opens_on is not None and call.opens_on > clock.day_in(
        call.deadline_at, call.zone
    )
    return [
        ("/deadline_at", "calls.deadline_past", call.deadline_at <= clock.now()),
        ("/opens_on", "validation.dates_order", opens_late),
        ("/summary", "calls.needed_to_open", call.summary is None),
        ("/modality", "calls.needed_to_open", call.modality is None),
        ("/envelope", "calls.needed_to_open", not call.envelope_minor),
        ("/ceiling", "calls.needed_to_open", not call.ceiling_minor),
        ("/languages", "calls.needed_to_open", call.languages == "[]"),
    ]


def _scoring(call: Call, criteria: list[CallCriterion]) -> list[tuple[str, str, bool]]:
    """Return what is wrong with the criteria, as the call's targets are now."""
    targeted = json.loads(call.objectives)
    whole = sum(one.weight_bp for one in criteria) == WHOLE_WEIGHT
    strays = [
        (f"/criteria/{at}/objective", "calls.objective_not_targeted", True)
        for at, one in enumerate(criteria)
        if one.objective is not None and targeted and one.objective not in targeted
    ]
    return [("/criteria", "calls.weights_sum", not whole), *strays]
