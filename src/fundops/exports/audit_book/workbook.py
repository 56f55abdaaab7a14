"""The audit workbook: its sections in the order of their tabs, put together for one question."""

from __future__ import annotations

from fundops.exports.audit_book.accrual import ACCRUAL
from fundops.exports.audit_book.advances import ADVANCES, ageing
from fundops.exports.audit_book.amendments import AMENDMENTS
from fundops.exports.audit_book.awards import AWARDS
from fundops.exports.audit_book.bank import BANK
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.budget import BUDGET
from fundops.exports.audit_book.calls import CALLS
from fundops.exports.audit_book.code_gaps import CODE_GAPS
from fundops.exports.audit_book.cover import cover, title
from fundops.exports.audit_book.decisions import DECISIONS
from fundops.exports.audit_book.disbursements import DISBURSEMENTS
from fundops.exports.audit_book.events import EVENTS
from fundops.exports.audit_book.exchange import EXCHANGE
from fundops.exports.audit_book.expenditure import EXPENDITURE
from fundops.exports.audit_book.findings import FINDINGS, INCIDENTS
from fundops.exports.audit_book.flags.sheets import RED_FLAG_RULES, RED_FLAGS
from fundops.exports.audit_book.journal import BALANCES, JOURNAL
from fundops.exports.audit_book.lots import LOTS
from fundops.exports.audit_book.overrides import OVERRIDES
from fundops.exports.audit_book.parameters import PARAMETERS
from fundops.exports.audit_book.persons import ACCESS, DELEGATIONS, PERSONS
from fundops.exports.audit_book.pledges import AGREEMENTS, INSTALMENTS, PLEDGES
from fundops.exports.audit_book.rates import RATES
from fundops.exports.audit_book.receipts import RECEIPTS
from fundops.exports.audit_book.refunds import REFUNDS
from fundops.exports.audit_book.results import RESULTS
from fundops.exports.audit_book.samples import SAMPLES
from fundops.exports.audit_book.scores import SCORES
from fundops.exports.audit_book.section import Section
from fundops.exports.audit_book.versions import VERSIONS
from fundops.exports.audit_book.write_offs import WRITE_OFFS
from fundops.exports.workbook import Control, Controls, Guide, Workbook
from fundops.messages import text

SECTIONS: tuple[Section, ...] = (
    PARAMETERS,
    RATES,
    PLEDGES,
    AGREEMENTS,
    INSTALMENTS,
    RECEIPTS,
    LOTS,
    CALLS,
    DECISIONS,
    SCORES,
    AWARDS,
    AMENDMENTS,
    BUDGET,
    DISBURSEMENTS,
    ADVANCES,
    EXPENDITURE,
    REFUNDS,
    WRITE_OFFS,
    EXCHANGE,
    BANK,
    JOURNAL,
    BALANCES,
    ACCRUAL,
    RESULTS,
    PERSONS,
    ACCESS,
    DELEGATIONS,
    VERSIONS,
    CODE_GAPS,
    OVERRIDES,
    EVENTS,
    SAMPLES,
    FINDINGS,
    INCIDENTS,
    RED_FLAG_RULES,
    RED_FLAGS,
)
"""Every sheet of rows, in the order of the tabs."""


def audit_workbook(book: Book) -> Workbook:
    """Return the workbook that answers the question of ``book``; rows are read as it renders."""
    language = book.language
    found: list[Control] = []
    for section in SECTIONS:
        found += section.controls(book)
    return Workbook(
        title=title(book),
        subject=text("audit_book.subject", language, on=book.on),
        sheets=(
            cover(book),
            Guide(text("audit_book.sheet.guide", language)),
            Controls(text("audit_book.sheet.controls", language), tuple(found), holds_shown=True),
            *(section.sheet(book) for section in SECTIONS),
            ageing(book),
        ),
        language=language,
    )
