"""Numbers of identity documents: after the words that announce them, or by their own check digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fundops.screening.findings import Finding
from fundops.screening.page import Page

_CODE = re.compile(r"[A-Za-z0-9А-Яа-яء-ي](?:[./-]?[A-Za-z0-9А-Яа-яء-ي]){3,29}")
_DIGITS_APART = re.compile(r"(?:[A-ZА-Я]{1,3} ?)?[0-9]{1,9}(?: ?[ №-] ?[0-9]{1,9}[A-Za-z]?){0,6}")
_LINKS = 6
_STRANGE = 2
"""Words that nothing is known of between "passport" and its number: "lost", "numbered"."""
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def documents(page: Page) -> Iterator[Finding]:
    """Yield numbers of passports, identity cards and the like."""
    yield from _announced(page)
    for pattern, is_one in _SHAPES:
        for found in pattern.finditer(page.reading.text):
            if is_one(found[0]):
                yield page.finding("document_number", *found.span(), _item(found[0]))


def _item(code: str) -> str:
    return "".join(letter for letter in code.casefold() if letter.isalnum())


def _announced(page: Page) -> Iterator[Finding]:
    last = -1
    for at in sorted(page.begins):
        ends = [end for name, end in page.begins[at] if name == "document_cues"]
        if not ends or max(ends) <= last:
            continue
        last = max(ends)
        span = _code_after(page, last)
        if span is not None:
            code = page.reading.text[span[0] : span[1]]
            yield page.finding("document_number", *span, _item(code))


def _code_after(page: Page, at: int) -> tuple[int, int] | None:
    """Return the span of the code that follows, over a few words such as "number"."""
    tokens, strange = page.tokens, 0
    for step in range(_LINKS + 1):
        here = at + step
        if here >= len(tokens) or tokens[here].text == "\n" or page.has(here, "currencies"):
            return None
        span = _code_at(page, here)
        if span is not None:
            return span
        if not page.has(here, "document_links") and not page.has(here, "document_cues"):
            strange += 1
        if strange > _STRANGE or tokens[here].text in ".;!?" and not page.touches(here):
            return None
    return None


def _code_at(page: Page, at: int) -> tuple[int, int] | None:
    start = page.tokens[at].start
    for pattern in (_CODE, _DIGITS_APART):
        found = pattern.match(page.reading.text, start)
        if found is None or not _is_number(found[0]):
            continue
        if found[0].isdigit() and _is_counted(page, found.end()):
            continue
        return found.span()
    return None


def _is_number(code: str) -> bool:
    digits = sum(letter.isdigit() for letter in code)
    letters = sum(letter.isalpha() for letter in code)
    if letters > max(4, digits):
        return False
    if re.fullmatch(r"[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}", code):
        return False
    if re.fullmatch(r"(?:19|20)[0-9]{2}[-/](?:19|20)?[0-9]{2}", code):
        return False
    return digits >= 6 or (digits >= 5 and letters >= 1)


def _is_counted(page: Page, end: int) -> bool:
    """Return whether things are counted here: "identity cards: 120000 women"."""
    follows = page.reading.text[end : end + 1] == " "
    word = re.compile(r"[^\W\d_]+").match(page.reading.text, end + 1) if follows else None
    if word is None:
        return False
    at = page.token_at(word.start())
    return page.has(at, "counted") or page.has(at, "currencies")


def _is_dni(code: str) -> bool:
    digits = code[:-1].strip("-").upper()
    digits = digits.translate(str.maketrans("XYZ", "012"))
    return _DNI[int(digits) % 23] == code[-1].upper()


def _is_chinese(code: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, code[:17], strict=True))
    return "10X98765432"[total % 11] == code[17].upper()


def _is_cpf(code: str) -> bool:
    digits = [int(letter) for letter in code if letter.isdigit()]
    for length in (9, 10):
        total = sum((length + 1 - at) * digits[at] for at in range(length))
        if digits[length] != total * 10 % 11 % 10:
            return False
    return True


def _is_nir(code: str) -> bool:
    digits = "".join(letter for letter in code if letter.isdigit())
    return (97 - int(digits[:13]) % 97) == int(digits[13:])


def _is_so(_: str) -> bool:
    return True


_EDGE, _END = r"(?<![\w/.-])", r"(?![\w/-])"
_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(_EDGE + r"[0-9]{8}-?[A-HJ-NP-TV-Z]" + _END), _is_dni),
    (re.compile(_EDGE + r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]" + _END), _is_dni),
    (re.compile(r"(?<![0-9A-Za-z.])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])"), _is_chinese),
    (re.compile(_EDGE + r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}" + _END), _is_cpf),
    (re.compile(_EDGE + r"[12] ?[0-9]{2} ?[01][0-9] ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}" + _END),
     _is_nir),
    (re.compile(_EDGE + r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]" + _END), _is_so),  # CURP
    (re.compile(_EDGE + r"[0-9]{5}-[0-9]{7}-[0-9]" + _END), _is_so),  # CNIC
    (re.compile(_EDGE + r"[0-9]{3}-[0-9]{2}-[0-9]{4}" + _END), _is_so),  # SSN
    (re.compile(r"(?<![A-Z<])[PIVAC][A-Z<][A-Z]{3}[A-Z]{1,30}<<[A-Z<]{1,40}"), _is_so),  # MRZ
)  # fmt: skip
