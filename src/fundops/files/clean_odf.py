"""OpenDocument texts and sheets without their makers: of their parts, only content, styles and
pictures are kept; tracked changes are accepted, authors are taken out. Runs in the child process.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from fundops.files.clean_images import without_segments
from fundops.files.containers import drop, local, packed, parsed, parts_of, serialised
from fundops.files.kinds import BY_MEDIA_TYPE, Refused

MANIFEST = "META-INF/manifest.xml"
_KEPT = re.compile(
    r"mimetype|META-INF/manifest\.xml|(?:[^/]+/)?(?:content|styles)\.xml|"
    r"Pictures/[^/]+|(?:[^/]+/)?Fonts/[^/]+|ObjectReplacements/[^/]+"
)
_PICTURES = ("png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf", "svm", "svg", "")
_MACROS = re.compile(r"(Basic|Scripts|Dialogs)/.", re.I)
_LEFT_OUT = {
    "meta.xml": "document_properties",
    "Thumbnails/": "thumbnail",
    "settings.xml": "printer_settings",
    "META-INF/documentsignatures.xml": "signatures",
}
_DROPPED = {
    "tracked-changes": "tracked_changes",
    "change": "tracked_changes",
    "change-start": "tracked_changes",
    "change-end": "tracked_changes",
    "event-listeners": "scripts",
    "dde-connection-decls": "external_links",
    "dde-connection-decl": "external_links",
    "forms": "scripts",
}
_EMPTIED = frozenset(
    {"creator", "creator-initials", "date", "date-string", "sender-initials", "author-name",
     "author-initials", "initial-creator", "editing-duration", "print-date", "printed-by"}
)  # fmt: skip
_AUTHORED = re.compile(r"(:dc:|purl\.org/dc|xmlns:(text|meta)|loext|office/ext)")
_PUBLIC = frozenset({"http", "https", "mailto"})
NOWHERE = "about:blank"


def rewritten(raw: bytes) -> tuple[bytes, list[str]]:
    """Return a document without its maker, and what was taken out. Raises ``Refused``."""
    parts = parts_of(raw)
    if MANIFEST not in parts or "content.xml" not in parts:
        raise Refused("damaged")
    if b"encryption-data" in parts[MANIFEST]:
        raise Refused("encrypted")
    if any(_MACROS.match(name) and not name.endswith("-lc.xml") for name in parts):
        raise Refused("macros")
    said = parts["mimetype"].strip()
    cleaned = {
        name
        for start, name in _LEFT_OUT.items()
        if any(part.startswith(start) or part.endswith(f"/{start}") for part in parts)
    }
    kept = {name: content for name, content in parts.items() if _KEPT.fullmatch(name)}
    kept["mimetype"] = BY_MEDIA_TYPE[said.decode("ascii")].media_type.encode()
    for name in list(kept):
        kept[name] = _clean_part(name, kept[name], cleaned)
    kept[MANIFEST] = _manifest(parts[MANIFEST], kept)
    return packed(kept, "mimetype", is_stored=True), sorted(cleaned)


def _clean_part(name: str, content: bytes, cleaned: set[str]) -> bytes:
    if name in {"mimetype", MANIFEST}:
        return content
    if not name.endswith(".xml"):
        ending = name.rpartition("/")[2].rpartition(".")
        if name.startswith("Pictures/") and ending[1] and ending[2].lower() not in _PICTURES:
            raise Refused("embedded_object")
        made, is_changed = without_segments(content)
        if is_changed:
            cleaned.add("exif")
        return made
    root = parsed(content)
    _clean_tree(root, cleaned)
    return serialised(root)


def _clean_tree(root: Any, cleaned: set[str]) -> None:
    for one in list(root.iter()):
        name, parent = local(one), one.getparent()
        if name == "script" and parent is not None and local(parent) == "scripts":
            raise Refused("macros")
        if name in {"object-ole", "applet", "plugin", "floating-frame"}:
            raise Refused("embedded_object")
        if name in _DROPPED and parent is not None:
            drop(one)
            cleaned.add(_DROPPED[name])
        elif name in _EMPTIED and _AUTHORED.search(one.tag) and (one.text or len(one)):
            for child in list(one):
                one.remove(child)
            one.text = None
            cleaned.add("comment_authors")
        _check_address(one, cleaned)


def _check_address(one: Any, cleaned: set[str]) -> None:
    """Let an element lead to a public page, or to a part of the document; nowhere else."""
    for key in list(one.keys()):
        if local(key) != "href":
            continue
        target = one.get(key)
        if target.startswith("#") or target == NOWHERE:
            continue
        scheme = urlsplit(target).scheme.lower() if "\\" not in target else "file"
        inside = not scheme and not target.startswith(("/", "..")) and "/../" not in target
        if inside or (local(one) == "a" and scheme in _PUBLIC):
            continue
        one.set(key, NOWHERE)
        cleaned.add("external_links")


def _manifest(content: bytes, kept: dict[str, bytes]) -> bytes:
    """Return the list of parts, of the kept ones alone."""
    root = parsed(content)
    for one in list(root):
        path = next((value for key, value in one.items() if local(key) == "full-path"), "")
        folder = path.endswith("/") and any(name.startswith(path) for name in kept)
        if path != "/" and not folder and path not in kept:
            root.remove(one)
    return serialised(root)
