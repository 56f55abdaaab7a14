"""The sheets of a donor statement as data: each column's key, kind and width.

Headings and meanings come from the message catalogue (``statement.<table>.<key>`` and
``….meaning``); the source of a table's figures is ``statement.<table>.source``.
"""

from __future__ import annotations

from fundops.exports import (
    Code,
    Column,
    Computed,
    Date,
    Flag,
    Instant,
    Integer,
    Money,
    Rate,
    Share,
    Text,
)
from fundops.exports.specs import Spec, described

MONEY, OWN = Money(), Money(currency_from="currency")

PLEDGES: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("pledge", Code(), 38),
    ("pledged_on", Date(), 12),
    ("year", Code(), 8),
    ("currency", Code(), 9),
    ("amount", OWN, 18),
    ("rate", Rate(), 12),
    ("base", MONEY, 18),
    ("received", OWN, 18),
    ("received_base", MONEY, 18),
    ("difference", MONEY, 20),
    ("written_off", OWN, 16),
    ("outstanding", OWN, 18),
    ("expected_on", Date(), 12),
    ("status", Code(), 11),
    ("conditions", Text(), 40),
)
AGREEMENTS: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("agreement", Code(), 38),
    ("pledge", Code(), 38),
    ("title", Text(), 40),
    ("signed_on", Date(), 12),
    ("binding", Flag(), 9),
    ("conditions_met_on", Date(), 14),
    ("category", Code(), 20),
    ("earmark", Text(), 44),
    ("spend_by_on", Date(), 12),
    ("support_cost_basis", Code(), 14),
    ("support_cost_rate", Share(), 10),
    ("agent_fee_rate", Share(), 10),
    ("status", Code(), 10),
)
INSTALMENTS: tuple[Spec, ...] = (
    ("agreement", Code(), 38),
    ("number", Integer(), 8),
    ("due_on", Date(), 12),
    ("currency", Code(), 9),
    ("amount", OWN, 18),
    ("received", OWN, 18),
    ("written_off", OWN, 16),
    ("outstanding", OWN, 18),
)
REPORTS: tuple[Spec, ...] = (
    ("agreement", Code(), 38),
    ("kind", Code(), 14),
    ("due_on", Date(), 12),
    ("delivered_on", Date(), 14),
)
RECEIPTS: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("receipt", Code(), 38),
    ("received_on", Date(), 12),
    ("payer", Text(), 30),
    ("reference", Code(), 22),
    ("currency", Code(), 9),
    ("amount", OWN, 18),
    ("rate", Rate(), 12),
    ("rate_on", Date(), 12),
    ("rate_source", Code(), 16),
    ("base", MONEY, 18),
    ("fee", MONEY, 12),
    ("exchange", MONEY, 20),
    ("credited", MONEY, 18),
    ("unmatched", MONEY, 16),
    ("status", Code(), 10),
)
LOTS: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("lot", Code(), 40),
    ("kind", Code(), 14),
    ("agreement", Code(), 38),
    ("receipt", Code(), 38),
    ("opened_on", Date(), 12),
    ("spend_by_on", Date(), 12),
    ("category", Code(), 20),
    ("opening", MONEY, 18),
    ("change", MONEY, 18),
    ("closing", Computed("{opening}+{change}", Money()), 18),
    ("available", MONEY, 18),
    ("reserved", MONEY, 18),
    ("provision", MONEY, 16),
    ("operating_reserve", MONEY, 16),
    ("currency", Code(), 9),
    ("receipt_amount", OWN, 18),
    ("memo_closing", OWN, 18),
)
LINES: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("effective_on", Date(), 12),
    ("lot", Code(), 40),
    ("flow", Code(), 24),
    ("kind", Code(), 22),
    ("position", Code(), 16),
    ("grant", Code(), 30),
    ("document", Code(), 38),
    ("reference", Code(), 22),
    ("amount", MONEY, 18),
    ("currency", Code(), 9),
    ("memo", OWN, 18),
    ("event", Integer(), 10),
    ("reversal", Flag(), 9),
    ("withheld", Flag(), 9),
)
GRANTS: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("grant", Code(), 34),
    ("title", Text(), 44),
    ("grantee", Text(), 34),
    ("country", Code(), 8),
    ("awarded_on", Date(), 12),
    ("awarded", MONEY, 18),
    ("reserved", MONEY, 18),
    ("paid", MONEY, 18),
    ("refunded", MONEY, 16),
    ("paid_to_date", MONEY, 18),
    ("refunded_to_date", MONEY, 16),
    ("all_paid_to_date", MONEY, 18),
    ("share", Share(), 9),
)
EXPENDITURE: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("grant", Code(), 34),
    ("lot", Code(), 40),
    ("category", Code(), 9),
    ("category_label", Text(), 40),
    ("objective", Code(), 10),
    ("accepted", MONEY, 18),
    ("accepted_to_date", MONEY, 18),
)
RESULTS: tuple[Spec, ...] = (
    ("fund", Code(), 10),
    ("grant", Code(), 34),
    ("paid_to_date", MONEY, 18),
    ("share", Share(), 9),
    ("objective", Code(), 10),
    ("indicator", Code(), 10),
    ("indicator_label", Text(), 50),
    ("measure", Code(), 13),
    ("told", Code(), 16),
    ("in_words", Text(), 60),
    ("release", Code(), 22),
    ("as_of", Date(), 12),
)
LATE: tuple[Spec, ...] = (
    ("recorded_at", Instant(), 19),
    ("event", Integer(), 10),
    ("action", Code(), 26),
    ("reason", Text(), 44),
    ("effective_on", Date(), 12),
    ("lot", Code(), 40),
    ("flow", Code(), 24),
    ("kind", Code(), 22),
    ("position", Code(), 16),
    ("grant", Code(), 30),
    ("amount", MONEY, 18),
)
EVENTS: tuple[Spec, ...] = (
    ("event", Integer(), 10),
    ("recorded_at", Instant(), 19),
    ("action", Code(), 30),
    ("taken_from", Text(), 60),
)
REGISTERS: tuple[Spec, ...] = (
    ("recorded_at", Instant(), 19),
    ("record", Code(), 14),
    ("code", Code(), 30),
    ("action", Code(), 26),
    ("reason", Text(), 44),
    ("fields", Text(), 70),
)

TABLES: dict[str, tuple[Spec, ...]] = {
    "pledges": PLEDGES,
    "agreements": AGREEMENTS,
    "instalments": INSTALMENTS,
    "reports": REPORTS,
    "receipts": RECEIPTS,
    "lots": LOTS,
    "lines": LINES,
    "grants": GRANTS,
    "expenditure": EXPENDITURE,
    "results": RESULTS,
    "late": LATE,
    "events": EVENTS,
    "registers": REGISTERS,
}


def columns(table: str, language: str = "en") -> tuple[Column, ...]:
    """Return the columns of a table with headings, meanings and source in ``language``."""
    return described(f"statement.{table}", TABLES[table], language)
