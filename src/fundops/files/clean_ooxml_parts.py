"""What stands inside the parts of Word documents and Excel workbooks that tells who made them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fundops.files.containers import drop, local, unwrap
from fundops.files.kinds import Refused

ANYBODY = "Author"

_DELETED = frozenset({"del", "moveFrom", "cellDel"})
_INSERTED = frozenset({"ins", "moveTo"})
_MARKS = frozenset({"rPr", "trPr", "tcPr", "numPr", "ctrlPr"})
"""In these, an insertion or deletion is a mark on what they are properties of."""

_RANGES = re.compile(
    r"(moveFrom|moveTo|customXmlIns|customXmlDel|customXmlMoveFrom|customXmlMoveTo)Range(Start|End)"
)
_CHANGE = re.compile(
    r"(rPr|pPr|sectPr|tblPr|tblPrEx|trPr|tcPr|tblGrid|numbering)Change|cellIns|cellMerge"
)
_SETTINGS = frozenset(
    {"rsids", "attachedTemplate", "docVars", "mailMerge", "saveThroughXslt", "trackRevisions"}
)
_BOOK = frozenset({"fileSharing", "absPath", "customProperties", "fileRecoveryPr"})
_DYNAMIC = re.compile(r"^\s*(DDE|DDEAUTO)\b", re.I)
_WORD = "/wordprocessingml/"
_SHEET = "/spreadsheetml/"
_DOMAINS = re.compile(r"(microsoft\.com/office/(word|excel|spreadsheetml)|spreadsheetml|wordproc)")


def clean(root: Any) -> set[str]:
    """Take authors, changes and traces of machines out of one part; return what was found."""
    cleaned: set[str] = set()
    _refuse_dynamic(root)
    for step in (_accept_changes, _settings, _authors, _book):
        cleaned |= step(root)
    return cleaned


def _refuse_dynamic(root: Any) -> None:
    """Refuse what asks other programs for data when the document is opened."""
    for one in root.iter():
        name = local(one)
        if name == "ddeLink" or (name == "instrText" and _DYNAMIC.match(one.text or "")):
            raise Refused("external_data")
        if name == "fldSimple" and any(_DYNAMIC.match(value) for value in one.values()):
            raise Refused("external_data")


def _space(one: Any) -> str:
    return one.tag[1:].partition("}")[0] if isinstance(one.tag, str) and "}" in one.tag else ""


def _accept_changes(root: Any) -> set[str]:
    """Make a document what it is with every tracked change accepted."""
    cleaned: set[str] = set()
    for one in list(root.iter()):
        if _WORD not in _space(one) or one.getparent() is None:
            continue
        step = _change_step(local(one), local(one.getparent()))
        if step is not None:
            step(one)
            cleaned.add("tracked_changes")
    return cleaned


def _change_step(name: str, parent: str) -> Callable[[Any], None] | None:
    if _RANGES.fullmatch(name) or _CHANGE.fullmatch(name):
        return drop
    if name in _DELETED:
        return _drop_row if parent == "trPr" else drop
    if name in _INSERTED:
        return drop if parent in _MARKS else unwrap
    return None


def _drop_row(mark: Any) -> None:
    """Drop the table row that a mark in its properties says was deleted."""
    row = mark.getparent().getparent()
    if row is not None and local(row) == "tr" and row.getparent() is not None:
        drop(row)


def _settings(root: Any) -> set[str]:
    cleaned: set[str] = set()
    for one in list(root.iter()):
        if local(one) in _SETTINGS and _WORD in _space(one) and one.getparent() is not None:
            drop(one)
            cleaned.add("document_properties")
    return cleaned


def _authors(root: Any) -> set[str]:
    """Take who, when and in which sitting out of the attributes of every element."""
    cleaned: set[str] = set()
    for one in root.iter():
        for key in list(one.keys()):
            name = local(key)
            if _WORD in key and name.startswith("rsid"):
                del one.attrib[key]
            elif _WORD in key and name == "author":
                if one.get(key) != ANYBODY:
                    one.set(key, ANYBODY)
                    cleaned.add("comment_authors")
            elif _WORD in key and name in {"initials", "date"}:
                del one.attrib[key]
            elif name == "refreshedBy":
                del one.attrib[key]
                cleaned.add("comment_authors")
    return cleaned


def _book(root: Any) -> set[str]:
    """Take names and paths out of the parts of a workbook."""
    cleaned: set[str] = set()
    for one in list(root.iter()):
        name, parent = local(one), one.getparent()
        if not _DOMAINS.search(_space(one)) or parent is None:
            continue
        if name in _BOOK:
            drop(_alternative(one))
            cleaned.add("document_properties")
        elif name == "author" and local(parent) == "authors" and one.text != ANYBODY:
            _forget_author(root, one)
            cleaned.add("comment_authors")
        elif name == "person":
            for key, value in (("displayName", ANYBODY), ("userId", ""), ("providerId", "None")):
                if one.get(key, value) != value:
                    one.set(key, value)
                    cleaned.add("comment_authors")
        elif name in {"pageSetup", "legacyDrawingHF"}:
            _forget_printer(one)
    return cleaned


def _alternative(one: Any) -> Any:
    """Return the choice between versions that holds nothing but ``one``, or ``one`` itself."""
    choice = one.getparent()
    outer = None if choice is None else choice.getparent()
    if outer is None or outer.getparent() is None or len(choice) != 1:
        return one
    return outer if local(outer) == "AlternateContent" else one


def _forget_author(root: Any, author: Any) -> None:
    """Blank one author of a sheet's comments, also where the name was written before a text."""
    name, author.text = (author.text or "").strip(), ANYBODY
    if not name:
        return
    for one in root.iter():
        if local(one) == "t" and (one.text or "").strip() in {name, f"{name}:"}:
            one.text = ""


def _forget_printer(one: Any) -> None:
    """Take out the reference to the settings of a printer, which are left out."""
    if local(one) != "pageSetup":
        return
    for key in list(one.keys()):
        if local(key) == "id" and "relationships" in key:
            del one.attrib[key]
