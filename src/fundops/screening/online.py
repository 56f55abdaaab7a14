"""E-mail addresses and profiles on social networks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fundops.screening.findings import Finding
from fundops.screening.reading import Reading

_LOCAL, _HOST = 64, 255
_IN_LOCAL = frozenset("._%+-'")
_WRITTEN_OUT = re.compile(
    r"([\w.+-]{2,64}) ?[\[({] ?(?:at|arobase|arroba|собака|في) ?[\])}] ?"
    r"([\w-]{1,63}(?: ?(?:\.|[\[({] ?(?:dot|point|punto|точка) ?[\])}]) ?[\w-]{2,63}){1,4})",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?<![\w.@-])(?:https?://)?(?:www\.|m\.|web\.|[a-z]{2}-[a-z]{2}\.)?"
    r"(facebook\.com|fb\.com|fb\.me|m\.me|instagram\.com|t\.me|telegram\.me|tiktok\.com|"
    r"twitter\.com|x\.com|vk\.com|ok\.ru|linkedin\.com|wa\.me|snapchat\.com|threads\.net|"
    r"weibo\.com|discord\.gg|onlyfans\.com)/([^\s<>\"')\],;]{1,200})",
    re.IGNORECASE,
)
_NO_PERSON = (
    "groups/", "pages/", "events/", "hashtag/", "company/", "school/", "search", "share", "p/",
    "explore", "watch", "reel/", "sharer", "policies", "help", "privacy", "legal", "about",
)  # fmt: skip
_HANDLE = re.compile(r"(?<![\w@./])@([A-Za-z_][\w.]{2,40})")
_NAMED = re.compile(
    r"\b(facebook|instagram|insta|telegram|tiktok|snapchat|twitter|messenger|signal|wechat|weixin|"
    r"vkontakte|viber|imo|skype|فيسبوك|انستغرام|تيليجرام|微信)"
    r"(?: (?:id|user|username|account|handle|profile|compte|profil|cuenta|perfil|usuario))?"
    r" ?[:=] ?([\w.@-]{3,60})",
    re.IGNORECASE,
)
_ACCOUNT_SIGN = re.compile(r"[0-9_.@]")


def emails(reading: Reading) -> Iterator[Finding]:
    """Yield e-mail addresses, written plainly or with the sign spelled out."""
    text, at, least = reading.text, -1, 0
    while (at := text.find("@", at + 1)) >= 0:
        start = at
        while start > max(least, at - _LOCAL) and _is_local(text[start - 1]):
            start -= 1
        end = _host_end(text, at + 1)
        least = at + 1
        while start < at and not text[start].isalnum():
            start += 1
        if start == at or end == at + 1:
            continue
        least = end
        yield _finding(reading, "email", start, end, text[start:end].casefold())
    if "(" in text or "[" in text or "{" in text:
        for found in _WRITTEN_OUT.finditer(text):
            yield _finding(
                reading, "email", found.start(), found.end(),
                re.sub(r"\s", "", f"{found[1]}@{found[2]}").casefold(),
            )  # fmt: skip


def _is_local(letter: str) -> bool:
    return letter.isalnum() or letter in _IN_LOCAL


def _host_end(text: str, start: int) -> int:
    """Return where a host's name that begins at ``start`` ends; ``start`` if none does."""
    end, dots = start, 0
    while end < min(len(text), start + _HOST) and (text[end].isalnum() or text[end] in ".-"):
        dots += text[end] == "."
        end += 1
    while end > start and text[end - 1] in ".-":
        dots -= text[end - 1] == "."
        end -= 1
    label = text[start:end].rpartition(".")[2]
    return end if dots > 0 and len(label) >= 2 and label.isalpha() else start


def profiles(reading: Reading) -> Iterator[Finding]:
    """Yield links to profiles, and names of accounts introduced by ``@`` or by the network."""
    for found in _LINK.finditer(reading.text):
        path = found[2].rstrip(".").casefold()
        is_person = not path.startswith(_NO_PERSON)
        if found[1].casefold() == "linkedin.com":
            is_person = path.startswith("in/")
        if is_person and any(letter.isalnum() for letter in path):
            item = f"{found[1].casefold()}/{path}"
            yield _finding(reading, "profile", found.start(), found.end(), item)
    for found in _HANDLE.finditer(reading.text):
        if reading.after(found.end()) != "@":
            end = found.end() - (len(found[0]) - len(found[0].rstrip(".")))
            yield _finding(reading, "profile", found.start(), end, found[1].rstrip(".").casefold())
    for found in _NAMED.finditer(reading.text):
        name = found[2].strip(".@-")
        is_link = name.casefold().startswith(("http", "www."))
        if not is_link and _ACCOUNT_SIGN.search(found[2]) and any(map(str.isalpha, name)):
            end = found.start(2) + len(found[2].rstrip(".-"))
            yield _finding(reading, "profile", found.start(2), end, name.casefold())


def _finding(reading: Reading, kind: str, start: int, end: int, item: str) -> Finding:
    return Finding(kind, *reading.source(start, end), item)
