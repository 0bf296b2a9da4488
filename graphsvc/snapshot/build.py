"""From a store to a snapshot, whole or by the records since an older one.

Both ways end in `_assemble`, so that a snapshot brought forward equals, array for array, the one
built from nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

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
from graphsvc.snapshot.columns import (
    by_content,
    csr_links,
    event_columns,
    listing_columns,
    report_columns,
)
from graphsvc.snapshot.snapshot import (
    SUBJECT_KINDS,
    Snapshot,
    SnapshotFacts,
    SnapshotSubjects,
)
from graphsvc.snapshot.suspended import suspended_sequences
from graphsvc.store.ports import LinkColumns, Reader

Int64s = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
RecordT = TypeVar("RecordT", Event, Report, Listing)


@dataclass(frozen=True, slots=True)
class _State:
    """The moment in a store's life that a snapshot shows."""

    sequence: int
    erasures: int
    suspended: frozenset[int]

    @classmethod
    def of(cls, store: Reader, sequence: int) -> _State:
        # Erasures first: what is erased while the rest is read makes the snapshot out of date.
        erasures = store.erasures()
        return cls(sequence, erasures, suspended_sequences(store, sequence))


@dataclass(frozen=True, slots=True)
class _Stated(Generic[RecordT]):
    """Permitted records of one type with their sequence numbers.

    `suspended` are those that a dispute keeps out; who they mention stays known.
    """

    records: list[RecordT]
    sequence: Int64s
    suspended: list[RecordT]

    @classmethod
    def of(
        cls,
        found: Iterable[StoredRecord[Record]],
        permitted: Callable[[RecordT], bool],
        suspended: frozenset[int],
    ) -> _Stated[RecordT]:
        stated = [
            (record, stored.sequence)
            for stored in found
            if permitted(record := cast(RecordT, stored.record))
        ]
        kept = [(record, number) for record, number in stated if number not in suspended]
        return cls(
            [record for record, _ in kept],
            np.array([number for _, number in kept], np.int64),
            [record for record, number in stated if number in suspended],
        )

    def rows(self) -> tuple[list[RecordT], Int64s]:
        return self.records, self.sequence

    def every(self) -> list[RecordT]:
        return self.records + self.suspended


@dataclass(frozen=True, slots=True)
class _Statements:
    """All that the records other than links say, and who is mentioned (store numbers)."""

    events: _Stated[Event]
    reports: _Stated[Report]
    listings: _Stated[Listing]
    number_of: dict[SubjectRef, int]

    def numbers(self, refs: Sequence[SubjectRef]) -> Int64s:
        return np.array([self.number_of[ref] for ref in refs], np.int64)


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
    state = _State.of(store, sequence)
    columns = _concatenated(store.iter_links(sorted(purpose.link_kinds), 0, sequence))
    links = _standing(columns, sequence)
    return _assemble(store, purpose, links, state, as_of)


def advance_snapshot(
    store: Reader,
    purpose: Purpose,
    older: Snapshot,
    *,
    as_of: datetime | None = None,
    known_at: int | None = None,
) -> Snapshot:
    """Bring a snapshot forward by the records after it; equal to building it anew.

    Only links are read as a difference: they are the bulk. The few other records are read again.

    Args:
        store: where the records are.
        purpose: only what it permits is read.
        older: the snapshot to begin with, at most of `known_at`.
        as_of: the time the snapshot is asked for; now where it is not given.
        known_at: sequence number up to which records are read; all where it is not given.
    """
    sequence = store.last_sequence() if known_at is None else known_at
    since = older.facts.sequence
    state = _State.of(store, sequence)
    if state.erasures != older.facts.erasures:
        return build_snapshot(store, purpose, as_of=as_of, known_at=sequence)
    if since == sequence:
        facts = replace(older.facts, as_of_us=to_microseconds(as_of or datetime.now(UTC)))
        return replace(older, facts=facts)
    kinds = sorted(purpose.link_kinds)
    fresh = _standing(_concatenated(store.iter_links(kinds, since, sequence)), sequence)
    former = _links_in_store_numbers(older)
    kept = ~np.isin(former["sequence"], store.superseded_between(since, sequence))
    parts = [{name: column[kept] for name, column in former.items()}, fresh]
    # Those that were kept out when the older one was made; whether they still are is seen below.
    parts += [
        _standing(_concatenated(store.iter_links(kinds, number - 1, number)), sequence)
        for number in sorted(suspended_sequences(store, since))
    ]
    links = {name: np.concatenate([part[name] for part in parts]) for name in fresh}
    return _assemble(store, purpose, links, state, as_of)


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
    return _kept({name: columns[name] for name in columns if name != "superseded_by"}, standing)


def _kept(columns: Columns, is_kept: NDArray[np.bool_]) -> Columns:
    """Return the rows that are kept; nothing is copied where all are."""
    if is_kept.all():
        return columns
    return {name: column[is_kept] for name, column in columns.items()}


def _links_in_store_numbers(snapshot: Snapshot) -> Columns:
    number_of_index, links = snapshot.subjects.number_of_index, snapshot.links
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


def _statements(store: Reader, purpose: Purpose, state: _State) -> _Statements:
    def read(record_type: RecordType) -> Iterator[StoredRecord[Record]]:
        return store.records(record_type, known_at=state.sequence)

    events = _Stated[Event].of(
        read(RecordType.EVENT) if purpose.event_kinds else (),
        lambda event: event.kind in purpose.event_kinds,
        state.suspended,
    )
    reports = _Stated[Report].of(
        read(RecordType.REPORT) if purpose.report_categories else (),
        lambda report: report.category in purpose.report_categories,
        state.suspended,
    )
    listings = _Stated[Listing].of(
        store.listings(sorted(purpose.list_names), known_at=state.sequence),
        lambda listing: True,
        state.suspended,
    )
    refs = [cast(Subject, stored.record).subject for stored in read(RecordType.SUBJECT)]
    refs += [event.subject for event in events.every()]
    refs += [report.subject for report in reports.every()]
    refs += [report.reporter for report in reports.every() if report.reporter is not None]
    refs += [listing.subject for listing in listings.every()]
    distinct = list(dict.fromkeys(refs))
    numbers = zip(distinct, store.subject_numbers(distinct), strict=True)
    return _Statements(
        events, reports, listings, {ref: number for ref, number in numbers if number is not None}
    )


def _assemble(
    store: Reader, purpose: Purpose, standing: Columns, state: _State, as_of: datetime | None
) -> Snapshot:
    statements = _statements(store, purpose, state)
    mentioned = np.array(list(statements.number_of.values()), np.int64)
    present = np.zeros(store.count_subjects(), np.bool_)
    for numbers in (standing["src"], standing["dst"], mentioned):
        present[numbers] = True
    links = _kept(standing, ~np.isin(standing["sequence"], sorted(state.suspended)))
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

    def indices(refs: Sequence[SubjectRef]) -> NDArray[np.int32]:
        return index_of_number[statements.numbers(refs)].astype(np.int32)

    return Snapshot(
        facts=SnapshotFacts(
            store_id=store.store_id(),
            purpose=purpose.name,
            purpose_version=purpose.version,
            purpose_digest=purpose_digest(purpose),
            sequence=state.sequence,
            erasures=state.erasures,
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
        links=csr_links(links, index_of_rank[src], index_of_rank[dst], number.size),
        listings=by_content(
            listing_columns(*statements.listings.rows(), indices, sorted(purpose.list_names))
        ),
        events=by_content(event_columns(*statements.events.rows(), indices)),
        reports=by_content(report_columns(*statements.reports.rows(), indices)),
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
