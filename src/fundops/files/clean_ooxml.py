"""Word documents and Excel workbooks without their makers: only parts that the document itself
refers to are kept, tracked changes are accepted, and who changed or commented what is taken out.

Runs in the child process.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from fundops.files import clean_ooxml_parts as own
from fundops.files.clean_images import without_segments
from fundops.files.containers import MARKUP, local, packed, parsed, parts_of, serialised
from fundops.files.kinds import Refused, office_kind
from fundops.files.limits import MAX_NESTING

TYPES = "[Content_Types].xml"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_LEFT_OUT = {
    "customXml": "custom_markup",
    "customXmlProps": "custom_markup",
    "customProperty": "custom_markup",
    "printerSettings": "printer_settings",
    "people": "comment_authors",
    "commentsIds": "comment_authors",
    "commentsExtensible": "comment_authors",
    "attachedTemplate": "external_links",
    "keyMapCustomizations": "custom_markup",
    "revisionHeaders": "tracked_changes",
    "usernames": "tracked_changes",
    "recipientData": "external_links",
    "mailMergeSource": "external_links",
    "mailMergeHeaderSource": "external_links",
    "calcChain": "",  # made again by whoever opens the workbook
}
"""Ends of the types of relations whose parts are left out, and what that is called."""

_REFUSED = {
    "vbaProject": "macros",
    "wordVbaData": "macros",
    "xlMacrosheet": "macros",
    "xlIntlMacrosheet": "macros",
    "attachedToolbars": "macros",
    "ctrlProp": "embedded_object",
    "control": "embedded_object",
    "activeXControlBinary": "embedded_object",
    "oleObject": "embedded_object",
    "afChunk": "embedded_object",
    "subDocument": "embedded_object",
    "connections": "external_data",
    "queryTable": "external_data",
    "ui/extensibility": "macros",
}
_KEPT_ENDINGS = frozenset(
    {"xml", "rels", "vml", "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf",
     "odttf", "ttf", "docx", "xlsx"}
)  # fmt: skip
_PUBLIC = frozenset({"http", "https", "mailto"})
NOWHERE = "about:blank"


def rewritten(raw: bytes, depth: int = 0) -> tuple[bytes, list[str]]:
    """Return a document without its maker, and what was taken out. Raises ``Refused``."""
    parts = parts_of(raw)
    if TYPES not in parts or "_rels/.rels" not in parts:
        raise Refused("damaged")
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise Refused("macros")
    if depth == 0:
        office_kind(parts[TYPES])
    cleaned: set[str] = set()
    if any(name.startswith("docProps/") for name in parts):
        cleaned.add("document_properties")
    kept: dict[str, bytes] = {}
    _keep_reachable(parts, kept, cleaned)
    for name in list(kept):
        kept[name] = _clean_part(name, kept[name], depth, cleaned)
    kept[TYPES] = _types(parts[TYPES], kept)
    return packed(kept, TYPES), sorted(cleaned)


def relations_of(name: str) -> str:
    """Return where the relations of the part ``name`` stand; of the package itself for ``""``."""
    folder, _, last = name.rpartition("/")
    return f"{folder}/_rels/{last}.rels" if folder else f"_rels/{last}.rels"


def _keep_reachable(parts: dict[str, bytes], kept: dict[str, bytes], cleaned: set[str]) -> None:
    """Fill ``kept`` with the main part and all that it leads to, with their relations."""
    waiting = [""]
    seen = {""}
    while waiting:
        source = waiting.pop()
        place = relations_of(source)
        if place not in parts:
            continue
        root = parsed(parts[place])
        for relation in list(root):
            target = _judged(source, relation, cleaned)
            if target is None:
                root.remove(relation)
            elif target and target not in parts:
                raise Refused("damaged")
            elif target and target not in seen:
                seen.add(target)
                kept[target] = parts[target]
                waiting.append(target)
        kept[place] = serialised(root)


def _judged(source: str, relation: Any, cleaned: set[str]) -> str | None:
    """Return the part a relation leads to, ``""`` for an address outside, ``None`` to drop it."""
    if local(relation) != "Relationship" or relation.tag != f"{{{_RELATIONS}}}Relationship":
        raise Refused("damaged")
    kind = relation.get("Type", "")
    last = kind.rpartition("/")[2]
    for end, code in _REFUSED.items():
        if kind.endswith(f"/{end}"):
            raise Refused(code)
    if source == "" and last != "officeDocument":
        return None
    if last in _LEFT_OUT or last.startswith("commentsIds"):
        if _LEFT_OUT.get(last):
            cleaned.add(_LEFT_OUT[last])
        return None
    target = relation.get("Target", "")
    if relation.get("TargetMode") == "External":
        scheme = urlsplit(target).scheme.lower() if _is_plain(target) else ""
        if target != NOWHERE and (last != "hyperlink" or scheme not in _PUBLIC):
            relation.set("Target", NOWHERE)
            cleaned.add("external_links")
        return ""
    if target.startswith("#"):
        return ""
    base = posixpath.dirname(source)
    found = posixpath.normpath(posixpath.join("/" + base, unquote(target)))
    return found.lstrip("/")


def _is_plain(address: str) -> bool:
    return re.fullmatch(r"[!-~]+", address) is not None and "\\" not in address


def _clean_part(name: str, content: bytes, depth: int, cleaned: set[str]) -> bytes:
    ending = name.rpartition(".")[2].lower()
    if ending not in _KEPT_ENDINGS:
        raise Refused("embedded_object")
    if ending in {"docx", "xlsx"}:
        if depth + 1 >= MAX_NESTING:
            raise Refused("embedded_object")
        made, found = rewritten(content, depth + 1)
        cleaned.update(found)
        return made
    if ending in {"png", "jpg", "jpeg"}:
        made, is_changed = without_segments(content)
        if is_changed:
            cleaned.add("exif")
        return made
    if name.endswith(".rels") or not name.endswith(MARKUP):
        return content
    root = parsed(content)
    cleaned |= own.clean(root)
    return serialised(root)


def _types(content: bytes, kept: dict[str, bytes]) -> bytes:
    """Return the list of content types, of the kept parts alone."""
    root = parsed(content)
    for one in list(_children(root)):
        part = one.get("PartName")
        if part is not None and part.lstrip("/") not in kept:
            root.remove(one)
    return serialised(root)


def _children(root: Any) -> Iterator[Any]:
    yield from root
