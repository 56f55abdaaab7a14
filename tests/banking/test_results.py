"""Vouchers for a host, and its results: read first, every wrong row named, then taken in once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from fundops import clock
from fundops.banking.profile import Profile, sample
from fundops.banking.vouchers import Voucher, results_in, safe, written
from fundops.disbursements.models import Disbursement
from fundops.errors import Problem
from tests.banking.banking_factories import Draft, Office, a_hosted_office, an_office
from tests.banking.camt_files import DAY
from tests.staged import staged
from tests.world import World

HEAD = "Voucher;Status;Paid on;Document;Amount;Reason\r\n"
VENDOR: dict[str, Any] = {"kind": "vendor", "vendor_number": "0004711", "number": "0004711"}


def a_voucher(**over: Any) -> Voucher:
    values: dict[str, Any] = {
        "code": "DSB-1", "batch": "PBT-1", "vendor_number": "0004711", "amount_minor": 100_01,
        "currency": "USD", "on": DAY, "description": "DSB-1", "fund_code": "F",
        "grant_code": "GRT-1", "weights": (("A", 2), ("B", 1)),
    }  # fmt: skip
    return Voucher(**(values | over))


def rows_of(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode()), delimiter=";"))


def row(payment: Disbursement, status: str = "PAID", **over: str) -> str:
    cells = {
        "voucher": payment.code, "status": status, "on": clock.today("UTC").isoformat(),
        "document": "H-1", "amount": f"{payment.amount_minor / 100:.2f}", "reason": "",
    } | over  # fmt: skip
    return ";".join(cells.values()) + "\r\n"


def results(office: Office, batch: Any, body: str | bytes, *, check: bool = False) -> Any:
    path = f"/v1/payment_batches/{batch['id']}/{'check_results' if check else 'results'}"
    raw = body if isinstance(body, bytes) else body.encode()
    headers = {"content-type": "application/octet-stream"}
    return office.officer.post(path, content=raw, headers=headers)


def released(office: Office, count: int = 2) -> tuple[Any, list[Disbursement]]:
    payments = office.approved(count, **VENDOR)
    made = office.a_batch(payments)
    assert made.status_code == 201, made.text
    answer = office.release(made.json())
    assert answer.status_code == 200, answer.text
    return answer.json(), payments


def with_vouchers(world: World) -> Draft:
    """Have a batch of two payments released to a host."""
    hosted = a_hosted_office(world)
    batch, payments = released(hosted)
    return Draft(hosted, payments, batch)


vouchers = staged(with_vouchers)


def test_a_voucher_is_split_by_category_and_sums() -> None:
    raw = written(sample(), [a_voucher()])
    assert raw == written(sample(), [a_voucher()])
    told = rows_of(raw)
    assert [(one["Account"], one["Amount"]) for one in told] == [
        ("72110", "66.67"), ("72120", "33.34"),
    ]  # fmt: skip
    assert {one["Voucher"] for one in told} == {"DSB-1"}
    whole = rows_of(written(sample(), [a_voucher(weights=())]))
    assert [(one["Account"], one["Amount"]) for one in whole] == [("72100", "100.01")]


def test_a_profile_writes_as_the_host_reads() -> None:
    given = sample().model_dump(mode="json")
    given["writing"] |= {"decimal": ",", "date": "DD.MM.YYYY", "delimiter": "\t", "header": False,
                         "line_end": "lf", "encoding": "cp1252"}  # fmt: skip
    given["split"] = "none"
    raw = written(Profile.model_validate(given), [a_voucher(description="Für Opfer")])
    assert raw.decode("cp1252") == (
        "FUND\tDSB-1\t1\t0004711\t72100\t1000\t100,01\tUSD\t15.06.2026\tFür Opfer\n"
    )


def test_no_cell_becomes_a_formula() -> None:
    assert safe("=1+1") == "'=1+1"
    assert safe("@x\n+y") == "'@x +y"
    assert "'=HYPERLINK" in written(sample(), [a_voucher(description="=HYPERLINK(1)")]).decode()
    given = sample().model_dump(mode="json")
    given["columns"][0]["literal"] = "=1+1"
    with pytest.raises(ValueError, match="pattern"):
        Profile.model_validate(given)


SPOILT: tuple[Callable[[Any], Any], ...] = (
    lambda p: p["columns"].pop(1),
    lambda p: p["columns"][0].update(field="amount"),
    lambda p: p["columns"].append(p["columns"][1]),
    lambda p: p["gl_accounts"].pop("default"),
    lambda p: p["results"]["columns"].pop("amount"),
    lambda p: p["results"]["rejected"].append("paid"),
    lambda p: p["writing"].update(encoding="utf-7"),
    lambda p: p["writing"].update(encoding="cp1252") or p.update(cost_centre="Київ"),
    lambda p: p.update(more=1),
)


def test_a_profile_that_could_not_work_is_refused(office: Office) -> None:
    for number, spoil in enumerate(SPOILT):
        given = sample().model_dump(mode="json")
        spoil(given)
        told = {"fund_id": str(office.fund_id), "name": "Host", "profile": given}
        answer = office.officer.post("/v1/voucher_profiles", json=told)
        assert answer.status_code == 422, (number, answer.text)


def test_vouchers_go_out_and_results_come_back(vouchers: Draft) -> None:
    hosted, batch, (first, second) = vouchers.office, vouchers.batch, vouchers.payments
    answer = hosted.officer.get(f"/v1/payment_batches/{batch['id']}/vouchers")
    assert answer.status_code == 200
    assert sha256(answer.content).hexdigest() == batch["sha256"]
    assert [one["Vendor"] for one in rows_of(answer.content)] == ["0004711", "0004711"]
    body = HEAD + row(first) + row(second, "REJECTED", on="", reason="No such vendor")
    checked = results(hosted, batch, body, check=True)
    assert checked.status_code == 200, checked.text
    assert (checked.json()["paid"], checked.json()["rejected"]) == (1, 1)
    assert {hosted.status_of(first), hosted.status_of(second)} == {"sent"}
    taken = results(hosted, batch, body)
    assert taken.status_code == 200, taken.text
    assert (hosted.status_of(first), hosted.status_of(second)) == ("paid", "failed")
    with hosted.world.database.read() as db:
        paid = db.get_one(Disbursement, first.id)
        assert (paid.reference, paid.evidence_kind) == ("H-1", "host_system")
    again = results(hosted, batch, body)
    assert (again.status_code, again.json()["is_known"]) == (200, True)
    # Another file that says the same of what was answered, and nothing new.
    longer = results(hosted, batch, body.replace("\r\n", "\n"))
    assert (longer.status_code, longer.json()["before"]) == (200, 2)


def test_every_wrong_row_is_named_and_nothing_is_taken_in(hosted: Office) -> None:
    batch, payments = released(hosted, 6)
    a, b, c, d, e, f = payments
    long_ago = (clock.today("UTC") - timedelta(days=9)).isoformat()
    body = (
        HEAD + row(a) + row(b, amount="1.00") + row(c, "SOMETHING") + row(d, on="31-02-2026")
        + row(e, on=long_ago) + row(f) + row(f) + row(a, voucher="DSB-NONE") + "too;few\r\n"
        + row(b, amount="1e9")
    )  # fmt: skip
    checked = results(hosted, batch, body, check=True).json()
    wrong = {one["row"]: one["problem"] for one in checked["rows"] if one["problem"]}
    assert set(wrong) == {3, 4, 5, 6, 7, 8, 9, 10, 11}
    assert checked["paid"] == 1
    refused = results(hosted, batch, body)
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {f"/rows/{n}" for n in wrong}
    assert {hosted.status_of(one) for one in payments} == {"sent"}
    assert "DSB-NONE" not in refused.text


def test_a_later_answer_that_differs_is_refused(vouchers: Draft) -> None:
    hosted, batch, (first, second) = vouchers.office, vouchers.batch, vouchers.payments
    assert results(hosted, batch, HEAD + row(first)).status_code == 200
    other = results(hosted, batch, HEAD + row(first, document="H-2") + row(second))
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/rows/2"
    assert hosted.status_of(second) == "sent"
    waiting = results(hosted, batch, HEAD + row(second, "in process", on=""))
    assert waiting.json()["waiting"] == 1
    assert hosted.status_of(second) == "sent"


@pytest.mark.parametrize(
    "body",
    [b"", b"Voucher;Status\r\n", "Voucher;Status;Paid on;Document;Amount;Été".encode("cp1252"),
     HEAD.encode() + b'"open', HEAD.encode() + b"a\x00b;;;;;", HEAD.encode() + b"x" * 2_000],
)  # fmt: skip
def test_what_is_no_results_file_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        results_in(body, sample().results, "USD")
    assert refused.value.slug == "file-refused"


def test_results_belong_to_a_hosts_released_batch(hosted: Office) -> None:
    office = an_office(hosted.world)
    payments = hosted.approved(1, **VENDOR)
    draft = hosted.a_batch(payments).json()
    assert results(hosted, draft, HEAD).status_code == 409
    at_bank = office.a_batch(office.approved(1)).json()
    office.release(at_bank)
    assert results(office, at_bank, HEAD).status_code == 409
    assert hosted.a_batch(payments, profile_id=None).status_code == 422
    iban = hosted.approved(1)
    refused = hosted.a_batch(iban)
    assert refused.status_code == 422
    assert "vendor number" in refused.json()["errors"][0]["detail"]


def test_accounts_and_profiles_take_two_persons(office: Office) -> None:
    from tests.banking.banking_factories import ACCOUNT

    given = ACCOUNT | {"fund_id": str(office.fund_id), "name": "Second"}
    made = office.officer.post("/v1/fund_bank_accounts", json=given).json()
    own = office.officer.post(f"/v1/fund_bank_accounts/{made['id']}/approve")
    assert own.json()["type"].endswith("same-person")
    payments = office.approved(1)
    early = office.a_batch(payments, account_id=made["id"])
    assert early.status_code == 422
    path = f"/v1/fund_bank_accounts/{made['id']}"
    assert office.decider.post(f"{path}/approve").status_code == 200
    assert office.decider.post(f"{path}/approve").status_code == 409
    gone = office.decider.post(f"{path}/retire", json={"reason": "Closed."})
    assert gone.json()["status"] == "retired"
    assert office.a_batch(payments, account_id=made["id"]).status_code == 422
    assert office.officer.post("/v1/fund_bank_accounts", json=given).status_code == 409
    bad = given | {"name": "Third", "number": "AT611904300234573202"}
    assert office.officer.post("/v1/fund_bank_accounts", json=bad).status_code == 422
    euro = given | {"name": "Third", "currency": "EUR"}
    assert office.officer.post("/v1/fund_bank_accounts", json=euro).status_code == 422
    told = {
        "fund_id": str(office.fund_id),
        "name": "H",
        "profile": sample().model_dump(mode="json"),
    }
    profile = office.officer.post("/v1/voucher_profiles", json=told).json()
    mine = office.officer.post(f"/v1/voucher_profiles/{profile['id']}/approve")
    assert mine.json()["type"].endswith("same-person")
    no = office.decider.post(
        f"/v1/voucher_profiles/{profile['id']}/refuse", json={"reason": "Wrong accounts."}
    )
    assert no.json()["status"] == "refused"
    other = an_office(office.world)
    stranger = other.signatory.get(path)
    assert stranger.status_code == 404
    shown = office.officer.get("/v1/voucher_profile_sample")
    assert "sample" in shown.json()["note"].lower()
