"""The parts of the documents that are written from the program itself.

``python -m tests.contract.generated`` writes them again.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable
from pathlib import Path

import fundops
from fundops.authz import PARTY_ROLES, ROLE_PERMISSIONS, Permission, Role
from fundops.calls.indicators import catalogue
from fundops.errors import PROBLEMS, TYPE_PREFIX
from fundops.exports.donor_statement import DETAIL
from fundops.exports.statement_columns import columns
from fundops.lifecycle import Step, Steps, mermaid
from fundops.messages import text
from fundops.messages.languages import coverage, languages, translatable
from fundops.tracing.entries import FLOWS, INTERNAL
from tests.screening.measured import report as screening
from tests.suppression import study

RECORDS = {
    "banking.accounts.ACCOUNT_STEPS": "Account of a fund",
    "banking.accounts.PROFILE_STEPS": "Voucher profile",
    "banking.batches.STEPS": "Payment batch",
    "calls.questions.QUESTION_STEPS": "Question on a call",
    "calls.service.STEPS": "Call",
    "decisions.steps.BOARD_STEPS": "Board",
    "decisions.steps.ITEM_STEPS": "Item of a board",
    "disbursements.limits.STEPS": "Limit of a person",
    "disbursements.profiles.STEPS": "Duty profile",
    "disbursements.sanctions.STEPS": "Sanctions check",
    "disbursements.steps.STEPS": "Disbursement",
    "donors.agreements.AGREEMENT_STEPS": "Agreement",
    "donors.events.COMMITMENT_STEPS": "Commitment",
    "donors.lots.LOT_STEPS": "Lot",
    "donors.pledges.PLEDGE_STEPS": "Pledge",
    "donors.receipts.RECEIPT_STEPS": "Receipt",
    "donors.write_offs.WRITE_OFF_STEPS": "Write-off",
    "expenditures.closing.CLOSING_STEPS": "Closing by force majeure",
    "expenditures.closing.GRANT_STEPS": "Grant, at its end",
    "expenditures.receivables.RECEIVABLE_STEPS": "Receivable",
    "expenditures.refund_requests.REQUEST_STEPS": "Refund request",
    "expenditures.service.STEPS": "Statement of expenditure",
    "expenditures.write_offs.WRITE_OFF_STEPS": "Write-off of an advance",
    "findings.incidents.INCIDENT_STEPS": "Incident",
    "findings.owed_notices.NOTICE_STEPS": "Notice of an incident to a donor",
    "findings.service.FINDING_STEPS": "Finding of an audit",
    "findings.settling.SETTLEMENT_STEPS": "Settlement of a finding",
    "files.documents.DOCUMENT_STEPS": "Document of an organisation",
    "files.uploads.UPLOAD_STEPS": "Upload",
    "grants.agreement_steps.VERSION_STEPS": "Version of a grant agreement",
    "grants.amendment_steps.AMENDMENT_STEPS": "Amendment",
    "grants.conditional.CONDITIONAL_STEPS": "Conditional award",
    "grants.conditions.TRANCHE_CONDITION_STEPS": "Condition of a tranche",
    "grants.policy.POLICY_STEPS": "Policy of a fund",
    "grants.requirements.REQUIREMENT_STEPS": "Requirement of a grant",
    "grants.service.STEPS": "Grant",
    "grants.standing.STANDING_STEPS": "Grant, suspended and terminated",
    "grants.standing.TERMINATION_STEPS": "Termination of a grant",
    "notices.channels.CHANNEL_STEPS": "Contact channel",
    "parties.freezes.FREEZE_STEPS": "Freeze of a party",
    "parties.freezes.PARTY_STEPS": "Party",
    "parties.persons.PERSON_STEPS": "Person",
    "parties.places.PLACE_STEPS": "Place at risk",
    "partners.service.STEPS": "Partner assessment",
    "payees.steps.STEPS": "Bank account",
    "proposals.steps.STEPS": "Proposal",
    "releases.service.STEPS": "Release",
    "reports.steps.STEPS": "Progress report",
    "retention.service.RULE_STEPS": "Rule of retention",
    "reviews.assignments.STEPS": "Assignment of a reviewer",
    "samples.service.STEPS": "Audit sample",
}
"""Every table of steps by where it stands, and what it is about."""


def step_tables() -> dict[str, Steps]:
    """Return every table of steps in the program, by the module that makes it and its name."""
    found: dict[str, Steps] = {}
    for module in pkgutil.walk_packages(fundops.__path__, "fundops."):
        if module.name.endswith("__main__"):
            continue
        names = vars(importlib.import_module(module.name))
        source = inspect.getsource(sys.modules[module.name])
        for name, value in names.items():
            if not (name == "STEPS" or name.endswith("_STEPS")) or not isinstance(value, dict):
                continue
            is_made_here = re.search(rf"^{name}\b[^=\n]*=", source, re.MULTILINE)
            if is_made_here and all(isinstance(step, Step) for step in value.values()):
                found[f"{module.name.removeprefix('fundops.')}.{name}"] = value
    return found


def roles() -> str:
    """Return the table of permissions by role."""
    head = " | ".join(role.replace("_", " ") for role in Role)
    lines = [f"| permission | {head} |", "|---" * (len(Role) + 1) + "|"]
    for permission in Permission:
        marks = ("●" if permission in ROLE_PERMISSIONS[role] else "" for role in Role)
        lines.append(f"| `{permission}` | " + " | ".join(marks) + " |")
    held = " and ".join(f"`{role}`" for role in Role if role in PARTY_ROLES)
    return "\n".join([*lines, "", f"Held for one party: {held}.", ""])


def statuses() -> str:
    """Return the diagram of every table of steps, and who must be another person."""
    parts = []
    tables = step_tables()
    for place, title in sorted(RECORDS.items(), key=lambda pair: pair[1]):
        steps = tables[place]
        parts.append(f"### {title}\n\n```mermaid\n{mermaid(steps)}\n```\n")
        parted = [name.replace("_", " ") for name, step in steps.items() if step.differs_from]
        if parted:
            parts.append(f"Another person: {', '.join(parted)}.\n")
    return "\n".join(["", *parts])


def problems() -> str:
    """Return the table of problems."""
    lines = ["| status | type | meaning |", "|---|---|---|"]
    for slug, status in sorted(PROBLEMS.items(), key=lambda pair: (pair[1], pair[0])):
        lines.append(f"| {status} | `{TYPE_PREFIX}{slug}` | {text(f'problem.{slug}.title')} |")
    return "\n".join([*lines, ""])


def sheets() -> str:
    """Return the table of the donor statement's detail sheets."""
    lines = ["", "| sheet | from | columns |", "|---|---|---|"]
    for table in (*(one for one, _ in DETAIL), "late", "registers"):
        declared = columns(table)
        name, source = text(f"statement.sheet.{table}"), text(f"statement.{table}.source")
        lines.append(f"| {name} | {source} | {', '.join(one.heading for one in declared)} |")
    return "\n".join([*lines, "", ""])


def flows() -> str:
    """Return the table of a statement's lines, as the cover and the entries name them."""
    lines = ["", "| on the cover | in *Entries* | kinds of transfer |", "|---|---|---|"]
    for flow, kinds in {**FLOWS, "internal": INTERNAL}.items():
        label = "" if flow == "internal" else text(f"statement.flow.{flow}")
        lines.append(f"| {label} | `{flow}` | {', '.join(f'`{kind}`' for kind in kinds)} |")
    return "\n".join([*lines, "", ""])


def covered() -> str:
    """Return the table of languages and how far each goes, by area."""
    others = [one for code, one in languages().items() if code != "en"]
    head = ["", *(f"{one.language} {one.name}" for one in others), ""]
    lines = ["|".join(["", " area ", *(f" {name} " for name in head[1:-1]), ""])]
    lines.append("|" + "---|" * (len(others) + 1))
    reviewed = (str(one.reviewed_on) if one.is_reviewed else "no" for one in others)
    lines.append("| *reviewed by a native speaker* | " + " | ".join(reviewed) + " |")
    by_language = [{each.area: each for each in coverage(one.language)} for one in others]
    for area, sentences in translatable().items():
        cells = []
        for found in by_language:
            done = found[area].size - len(found[area].missing)
            cells.append("all" if not found[area].missing else f"{done} of {found[area].size}")
        if any(cell != f"0 of {len(sentences)}" for cell in cells):
            lines.append(f"| `{area}` ({len(sentences)}) | " + " | ".join(cells) + " |")
    return "\n".join(["", *lines, "", ""])


def indicators() -> str:
    """Return the table of the catalogue of indicators, with the rule of each."""
    lines = [
        "",
        "| # | indicator | unit | broken down by | rule | suppressed | not with "
        "| source | verified |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in catalogue().values():
        rule = {"new_persons": "newly counted"}.get(one.aggregation, one.aggregation)
        where = f"{rule}, of a country" if one.per == "country" else rule
        split, others = ", ".join(one.disaggregation), ", ".join(one.never_added_with)
        marks = ("yes" if one.is_suppressed else "no", "yes" if one.is_verified else "no")
        lines.append(
            f"| {one.code} | {one.label} | {one.unit} | {split} | {where} | {marks[0]} | {others} "
            f"| {one.reference} | {marks[1]} |"
        )
    return "\n".join([*lines, "", ""])


def report_life() -> str:
    """Return the diagram of a progress report."""
    return f"\n```mermaid\n{mermaid(step_tables()['reports.steps.STEPS'])}\n```\n\n"


PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("docs/api.md", "problems"): problems,
    ("docs/api.md", "roles"): roles,
    ("docs/api.md", "statuses"): statuses,
    ("docs/languages.md", "languages"): covered,
    ("docs/reports.md", "life"): report_life,
    ("docs/screening.md", "measured"): screening,
    ("docs/disclosure.md", "survival"): study.main,
    ("docs/statements.md", "sheets"): sheets,
    ("docs/statements.md", "flows"): flows,
    ("docs/indicators.md", "indicators"): indicators,
}
"""Page and name of each generated part, and what writes it."""


def main(root: Path) -> None:
    """Write every generated part again."""
    for (page, name), write in PARTS.items():
        path = root / page
        before, start, rest = path.read_text(encoding="utf-8").partition(
            f"<!-- generated: {name} -->\n"
        )
        _, end, after = rest.partition("<!-- end -->\n")
        assert start, f"{page} has no part {name}"
        assert end, f"the part {name} of {page} has no end"
        path.write_text(before + start + write() + end + after, encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).parents[2])
