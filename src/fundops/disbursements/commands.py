"""``fundops duties``: who may take which duty of a payment, and who could pay alone."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fundops.messages import text


def duties_command(
    code: Annotated[str | None, typer.Argument(help=text("duties.code"))] = None,
    fund: Annotated[str | None, typer.Option(help=text("cli.fund"))] = None,
    amount: Annotated[str | None, typer.Option(help=text("duties.amount"))] = None,
) -> None:
    """Print who could take part in a payment; exit with 1 when somebody could pay alone."""
    from fundops.terminal import fail, opened

    with opened() as database, database.read() as db:
        lines, alone = _of_payment(db, code) if code else _of_funds(db, fund, amount)
        if lines is None:
            fail(text("duties.unknown", code=code))
        for line in lines:
            typer.echo(line)
        if alone:
            fail(text("duties.found"))


def _of_payment(db: Any, code: str) -> tuple[list[str] | None, bool]:
    from sqlalchemy import select

    from fundops.disbursements.duty_report import in_common_hands, report_of
    from fundops.disbursements.models import Disbursement
    from fundops.disbursements.queries import steps_of
    from fundops.grants.models import Grant
    from fundops.ledger.models import Fund
    from fundops.parties.models import Person

    found = db.execute(select(Disbursement).where(Disbursement.code == code)).scalar_one_or_none()
    if found is None:
        return None, False
    fund = db.get_one(Fund, db.get_one(Grant, found.grant_id).fund_id)
    report = report_of(db, found, fund)
    lines = _lines(fund, report)
    steps = steps_of(db, found.id)
    for one in steps:
        person = db.get(Person, one.person_id) if one.person_id is not None else None
        name = person.code if person is not None else "-"
        at = one.taken_at.strftime("%Y-%m-%d %H:%M")
        lines.append(text("duties.taken", at=at, action=one.action.replace("_", " "), person=name))
    if not steps:
        lines.append(text("duties.imported"))
    common = in_common_hands(db, found, fund)
    lines += [text("duties.common_hands", one=one, other=other) for one, other in common]
    return lines, bool(report.alone or common)


def _of_funds(db: Any, code: str | None, amount: str | None) -> tuple[list[str] | None, bool]:
    from sqlalchemy import select

    from fundops import clock, money
    from fundops.disbursements.duty_report import report
    from fundops.disbursements.profiles import profile_in_force
    from fundops.ledger.models import Fund

    query = select(Fund).order_by(Fund.code)
    if code is not None:
        query = query.where(Fund.code == code)
    lines: list[str] = []
    alone = False
    for fund in db.execute(query).scalars().all():
        if amount is not None:
            asked = [_minor(money, amount, fund.base_currency)]
        else:
            profile = profile_in_force(db, fund.id, clock.today(fund.zone))
            limits = [band.up_to_minor for band in profile.bands]
            asked = [limit for limit in limits if limit is not None]
            asked.append((asked[-1] if asked else 0) + 1)
        for minor in asked:
            found = report(db, fund, minor)
            lines += _lines(fund, found)
            alone = alone or bool(found.alone)
    return lines, alone


def _minor(money: Any, amount: str, currency: str) -> int:
    try:
        minor = int(money.parse_amount(amount, currency))
    except money.MoneyError:
        minor = 0
    if minor <= 0:
        raise typer.BadParameter(text("duties.amount"), param_hint="--amount")
    return minor


def _lines(fund: Any, report: Any) -> list[str]:
    from fundops import money
    from fundops.disbursements.duties import DUTIES

    amount = money.display(report.amount_minor, fund.base_currency)
    lines = [text("duties.heading", fund=fund.code, amount=amount), _rule(report.band)]
    nobody = text("duties.nobody")
    for duty in DUTIES:
        persons = ", ".join(report.holders(duty)) or nobody
        lines.append(text("duties.may", duty=text(f"duties.verb.{duty}"), persons=persons))
    if report.fewest is None:
        lines.append(text("duties.cannot"))
    else:
        lines.append(text("duties.fewest", count=report.fewest))
    lines.append(text("duties.alone", persons=", ".join(report.alone) or nobody))
    return lines


def _rule(band: Any) -> str:
    if band.one_requests_and_certifies:
        return text("duties.rule.small", days=band.review_days)
    return text("duties.rule.outside" if band.payer_is_outside else "duties.rule.four")
