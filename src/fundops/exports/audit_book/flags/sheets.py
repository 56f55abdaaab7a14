"""The sheets of red flags: every rule with what it came to, and the rows that met one."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from fundops import money
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.flags import amounts, digits, hands, papers, timing
from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Integer, Text
from fundops.exports.workbook import Control
from fundops.messages import text

RULES: tuple[Rule, ...] = (
    *amounts.RULES, *hands.RULES, *timing.RULES, *papers.RULES, *digits.RULES,
)  # fmt: skip
_TELLING = frozenset({"bank_changed", "same_evidence"})
"""Rules whose details name a payee's account, or a number of a register of persons."""
_LOOKED: WeakKeyDictionary[Book, dict[str, Looked]] = WeakKeyDictionary()


def looked(book: Book) -> dict[str, Looked]:
    """Return what every rule came to, by its key; each is asked once for a workbook."""
    if book not in _LOOKED:
        case = Case(book)
        _LOOKED[book] = {rule.key: rule.look(case) for rule in RULES}
    return _LOOKED[book]


def rule_rows(book: Book) -> Iterator[Row]:
    """Yield every rule, in words, with how many it looked at and found, or why it was not asked."""
    for rule in RULES:
        found = looked(book)[rule.key]
        state = "asked" if found.why_not is None else "not_asked"
        yield (
            rule.key, text(f"audit_book.flag.{rule.key}.rule", book.language, **rule.parameters),
            found.population, len(found.flags),
            text(f"audit_book.flag.{state}", book.language), found.why_not,
        )  # fmt: skip


def flag_rows(book: Book) -> Iterator[Row]:
    """Yield every row that met a rule."""
    for rule in RULES:
        for flag in looked(book)[rule.key].flags:
            yield _row(book, rule, flag)


def _row(book: Book, rule: Rule, flag: Flag) -> Row:
    amount = flag.amount_minor
    return (
        rule.key, flag.record, book.grant_codes.get(flag.grant_id) if flag.grant_id else None,
        flag.on,
        None if amount is None else money.display(amount, book.fund.base_currency),
        ", ".join(filter(None, (book.person(one) for one in flag.persons))) or None,
        _details(book, rule, flag),
    )  # fmt: skip


def _details(book: Book, rule: Rule, flag: Flag) -> str:
    """Return what met a rule, in words; of payees and persons nothing to readers outside."""
    if rule.key in _TELLING and not book.reader.knows_names:
        return text("audit_book.withheld", book.language)
    return text(f"audit_book.flag.{rule.key}.row", book.language, **flag.details)


def flag_controls(book: Book) -> Iterator[Control]:
    """Yield, per rule, that as many rows are listed as it is said to have found."""
    for rule in RULES:
        said = total("red_flag_rules", "found", {"rule": rule.key})
        listed = count("red_flags", {"rule": rule.key})
        yield control(book, "red_flags", listed - said, 0, Integer(), rule=rule.key)


RED_FLAG_RULES = Section(
    "red_flag_rules",
    (
        ("rule", Code(), 20), ("words", Text(), 90), ("population", Integer(), 12),
        ("found", Integer(), 10), ("state", Code(), 14), ("why_not", Text(), 70),
    ),
    rule_rows,
)  # fmt: skip
RED_FLAGS = Section(
    "red_flags",
    (
        ("rule", Code(), 20), ("record", Code(), 28), ("grant", Code(), 26), ("on", Date(), 12),
        ("amount", Text(), 22), ("persons", Code(), 24), ("details", Text(), 90),
    ),
    flag_rows,
    controls=flag_controls,
)  # fmt: skip
