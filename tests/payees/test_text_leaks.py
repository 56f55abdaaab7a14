"""A number in a reason would stand in the clear in the register, the chain and on the disk."""

from __future__ import annotations

from typing import Any

from tests.payees.account_factories import Office, an_iban, slug


def pointers(answer: Any) -> list[str]:
    assert (answer.status_code, slug(answer)) == (422, "invalid-request"), answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


def test_no_later_text_gives_a_number_away(office: Office) -> None:
    number = an_iban()
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    account = office.proposed(number=number)
    for action, caller in (("object", office.grantee), ("refuse", office.manager)):
        answer = office.act(account, action, caller, f"We have no {spaced}")
        assert pointers(answer) == ["/reason"]
    told = office.approve(account, elsewhere_reason=f"Both use {number}")
    assert pointers(told) == ["/elsewhere_reason"]
    assert office.approve(account).status_code == 200
    assert pointers(office.act(account, "block", office.grantee, f"{spaced} is stolen")) == [
        "/reason"
    ]
    assert office.act(account, "block", office.grantee).status_code == 200
    assert pointers(office.act(account, "unblock", office.manager, number)) == ["/reason"]
    assert pointers(office.act(account, "retire", office.manager, number)) == ["/reason"]
