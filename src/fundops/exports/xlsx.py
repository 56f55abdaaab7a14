"""The zip container, streamed: no seek, 32-bit data descriptors, the same bytes every time.

Every entry carries the zip format's first day as its time. Sizes follow each entry's data, so
the sink may be a socket. Records of the 64-bit kind are never written, as LibreOffice refuses
them there; a part that would need one is an error.

Compression is the standard library's zlib at level 1. The faster igzip was tried and gives
different bytes on x86-64 and on ARM for the same input, which would break "same question, same
bytes" between two machines of one office.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

MAX_PART = 0xFFFF_FFFE
MAX_ENTRIES = 0xFFFE
LEVEL = 1

_VERSION = 20
_STREAMED = 0x0008
_DEFLATED = 8
_MIDNIGHT = 0
_FIRST_DAY = (1980 - 1980) << 9 | 1 << 5 | 1


class WorkbookTooLarge(ValueError):
    """A workbook that the 32-bit zip format cannot hold."""


class ZipStream:
    """Writes entries one after another; every method yields the bytes to pass on."""

    def __init__(self) -> None:
        self._offset = 0
        self._directory: list[bytes] = []

    def entry(self, name: str, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield one entry, compressed as ``content`` arrives.

        Raises ``WorkbookTooLarge`` when sizes or positions leave 32 bits.
        """
        path = name.encode("ascii")
        start = self._offset
        header = struct.pack(
            "<4s5H3I2H", b"PK\x03\x04", _VERSION, _STREAMED, _DEFLATED, _MIDNIGHT, _FIRST_DAY,
            0, 0, 0, len(path), 0,
        )  # fmt: skip
        yield self._sent(header + path)
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        check = size = packed = 0
        for piece in content:
            check = zlib.crc32(piece, check)
            size += len(piece)
            data = compressor.compress(piece)
            if data:
                packed += len(data)
                yield self._sent(data)
            if size > MAX_PART or packed > MAX_PART:
                raise WorkbookTooLarge(f"{name} is larger than 4 GiB")
        data = compressor.flush()
        packed += len(data)
        sizes = struct.pack("<3I", check, packed, size)
        yield self._sent(data + b"PK\x07\x08" + sizes)
        self._directory.append(
            struct.pack("<4s6H", b"PK\x01\x02", _VERSION, _VERSION, _STREAMED, _DEFLATED,
                        _MIDNIGHT, _FIRST_DAY)
            + sizes
            + struct.pack("<5H2I", len(path), 0, 0, 0, 0, 0, start)
            + path
        )  # fmt: skip

    def close(self) -> bytes:
        """Return the central directory, which ends the file."""
        directory = b"".join(self._directory)
        count = len(self._directory)
        if count > MAX_ENTRIES or self._offset + len(directory) > MAX_PART:
            raise WorkbookTooLarge("the workbook is larger than 4 GiB")
        end = struct.pack(
            "<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), self._offset, 0
        )
        return self._sent(directory + end)

    def _sent(self, data: bytes) -> bytes:
        self._offset += len(data)
        if self._offset > MAX_PART:
            raise WorkbookTooLarge("the workbook is larger than 4 GiB")
        return data
