"""The zip files that office documents are: looked through before anything reads them, and written
anew, without names, times or notes of their maker. Runs in the child process.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Mapping
from typing import Any

from fundops.files.kinds import TEST_VIRUS, Refused, zip_entries
from fundops.files.limits import BOUNDS, MARKUP_BYTES
from fundops.forms import prescan

MARKUP = (".xml", ".rels")
_NAME = re.compile(r"[^/\\:\x00-\x1f]+(?:/[^/\\:\x00-\x1f]+)*/?")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_CODES = {"dtd": "markup", "encoding": "markup"}


def parts_of(raw: bytes) -> dict[str, bytes]:
    """Return every part of an archive by name, unpacked within the bounds. Raises ``Refused``."""
    if zip_entries(raw) > BOUNDS.parts:
        raise Refused("too_many_parts", limit=BOUNDS.parts)
    try:
        prescan.check(raw, BOUNDS)
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            _check_names(infos)
            found = {one.filename: archive.read(one) for one in infos if not one.is_dir()}
    except prescan.Refused as refusal:
        code = str(refusal.args[0]).removeprefix("xlsx_")
        raise Refused(_CODES.get(code, code), **refusal.args[1]) from None
    except prescan.DAMAGED:
        raise Refused("damaged") from None
    for name, content in found.items():
        if TEST_VIRUS in content:
            raise Refused("test_virus")
        if name.lower().endswith(MARKUP) and len(content) > MARKUP_BYTES:
            raise Refused("too_large", limit=MARKUP_BYTES // 2**20)
    return found


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse names that lead out of the archive, links, and names that differ in case only."""
    for one in infos:
        parts = one.filename.split("/")
        leads_out = one.filename.startswith("/") or ".." in parts or "." in parts
        if leads_out or not _NAME.fullmatch(one.filename):
            raise Refused("bad_names")
        if stat.S_ISLNK(one.external_attr >> 16):
            raise Refused("bad_names")
        if one.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Refused("damaged")
    if len({one.filename.lower() for one in infos}) != len(infos):
        raise Refused("bad_names")


def packed(parts: Mapping[str, bytes], first: str, *, is_stored: bool = False) -> bytes:
    """Return an archive of ``parts``, ``first`` at its head, the same bytes for the same parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in (first, *sorted(parts.keys() - {first})):
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.create_system = 0
            is_plain = is_stored and name == first
            info.compress_type = zipfile.ZIP_STORED if is_plain else zipfile.ZIP_DEFLATED
            archive.writestr(info, parts[name])
    return target.getvalue()


def parsed(markup: bytes) -> Any:
    """Return the root of a part of markup; comments and instructions in it are left out.

    Nothing is fetched, no entity is put in place. Raises ``Refused``.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
        remove_pis=True, huge_tree=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(markup, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("damaged") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("markup")
    return root


def serialised(root: Any) -> bytes:
    """Return the markup of ``root``, as office programs write it."""
    from lxml import etree

    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return made


def local(one: Any) -> str:
    """Return the name of an element, or of an attribute, without its namespace."""
    name = one if isinstance(one, str) else one.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def drop(one: Any) -> None:
    """Take an element out of its parent, with all that is in it; the text after it stays."""
    parent = one.getparent()
    if one.tail:
        before = one.getprevious()
        if before is None:
            parent.text = (parent.text or "") + one.tail
        else:
            before.tail = (before.tail or "") + one.tail
    parent.remove(one)


def unwrap(one: Any) -> None:
    """Put what is in an element in its place."""
    parent = one.getparent()
    at = parent.index(one)
    children = list(one)
    if one.text:
        before = one.getprevious()
        if before is None:
            parent.text = (parent.text or "") + one.text
        else:
            before.tail = (before.tail or "") + one.text
    if one.tail:
        if children:
            children[-1].tail = (children[-1].tail or "") + one.tail
        else:
            before = one.getprevious()
            if before is None:
                parent.text = (parent.text or "") + one.tail
            else:
                before.tail = (before.tail or "") + one.tail
    one.tail = None
    parent.remove(one)
    for number, child in enumerate(children):
        parent.insert(at + number, child)
