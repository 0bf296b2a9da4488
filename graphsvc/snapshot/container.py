"""The file format: named arrays behind a JSON header, each with its checksum.

Layout: 8 bytes magic, header length (uint64, little-endian), header CRC-32 (uint32), header JSON,
then each array at a multiple of 64 bytes. An array whose elements are all equal is stored as that
one element. A file is written under another name, flushed to the disk and renamed, so that a
reader finds it whole or not at all. Knows nothing of what the arrays mean.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphsvc.errors import SnapshotDamagedError, SnapshotForeignError

MAGIC = b"GSVCSNAP"
FORMAT_VERSION = 3
_PREFIX = struct.Struct("<8sQI")
_ALIGNMENT = 64
_CHECKSUM_SLICE = 1 << 24

Arrays = dict[str, NDArray[Any]]


def write_container(
    path: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write `arrays` (one-dimensional) with `facts` (plain JSON values) to `path`, atomically."""
    stored = {name: _shrunk(array) for name, array in arrays.items()}
    sections: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, array in stored.items():
        sections[name] = {
            "dtype": array.dtype.str,
            "length": int(arrays[name].size),
            "stored": int(array.size),
            "offset": offset,
            "crc32": zlib.crc32(array.data),
        }
        offset = _aligned(offset + array.nbytes)
    header = json.dumps(
        {"format": FORMAT_VERSION, "facts": dict(facts), "sections": sections, "bytes": offset},
        sort_keys=True,
    ).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_PREFIX.pack(MAGIC, len(header), zlib.crc32(header)))
            file.write(header)
            start = _aligned(_PREFIX.size + len(header))
            for name, array in stored.items():
                file.write(b"\0" * (start + sections[name]["offset"] - file.tell()))
                file.write(array.data)
            file.write(b"\0" * (start + offset - file.tell()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def read_container(path: Path, *, verify: bool = True) -> tuple[dict[str, Any], Arrays]:
    """Map the file and return its facts and its arrays, read-only views of the mapping.

    Raises:
        SnapshotForeignError: not such a file, or of another format version.
        SnapshotDamagedError: torn, or a checksum does not match.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < _PREFIX.size:
            raise SnapshotDamagedError(f"{path}: shorter than its own prefix; it was torn")
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, header_bytes, header_crc = _PREFIX.unpack_from(mapping)
    if magic != MAGIC:
        raise SnapshotForeignError(f"{path}: begins with {magic!r}; not a snapshot file")
    header_text = mapping[_PREFIX.size : _PREFIX.size + header_bytes]
    if len(header_text) != header_bytes or zlib.crc32(header_text) != header_crc:
        raise SnapshotDamagedError(f"{path}: the header's checksum does not match")
    header = json.loads(header_text)
    if header["format"] != FORMAT_VERSION:
        raise SnapshotForeignError(
            f"{path}: format version {header['format']}; this program reads {FORMAT_VERSION}"
        )
    start = _aligned(_PREFIX.size + header_bytes)
    if len(mapping) != start + header["bytes"]:
        raise SnapshotDamagedError(
            f"{path}: {len(mapping)} bytes, {start + header['bytes']} were written; it was torn"
        )
    views = {
        name: np.frombuffer(
            mapping,
            dtype=np.dtype(section["dtype"]),
            count=section["stored"],
            offset=start + section["offset"],
        )
        for name, section in header["sections"].items()
    }
    if verify:
        _verify(path, views, header["sections"])
    arrays = {
        name: _grown(view, header["sections"][name]["length"]) for name, view in views.items()
    }
    return header["facts"], arrays


def _verify(path: Path, views: Arrays, sections: Mapping[str, Mapping[str, Any]]) -> None:
    with ThreadPoolExecutor() as pool:
        sums = pool.map(_checksum, views.values())
        for name, measured in zip(views, sums, strict=True):
            if measured != sections[name]["crc32"]:
                raise SnapshotDamagedError(f"{path}: the checksum of {name} does not match")


def _checksum(view: NDArray[Any]) -> int:
    data = view.view(np.uint8).data
    checksum = 0
    for begin in range(0, len(data), _CHECKSUM_SLICE):
        checksum = zlib.crc32(data[begin : begin + _CHECKSUM_SLICE], checksum)
    return checksum


def _shrunk(array: NDArray[Any]) -> NDArray[Any]:
    if array.size > 1 and bool((array == array[0]).all()):
        return array[:1].copy()
    return np.ascontiguousarray(array)


def _grown(view: NDArray[Any], length: int) -> NDArray[Any]:
    return view if view.size == length else np.broadcast_to(view, (length,))


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
