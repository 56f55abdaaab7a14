"""PDF without authors, scripts and embedded files: written anew from what its pages refer to.

Earlier revisions, which an editor appends to and never removes, are dropped by that as well.
Runs in the child process.
"""

from __future__ import annotations

import io
from typing import Any

from fundops.files.clean_images import without_segments
from fundops.files.kinds import Refused
from fundops.files.limits import MAX_PAGES, MAX_PDF_OBJECTS
from fundops.pdf import dictionaries_in

_HARMLESS_ACTIONS = frozenset({"/GoTo", "/URI", "/Named"})
_ACTIONS = _HARMLESS_ACTIONS | {
    "/GoToR", "/GoToE", "/GoToDp", "/Launch", "/Thread", "/Sound", "/Movie", "/Hide",
    "/SubmitForm", "/ResetForm", "/ImportData", "/JavaScript", "/SetOCGState", "/Rendition",
    "/Trans", "/GoTo3DView", "/RichMediaExecute",
}  # fmt: skip
_NO_ANNOTATIONS = frozenset(
    {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/TrapNet"}
)
_SCRIPTS = ("/JS", "/AA", "/OpenAction")
_FILES = ("/EF", "/AF", "/EmbeddedFiles", "/Collection")
_AUTHORS = ("/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/SpiderInfo")
_TAKEN = (
    dict.fromkeys(_SCRIPTS, "scripts")
    | dict.fromkeys(_FILES, "embedded_files")
    | dict.fromkeys(_AUTHORS, "metadata")
)
_OF_ANNOTATIONS = ("/T", "/CreationDate", "/M", "/NM")


def rewritten(raw: bytes) -> tuple[bytes, list[str]]:
    """Return a PDF without what is not its pages, and what was taken out. Raises ``Refused``."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(raw), suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise Refused("encrypted")
            if len(pdf.objects) > MAX_PDF_OBJECTS or len(pdf.pages) > MAX_PAGES:
                raise Refused("too_many_parts", limit=MAX_PAGES)
            cleaned = _clean(pdf, pikepdf)
            target = io.BytesIO()
            pdf.save(
                target,
                deterministic_id=True,
                fix_metadata_version=False,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                compress_streams=True,
            )
    except pikepdf.PasswordError:
        raise Refused("encrypted") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError, RecursionError):
        raise Refused("damaged") from None
    return target.getvalue(), sorted(cleaned)


def _clean(pdf: Any, pikepdf: Any) -> set[str]:
    if len(pdf.pages) == 0:
        raise Refused("damaged")
    cleaned = _clean_root(pdf, pikepdf)
    for page in pdf.pages:
        cleaned |= _clean_annotations(page.obj, pikepdf)
    for one in pdf.objects:
        for held in dictionaries_in(one, pikepdf):
            cleaned |= _clean_dictionary(held, pikepdf)
        if isinstance(one, pikepdf.Stream):
            cleaned |= _clean_picture(one, pikepdf)
    return cleaned


def _clean_root(pdf: Any, pikepdf: Any) -> set[str]:
    """Take out what stands at the top of a document beside its pages."""
    cleaned: set[str] = set()
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
        cleaned.add("document_information")
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        for key in [key for key in names.keys() if key != "/Dests"]:  # noqa: SIM118 - no mapping
            cleaned.add("scripts" if key == "/JavaScript" else "embedded_files")
            del names[key]
    for key in ("/Perms", "/DSS", "/Legal", "/Extensions"):
        if key in pdf.Root:
            del pdf.Root[key]
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        del form["/XFA"]
        cleaned.add("scripts")
    return cleaned


def _clean_annotations(page: Any, pikepdf: Any) -> set[str]:
    """Drop annotations that play or carry files; take the authors out of the others."""
    annotations = page.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return set()
    cleaned: set[str] = set()
    kept = pikepdf.Array()
    for one in list(annotations):
        if not isinstance(one, pikepdf.Dictionary):
            continue
        if str(one.get("/Subtype", "")) in _NO_ANNOTATIONS:
            cleaned.add("embedded_files")
            continue
        if str(one.get("/Subtype", "")) != "/Widget":
            for key in _OF_ANNOTATIONS:
                if key in one:
                    del one[key]
                    cleaned.add("comment_authors")
        kept.append(one)
    page["/Annots"] = kept
    return cleaned


def _clean_dictionary(one: Any, pikepdf: Any) -> set[str]:
    cleaned: set[str] = set()
    for key, name in _TAKEN.items():
        if key in one:
            del one[key]
            cleaned.add(name)
    action = one.get("/S")
    if isinstance(action, pikepdf.Name) and str(action) in _ACTIONS:
        if str(action) not in _HARMLESS_ACTIONS:
            for key in list(one.keys()):
                del one[key]
            cleaned.add("scripts")
        elif "/Next" in one:
            del one["/Next"]
    if one.get("/Type") == pikepdf.Name("/Sig"):
        # It could not hold for what is written here; what it looks like on the page stays.
        for key in list(one.keys()):
            del one[key]
        cleaned.add("signatures")
    return cleaned


def _clean_picture(stream: Any, pikepdf: Any) -> set[str]:
    """Take the metadata out of a photograph on a page; its pixels stay as they are."""
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) == 1:
        filters = filters[0]
    if filters != pikepdf.Name("/DCTDecode"):
        return set()
    made, is_changed = without_segments(stream.read_raw_bytes())
    if not is_changed:
        return set()
    parameters = stream.get("/DecodeParms")
    stream.write(made, filter=pikepdf.Name("/DCTDecode"), decode_parms=parameters)
    return {"exif"}
