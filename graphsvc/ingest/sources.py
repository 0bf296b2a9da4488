"""Opens input files, plain or gzipped, and reads their lines one by one with their numbers."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from graphsvc.errors import InvalidInputError

MAX_LINE_BYTES = 16 * 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BUFFER_BYTES = 2**20


class Fault(NamedTuple):
    """What is wrong with a row that can't be read."""

    field: str | None
    reason: str


class Line(NamedTuple):
    """One line without its end; `fault` says why its text can't be used."""

    number: int
    text: str
    fault: Fault | None


class SourceFile:
    """An input file open for reading; knows how far into it the reader is.

    Raises:
        InvalidInputError: the file can't be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._raw = path.open("rb")
            self.size = path.stat().st_size
            self.is_gzipped = self._raw.read(2) == _GZIP_MAGIC
            self._raw.seek(0)
        except OSError as error:
            raise InvalidInputError(f"{path}: can't be read: {error.strerror}") from error
        self.path = path

    def position(self) -> int:
        """Return how many bytes of the file, as it lies on the disk, have been read."""
        return min(self._raw.tell(), self.size)

    def open_binary(self) -> BinaryIO:
        """Return the content, unpacked, as a stream."""
        if not self.is_gzipped:
            return self._raw
        return io.BufferedReader(_Unpacked(self._raw), _BUFFER_BYTES)

    def lines(self) -> Iterator[Line]:
        """Return the lines. Bytes that aren't UTF-8 and damaged compression are faults of a line.

        Nothing follows a line at which the compressed data are damaged.
        """
        stream = self.open_binary()
        number = 0
        while True:
            number += 1
            try:
                data = stream.readline(MAX_LINE_BYTES)
                if len(data) == MAX_LINE_BYTES and not data.endswith(b"\n"):
                    yield Line(number, _legible(data[:4_000]), _skip_rest_of_line(stream))
                    continue
            except (OSError, EOFError, zlib.error) as error:
                yield Line(number, "", Fault(None, f"the file can't be read from here on: {error}"))
                return
            if not data:
                return
            if number == 1 and data.startswith(_BYTE_ORDER_MARK):
                data = data[len(_BYTE_ORDER_MARK) :]
            try:
                yield Line(number, data.decode().rstrip("\r\n"), None)
            except UnicodeDecodeError as error:
                fault = Fault(
                    None,
                    f"byte {error.start + 1} of the line, 0x{data[error.start]:02x}, "
                    "is not valid UTF-8",
                )
                yield Line(number, _legible(data), fault)

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


class _Unpacked(io.RawIOBase):
    """The content of a gzipped stream, given piecewise: what precedes damage is not lost to it."""

    def __init__(self, packed: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(fileobj=packed, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._gzip.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _skip_rest_of_line(stream: BinaryIO) -> Fault:
    while (data := stream.readline(MAX_LINE_BYTES)) and not data.endswith(b"\n"):
        pass
    return Fault(None, f"the line is longer than {MAX_LINE_BYTES:,} bytes")


def _legible(data: bytes) -> str:
    return data.decode(errors="backslashreplace").rstrip("\r\n")
