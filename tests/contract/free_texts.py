"""Which fields that the API takes are free text, and why some of them are not screened.

A field is free text when a person's name and a telephone number would pass its form. Every such
field is screened, as the API document says by ``x-screened``, or stands below with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MARK = "x-screened"
WRITES = ("post", "put", "patch", "delete")
SHORTEST = 6
"""Characters under which neither a name nor a telephone number fits."""
PLANTED = ("Maria Gomez", "Our client Maria Gomez, 0712 345 678", "Maria", "MARIA_GOMEZ")

NAME = "the name of a party, person, fund or body: a field with a form of its own"
BANK = "bank details of a payee or a fund's own account"
REFERENCE = "a reference as the bank or the other side writes it, compared by machine"
CODE = "a code: anything that is none of a list is refused"
SETUP = "how files of a bank or host are read and written: headings and codes"
PUBLISHED = "what the fund publishes itself, with its own contacts"
REGISTER = "a register's own spelling or number of an organisation"

EXEMPT: dict[str, dict[str, str]] = {
    "AgentFeeIn": {"/reference": REFERENCE},
    "AgreedResultIn": {"/indicator": CODE},
    "AliasIn": {"/spelling": REGISTER},
    "AssessIn": {"/kind": CODE},
    "AuditFindingIn": {"/category": CODE},
    "BankAccountIn": {
        "/bank_name": BANK, "/bic": BANK, "/holder": BANK, "/number": BANK,
    },
    "BankEntryIn": {"/bank_reference": REFERENCE},
    "BoardIn": {"/title": NAME},
    "BoardPatch": {"/title": NAME},
    "CallAnchorIn": {"/text": PUBLISHED},
    "CallCriterionIn": {"/description": PUBLISHED, "/title": PUBLISHED},
    "CallDocumentIn": {"/kind": CODE, "/note": PUBLISHED},
    "CallIn": {
        "/funding_window": PUBLISHED, "/summary": PUBLISHED, "/title": PUBLISHED, "/zone": CODE,
    },
    "CallLimitIn": {"/code": CODE},
    "CallPatch": {
        "/funding_window": PUBLISHED, "/summary": PUBLISHED, "/title": PUBLISHED, "/zone": CODE,
    },
    "CapIn": {"/value": CODE},
    "CapacityAnswerIn": {"/question": CODE},
    "ChannelIn": {"/address": "an address for notices, which is kept sealed"},
    "ChannelReplacementIn": {"/address": "an address for notices, which is kept sealed"},
    "CodeIn": {"/code": CODE},
    "ConfirmationIn": {"/item": "what a grantee confirms: kept as a keyed digest only"},
    "ConsensusIn": {"/participants/*": CODE},
    "DelegationIn": {"/person_code": CODE},
    "DueCheckIn": {"/kind": CODE},
    "EventIn": {"/name": PUBLISHED, "/place": PUBLISHED},
    "EventPatch": {"/name": PUBLISHED, "/place": PUBLISHED},
    "FollowedIn": {"/follow_up_code": CODE},
    "FundBankAccountIn": {
        "/bank_name": BANK, "/clearing": BANK, "/holder": BANK, "/host_code": BANK, "/name": BANK,
        "/number": BANK,
    },
    "FundIn": {"/code": CODE, "/name": NAME, "/zone": CODE},
    "FundPatch": {"/name": NAME},
    "GlAccounts": dict.fromkeys((f"/{name}" for name in ("default", *"ABCDEFG")), SETUP),
    "ImplementationCountryRule": {"/countries/*": CODE, "/regions/*": CODE},
    "HandlerIn": {"/person_code": CODE},
    "IncidentIn": {"/kind": CODE},
    "MarkDraft": {"/score": "a number as text: anything else is refused on submission"},
    "MePatch": {"/language": CODE},
    "OwnChannelIn": {"/address": "an address for notices, which is kept sealed"},
    "PaidIn": {"/reference": REFERENCE},
    "PartyIn": {"/name": NAME, "/public_label": NAME, "/region": NAME},
    "PartyPatch": {"/name": NAME, "/public_label": NAME, "/region": NAME},
    "PersonIn": {"/code": CODE, "/name": NAME},
    "PersonLimitIn": {"/person_code": CODE},
    "PersonPatch": {"/name": NAME},
    "PledgeIn": {"/source_code": REGISTER},
    "Profile": {"/cost_centre": SETUP, "/note": SETUP},
    "ProfileIn": {"/registration_number": REGISTER, "/zone": CODE},
    "ReceiptIn": {"/bank_reference": REFERENCE},
    "ReceiptPartIn": {"/reference": REFERENCE},
    "RecoveryIn": {"/reference": REFERENCE},
    "RefundIn": {"/reference": REFERENCE},
    "RegistrationCountryRule": {"/countries/*": CODE, "/regions/*": CODE},
    "ReleaseIn": {"/sum": "a sum as text, compared with the batch and not stored"},
    "ResultColumns": dict.fromkeys(
        ("/amount", "/paid_on", "/reason", "/reference", "/status", "/voucher"), SETUP
    ),
    "ResultReleaseIn": {"/indicators/*": CODE},
    "Results": {"/paid/*": SETUP, "/rejected/*": SETUP, "/waiting/*": SETUP},
    "SanctionsCheckIn": {
        "/lists": "names of published lists",
        "/names": "the names of parties that were looked up: what the check is of",
    },
    "SamePersonIn": {"/same_as_code": CODE},
    "SelectionIn": {"/call/*": CODE, "/country/*": CODE, "/grant/*": CODE, "/region/*": CODE},
    "AuditWorkbookIn": {"/call": CODE, "/donor": CODE, "/fund": CODE, "/grant": CODE},
    "StatementIn": {"/donor": CODE, "/fund": CODE},
    "TargetsIn": {
        f"/{name}/*": CODE
        for name in ("assistance", "country", "exploitation", "group", "p", "region", "sdg",
                     "side", "theme")
    },
    "TokenIn": {"/label": "what somebody calls a token of their own"},
    "UploadIn": {"/name": "a file's name: of evidence it is screened by the service of files"},
    "VoucherColumn": {"/literal": SETUP, "/name": SETUP},
    "VoucherProfileIn": {"/name": SETUP},
    "WouldBeAward": {"/key": "a key that the asker chooses, answered and not stored"},
}  # fmt: skip


def is_free(schema: Mapping[str, Any]) -> bool:
    """Return whether a string may be words about somebody."""
    if schema.get("type") != "string" or {"enum", "const", "format"} & schema.keys():
        return False
    longest = schema.get("maxLength", 1_000_000)
    pattern = re.compile(schema.get("pattern", ""))
    return longest >= SHORTEST and any(pattern.search(one[:longest]) for one in PLANTED)


def free_texts(document: Mapping[str, Any]) -> dict[tuple[str, str], bool]:
    """Return every free text that a body may hold, by schema and pointer: is it screened."""
    found: dict[tuple[str, str], bool] = {}
    for path, operations in document["paths"].items():
        for method in WRITES:
            body = operations.get(method, {}).get("requestBody", {})
            for one in body.get("content", {}).values():
                where = f"{method} {path}"
                for key, is_screened in _walk(document, one["schema"], where, "", frozenset()):
                    found[key] = found.get(key, True) and is_screened
    return found


def _walk(
    document: Mapping[str, Any], schema: Mapping[str, Any], where: str, at: str,
    above: frozenset[str], *, marked: bool = False,
) -> Iterator[tuple[tuple[str, str], bool]]:  # fmt: skip
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in above:
            inner = document["components"]["schemas"][name]
            yield from _walk(document, inner, name, "", above | {name})
        return
    marked = marked or MARK in schema
    if is_free(schema):
        yield (where, at), marked
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, ()):
            yield from _walk(document, one, where, at, above, marked=marked)
    for name, one in schema.get("properties", {}).items():
        yield from _walk(document, one, where, f"{at}/{name}", above)
    others = {"*": schema.get("items"), "{}": schema.get("additionalProperties")}
    for name, one in others.items():
        if isinstance(one, Mapping):
            yield from _walk(document, one, where, f"{at}/{name}", above)


def undecided(document: Mapping[str, Any]) -> list[str]:
    """Return the free texts that are neither screened nor exempt, and exempt ones that are not."""
    found = free_texts(document)
    exempt = {(name, at) for name, fields in EXEMPT.items() for at in fields}
    open_ones = [f"{name} {at}" for (name, at), done in found.items()
                 if not done and (name, at) not in exempt]  # fmt: skip
    idle = [f"{name} {at}: needs no exemption" for name, at in exempt
            if found.get((name, at), True)]  # fmt: skip
    return sorted(open_ones + idle)
