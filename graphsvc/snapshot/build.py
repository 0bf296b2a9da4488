"""From a store to a snapshot, whole or by the records since an older one.

Both ways end in `_assemble`, so that a snapshot brought forward equals, array for array, the one
built from nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphsvc.model import (
    Event,
    Listing,
    Purpose,
    Record,
    RecordType,
    Report,
    StoredRecord,
    Subject,
    SubjectRef,
)
from graphsvc.model.checks import to_microseconds
from graphsvc.snapshot.snapshot import (
    SUBJECT_KINDS,
    Snapshot,
    SnapshotFacts,
    SnapshotLinks,
    SnapshotListings,
    SnapshotSubjects,
)
from graphsvc.store.ports import LinkColumns, Reader

Int64s = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Mentions:
    """What the records other than links say: who is mentioned (store numbers), and the listings."""

    numbers: Int64s
    listings: list[StoredRecord[Record]]


def build_snapshot(
    store: Reader, purpose: Purpose, *, as_of: datetime | None = None, known_at: int | None = None
) -> Snapshot:
    """Read all that `purpose` permits and return it as a snapshot.

    Args:
        store: where the records are.
        purpose: only what it permits is read.
        as_of: the time the snapshot is asked for; now where it is not given.
        known_at: sequence number up to which records are read; all where it is not given.
    """
    sequence = store.last_sequence() if known_at is None else known_at
    columns = _concatenated(store.iter_links(sorted(purpose.link_kinds), 0, sequence))
    links = _standing(columns, sequence)
    return _assemble(store, purpose, links, sequence, as_of)


def advance_snapshot(
    store: Reader, purpose: Purpose, older: Snapshot, *, as_of: datetime | None = None
) -> Snapshot:
    """Bring a snapshot forward by the records after it; equal to building it anew.

    Only links are read as a difference: they are the bulk. The few other records are read again.
    """
    sequence = store.last_sequence()
    since = older.facts.sequence
    if since == sequence:
        facts = replace(older.facts, as_of_us=to_microseconds(as_of or datetime.now(UTC)))
        return replace(older, facts=facts)
    fresh = _standing(
        _concatenated(store.iter_links(sorted(purpose.link_kinds), since, sequence)), sequence
    )
    former = _links_in_store_numbers(older)
    kept = ~np.isin(former["sequence"], store.superseded_between(since, sequence))
    links = {name: np.concatenate([former[name][kept], fresh[name]]) for name in fresh}
    return _assemble(store, purpose, links, sequence, as_of)


def purpose_digest(purpose: Purpose) -> str:
    """Return 16 hex digits that change when what the purpose permits changes."""
    return hashlib.sha256(purpose.canonical_json().encode()).hexdigest()[:16]


def _concatenated(batches: Iterable[LinkColumns]) -> Columns:
    parts = list(batches)
    names = [field.name for field in fields(LinkColumns)]
    if not parts:
        return {name: np.zeros(0, dtype) for name, dtype in _LINK_DTYPES.items()}
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def _standing(columns: Columns, sequence: int) -> Columns:
    superseded_by = columns["superseded_by"]
    standing = (superseded_by == 0) | (superseded_by > sequence)
    return {name: column[standing] for name, column in columns.items() if name != "superseded_by"}


def _links_in_store_numbers(snapshot: Snapshot) -> Columns:
    number_of_index = snapshot.subjects.number[snapshot.subjects.rank_of_index]
    links = snapshot.links
    src = np.repeat(number_of_index, np.diff(links.indptr))
    return {
        "sequence": links.sequence,
        "kind": links.kind,
        "src": src,
        "dst": number_of_index[links.dst],
        "weight": links.weight,
        "count": links.count,
        "valid_from_us": links.valid_from_us,
        "valid_to_us": links.valid_to_us,
    }


def _mentions(store: Reader, purpose: Purpose, sequence: int) -> _Mentions:
    refs: list[SubjectRef] = [
        cast(Subject, stored.record).subject
        for stored in store.records(RecordType.SUBJECT, known_at=sequence)
    ]
    if purpose.event_kinds:
        for stored in store.records(RecordType.EVENT, known_at=sequence):
            event = cast(Event, stored.record)
            if event.kind in purpose.event_kinds:
                refs.append(event.subject)
    if purpose.report_categories:
        for stored in store.records(RecordType.REPORT, known_at=sequence):
            report = cast(Report, stored.record)
            if report.category in purpose.report_categories:
                refs.append(report.subject)
                if report.reporter is not None:
                    refs.append(report.reporter)
    listings = list(store.listings(sorted(purpose.list_names), known_at=sequence))
    refs.extend(cast(Listing, stored.record).subject for stored in listings)
    numbers = store.subject_numbers(refs)
    return _Mentions(np.array([n for n in numbers if n is not None], np.int64), listings)


def _assemble(
    store: Reader, purpose: Purpose, links: Columns, sequence: int, as_of: datetime | None
) -> Snapshot:
    mentions = _mentions(store, purpose, sequence)
    present = np.zeros(store.count_subjects(), np.bool_)
    for numbers in (links["src"], links["dst"], mentions.numbers):
        present[numbers] = True
    number, kind, keys = _ranked_subjects(store, present)
    rank_of_number = np.full(present.size, -1, np.int64)
    rank_of_number[number] = np.arange(number.size)
    src, dst = rank_of_number[links["src"]], rank_of_number[links["dst"]]
    degree = np.bincount(src, minlength=number.size) + np.bincount(dst, minlength=number.size)
    rank_of_index = np.argsort(-degree, kind="stable").astype(np.int32)
    index_of_rank = np.empty_like(rank_of_index)
    index_of_rank[rank_of_index] = np.arange(number.size, dtype=np.int32)
    offsets, key_bytes = _packed(keys)
    index_of_number = np.full(present.size, -1, np.int64)
    index_of_number[number] = index_of_rank
    return Snapshot(
        facts=SnapshotFacts(
            store_id=store.store_id(),
            purpose=purpose.name,
            purpose_version=purpose.version,
            purpose_digest=purpose_digest(purpose),
            sequence=sequence,
            as_of_us=to_microseconds(as_of or datetime.now(UTC)),
            list_names=tuple(sorted(purpose.list_names)),
        ),
        subjects=SnapshotSubjects(
            kind=kind,
            key_offset=offsets,
            key_bytes=key_bytes,
            index_of_rank=index_of_rank,
            rank_of_index=rank_of_index,
            number=number,
        ),
        links=_csr_links(links, index_of_rank[src], index_of_rank[dst], number.size),
        listings=_listing_columns(store, mentions.listings, purpose, index_of_number),
    )


def _ranked_subjects(
    store: Reader, present: NDArray[np.bool_]
) -> tuple[Int64s, NDArray[np.uint8], pa.StringArray]:
    """Return number, kind code and key of the subjects present, in order of (kind, key)."""
    numbers: list[Int64s] = []
    kinds: list[str] = []
    keys: list[str] = []
    for batch in store.iter_subjects():
        numbers.append(batch.number)
        kinds.extend(batch.kind)
        keys.extend(batch.key)
    number = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)
    known = number < present.size
    chosen = np.zeros(number.size, np.bool_)
    chosen[known] = present[number[known]]
    mask = pa.array(chosen)
    table = pa.table({"kind": kinds, "key": pa.array(keys, pa.string())}).filter(mask)
    order = pc.sort_indices(table, sort_keys=[("kind", "ascending"), ("key", "ascending")])
    ranked = table.take(order)
    codes = {kind.value: code for code, kind in enumerate(SUBJECT_KINDS)}
    kind_codes = np.array([codes[kind] for kind in ranked["kind"].to_pylist()], np.uint8)
    return number[chosen][order.to_numpy()], kind_codes, ranked["key"].combine_chunks()


def _packed(keys: pa.StringArray) -> tuple[Int64s, NDArray[np.uint8]]:
    if len(keys) == 0:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    large = keys.cast(pa.large_string())
    if isinstance(large, pa.ChunkedArray):
        large = large.combine_chunks()
    _, offsets, data = large.buffers()
    offset = np.frombuffer(offsets, np.int64, len(keys) + 1, large.offset * 8)
    content = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return offset - offset[0], content[offset[0] : offset[-1]].copy()


def _csr_links(
    links: Columns, src: NDArray[np.int32], dst: NDArray[np.int32], n: int
) -> SnapshotLinks:
    order = np.lexsort((links["sequence"], dst, src))
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(src, minlength=n), out=indptr[1:])
    return SnapshotLinks(
        indptr=indptr,
        dst=dst[order],
        kind=links["kind"][order],
        weight=links["weight"][order],
        count=links["count"][order],
        valid_from_us=links["valid_from_us"][order],
        valid_to_us=links["valid_to_us"][order],
        sequence=links["sequence"][order],
    )


def _listing_columns(
    store: Reader,
    listings: Sequence[StoredRecord[Record]],
    purpose: Purpose,
    index_of_number: Int64s,
) -> SnapshotListings:
    records = [cast(Listing, stored.record) for stored in listings]
    numbers = store.subject_numbers([record.subject for record in records])
    codes = {name: code for code, name in enumerate(sorted(purpose.list_names))}
    return SnapshotListings(
        subject=index_of_number[np.array(numbers, np.int64)].astype(np.int32),
        list_code=np.array([codes[record.list_name] for record in records], np.uint16),
        severity=np.array([record.severity for record in records], np.float64),
        effective_from_us=np.array(
            [to_microseconds(record.effective_from) for record in records], np.int64
        ),
        until_us=np.array([to_microseconds(record.until) for record in records], np.int64),
        sequence=np.array([stored.sequence for stored in listings], np.int64),
    )


_LINK_DTYPES: dict[str, type[np.generic]] = {
    "sequence": np.int64,
    "kind": np.uint8,
    "src": np.int64,
    "dst": np.int64,
    "weight": np.float64,
    "count": np.int64,
    "valid_from_us": np.int64,
    "valid_to_us": np.int64,
    "superseded_by": np.int64,
}
