"""Which areas of the UN's M49 standard contain a country, on a given day.

Geographic areas nest (Kenya lies in 014 Eastern Africa, 202 Sub-Saharan Africa and 002 Africa).
The development groups do not: 199 least developed countries, 432 landlocked developing countries,
722 small island developing States. Membership of 199 ends on the day of graduation; of 722 only
States are listed, not territories. A country absent here lies in no area, so money for a region
cannot go there, which is the reading that is safe for the donor.
"""

from __future__ import annotations

from datetime import date
from functools import cache

_SMALLEST = {
    "010": "AQ",
    "015": "DZ EG EH LY MA SD TN",
    "014": "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    "017": "AO CD CF CG CM GA GQ ST TD",
    "018": "BW LS NA SZ ZA",
    "011": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "029": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    "013": "BZ CR GT HN MX NI PA SV",
    "005": "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
    "021": "BM CA GL PM US",
    "143": "KG KZ TJ TM UZ",
    "030": "CN HK JP KP KR MN MO TW",
    "035": "BN ID KH LA MM MY PH SG TH TL VN",
    "034": "AF BD BT IN IR LK MV NP PK",
    "145": "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE",
    "151": "BG BY CZ HU MD PL RO RU SK UA",
    "154": "AX DK EE FI FO GB IE IM IS LT LV NO SE SJ",
    "830": "GG JE",
    "039": "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK",
    "155": "AT BE CH DE FR LI LU MC NL",
    "053": "AU CC CX HM NF NZ",
    "054": "FJ NC PG SB VU",
    "057": "FM GU KI MH MP NR PW UM",
    "061": "AS CK NU PF PN TK TO TV WF WS",
}
_WITHIN = {
    "015": "002",
    "014": "202 002",
    "017": "202 002",
    "018": "202 002",
    "011": "202 002",
    "202": "002",
    "029": "419 003 019",
    "013": "419 003 019",
    "005": "419 019",
    "419": "019",
    "021": "003 019",
    "003": "019",
    "143": "142",
    "030": "142",
    "035": "142",
    "034": "142",
    "145": "142",
    "151": "150",
    "154": "150",
    "830": "154 150",
    "039": "150",
    "155": "150",
    "053": "009",
    "054": "009",
    "057": "009",
    "061": "009",
}
_GROUPS = {
    "199": (
        "AF AO BD BF BI BJ BT CD CF DJ ER ET GM GN GW HT KH KI KM LA LR LS MG ML MM MR MW MZ NE NP"
        " RW SB SD SL SN SO SS ST TD TG TL TV TZ UG VU YE ZM"
    ),
    "432": (
        "AF AM AZ BF BI BO BT BW CF ET KG KZ LA LS MD MK ML MN MW NE NP PY RW SS SZ TD TJ TM UG UZ"
        " ZM ZW"
    ),
    "722": (
        "AG BB BS BZ CK CU CV DM DO FJ FM GD GW GY HT JM KI KM KN LC MH MU MV NR NU PG PW SB SC SG"
        " SR ST TL TO TT TV VC VU WS"
    ),
}
_GRADUATES_ON = {
    "VU": date(2020, 12, 4),
    "BT": date(2023, 12, 13),
    "ST": date(2024, 12, 13),
    "BD": date(2026, 11, 24),
    "LA": date(2026, 11, 24),
    "NP": date(2026, 11, 24),
    "SB": date(2027, 12, 13),
    "KH": date(2029, 12, 19),
    "SN": date(2029, 12, 19),
}
"""The day from which a country is no longer among the least developed, where it is settled."""

AREAS = frozenset({*_SMALLEST, *_WITHIN, *_GROUPS, "002", "009", "019", "142", "150"})
"""Every area known here."""


@cache
def _areas_by_country() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for area, countries in _SMALLEST.items():
        for country in countries.split():
            found.setdefault(country, set()).update(areas_around(area))
    for group, countries in _GROUPS.items():
        for country in countries.split():
            found[country].add(group)
    return {country: frozenset(areas) for country, areas in found.items()}


def areas_around(area: str) -> frozenset[str]:
    """Return ``area`` and every area that contains it; empty for an unknown code."""
    if area not in AREAS:
        return frozenset()
    return frozenset({area, *_WITHIN.get(area, "").split()})


def areas_of(country: str | None, area: str | None, on: date) -> frozenset[str]:
    """Return the areas that contain a grant's country or its stated area, on a given day."""
    found = set(areas_around(area)) if area else set()
    if country:
        found |= _areas_by_country().get(country, frozenset())
        if country in _GRADUATES_ON and on >= _GRADUATES_ON[country]:
            found.discard("199")
    return frozenset(found)
