"""Photographs and scans without what they tell of their maker: pixels alone are kept.

``rewritten`` decodes an image and writes its pixels anew. ``without_segments`` takes the metadata
out of pictures inside documents and leaves their pixels as they are. Runs in the child process.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

from fundops.files.kinds import JPEG, Kind, Refused
from fundops.files.limits import MAX_PIXELS, MAX_SIDE

_QUALITY = 90
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"bKGD", b"pHYs",
     b"sBIT"}
)  # fmt: skip
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def rewritten(raw: bytes, kind: Kind) -> tuple[bytes, list[str]]:
    """Return an image with nothing but its pixels, the right way up, and what was taken out."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    wanted = "JPEG" if kind is JPEG else "PNG"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Any = Image.open(io.BytesIO(raw), formats=[wanted])
            width, height = image.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                raise Refused("too_many_pixels", limit=MAX_PIXELS // 1_000_000)
            if getattr(image, "n_frames", 1) > 1 and wanted == "PNG":
                raise Refused("animated")
            cleaned = _found(image)
            image.load()
            image = ImageOps.exif_transpose(image)
            transparency = image.info.get("transparency")
            image.info = {} if transparency is None else {"transparency": transparency}
            return _saved(image, wanted), sorted({*cleaned, "pixels_rewritten"})
    except Image.DecompressionBombError:
        raise Refused("too_many_pixels", limit=MAX_PIXELS // 1_000_000) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, EOFError):
        raise Refused("damaged") from None


def _found(image: Any) -> list[str]:
    """Return which metadata an image carries."""
    exif = image.getexif()
    found = []
    if exif:
        found.append("exif")
    if exif and exif.get_ifd(0x8825):
        found.append("gps")
    names = {
        "icc_profile": "colour_profile", "comment": "comment", "xmp": "xmp",
        "photoshop": "photoshop", "mp": "more_images",
    }  # fmt: skip
    found += [name for key, name in names.items() if image.info.get(key)]
    if getattr(image, "text", None):
        found.append("text")
    return found


def _saved(image: Any, wanted: str) -> bytes:
    target = io.BytesIO()
    if wanted == "JPEG":
        if image.mode not in {"L", "RGB"}:
            image = image.convert("RGB")
            image.info = {}
        image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    else:
        image.save(target, "PNG", optimize=False)
    return target.getvalue()


def without_segments(raw: bytes) -> tuple[bytes, bool]:
    """Return a JPEG or PNG without its metadata, else ``raw``, and whether anything went."""
    if raw.startswith(b"\xff\xd8\xff"):
        made = _jpeg_without(raw)
    elif raw.startswith(_PNG_HEAD):
        made = _png_without(raw)
    else:
        return raw, False
    return made, made != raw


def _jpeg_without(raw: bytes) -> bytes:
    """Copy the segments of a JPEG but for APP1 to APP13, APP15 and comments; end at its end."""
    kept, at = [raw[:2]], 2
    while at + 4 <= len(raw):
        if raw[at] != 0xFF:
            raise Refused("damaged")
        marker = raw[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            kept.append(raw[at : at + 2])
            return b"".join(kept)
        end = at + 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
        if marker == 0xDA:
            end = _end_of_scan(raw, end)
        is_metadata = 0xE1 <= marker <= 0xED or marker in {0xEF, 0xFE}
        if not is_metadata:
            kept.append(raw[at:end])
        at = end
    if raw[at : at + 2] == b"\xff\xd9":
        kept.append(b"\xff\xd9")
    return b"".join(kept)


def _end_of_scan(raw: bytes, at: int) -> int:
    """Return where the next segment begins after entropy-coded data from ``at``."""
    while True:
        at = raw.find(b"\xff", at)
        if at < 0 or at + 1 >= len(raw):
            return len(raw)
        if raw[at + 1] == 0 or 0xD0 <= raw[at + 1] <= 0xD7:
            at += 2
        else:
            return at


def _png_without(raw: bytes) -> bytes:
    kept, at = [_PNG_HEAD], len(_PNG_HEAD)
    while at + 12 <= len(raw):
        name = raw[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(raw[at : at + 4], "big")
        if end > len(raw):
            raise Refused("damaged")
        if name in _PNG_KEPT:
            kept.append(raw[at:end])
        if name == b"IEND":
            break
        at = end
    return b"".join(kept)
