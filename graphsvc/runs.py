"""Score runs as files: the payload that a store keeps, and the mapped copy that readers use.

A payload is an Arrow IPC file of one record batch, rows in order of (kind, key), so that a score is
found by bisection in the mapped file and no index is built. Whoever reads takes nothing from a run
that is not published.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphsvc.errors import RunNotFoundError, SnapshotDamagedError, SubjectNotFoundError
from graphsvc.lookup import KeyColumn, Places, bounds_of_kinds, find_ranks
from graphsvc.model import ScoreRun, SubjectKind, SubjectRef
from graphsvc.scoring.propagate import Propagated
from graphsvc.selection import Ranked, Selection
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.copies import LocalCopies
from graphsvc.snapshot.snapshot import SUBJECT_KINDS
from graphsvc.store.ports import Reader

CHUNK_BYTES = 4 << 20
READ_ATTEMPTS = 5
VALUE_COLUMNS = (
    "score",
    "exposure",
    "trust",
    "own_listing_points",
    "exposure_points",
    "trust_points",
    "association_points",
    "event_points",
    "report_points",
    "rejected_report_points",
    "width",
)
LEARNED_COLUMN = "learned_points"
"""There only where the programme names a model: without one a payload is what it always was."""
PAYLOAD_FORMAT = "2"
_FORMAT_KEY, _BANDS_KEY = b"graphsvc.payload", b"graphsvc.bands"

Floats = NDArray[np.float64]


class SubjectScore(NamedTuple):
    """One subject's published values; the points add up to the score before its range clips it.

    `width` says how far, in points, the missing part of a full file could still move the score.
    `band` is None where the programme has no bands.
    """

    subject: SubjectRef
    score: float
    exposure: float
    trust: float
    own_listing_points: float
    exposure_points: float
    trust_points: float
    association_points: float
    event_points: float
    report_points: float
    rejected_report_points: float
    width: float
    band: str | None
    learned_points: float = 0.0

    @property
    def own_points(self) -> float:
        """Points of the subject's own record: events, reports and listings, no contacts."""
        return (
            self.own_listing_points
            + self.event_points
            + self.report_points
            + self.rejected_report_points
        )


def encode_payload(snapshot: Snapshot, values: Propagated, bands: Sequence[str] = ()) -> bytes:
    """Return a run's values as an Arrow IPC file, rows in order of (kind, key).

    Args:
        snapshot: whose subjects they are.
        values: their values in snapshot indices.
        bands: names of the programme's bands, the lowest first.
    """
    index = snapshot.subjects.index_of_rank
    columns = {
        "score": values.points.score,
        "exposure": values.exposure,
        "trust": values.trust,
        "own_listing_points": values.points.own_listings,
        "exposure_points": values.points.exposure,
        "trust_points": values.points.trust,
        "association_points": values.points.association,
        "event_points": values.points.events,
        "report_points": values.points.reports,
        "rejected_report_points": values.points.rejected_reports,
        "width": values.points.width,
    }
    names = [*VALUE_COLUMNS]
    if values.points.learned is not None:
        names.append(LEARNED_COLUMN)
        columns[LEARNED_COLUMN] = values.points.learned
    arrays = [
        pa.array(snapshot.subjects.kind, pa.uint8()),
        pa.array(snapshot.keys_by_rank(), pa.large_string()),
        *(pa.array(columns[name][index]) for name in names),
        pa.array(values.points.band[index]),
    ]
    batch = pa.record_batch(arrays, names=["kind", "key", *names, "band"])
    batch = batch.replace_schema_metadata(
        {_FORMAT_KEY: PAYLOAD_FORMAT, _BANDS_KEY: json.dumps(list(bands))}
    )
    return _encoded(batch)


def _encoded(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def without_subjects(payload: bytes, subjects: Collection[SubjectRef]) -> tuple[bytes, int]:
    """Return a run's payload without some subjects' rows, and how many rows that took away."""
    with pa.ipc.open_file(pa.BufferReader(payload)) as file:
        batch = file.get_batch(0)
    unwanted = {(SUBJECT_KINDS.index(ref.kind), ref.key) for ref in subjects}
    names = zip(batch.column("kind").to_pylist(), batch.column("key").to_pylist(), strict=True)
    is_kept = [name not in unwanted for name in names]
    removed = len(is_kept) - sum(is_kept)
    return (_encoded(batch.filter(pa.array(is_kept))) if removed else payload), removed


def payload_checksum(payload: bytes) -> str:
    """Return the SHA-256 of a payload, 64 hex digits."""
    return hashlib.sha256(payload).hexdigest()


def read_payload(store: Reader, run_id: str) -> tuple[ScoreRun, bytes]:
    """Return a published run and its payload, both of one moment.

    Raises:
        RunNotFoundError: no such run is published.
        SnapshotDamagedError: what the store holds doesn't match the run's checksum.
    """
    for _ in range(READ_ATTEMPTS):
        run = store.run(run_id)
        if run is None:
            raise RunNotFoundError(f"run {run_id} is not published")
        require_values(run)
        payload = b"".join(store.run_payload(run_id))
        if payload_checksum(payload) == run.checksum:
            return run, payload
        # Somebody was taken out of it while it was read: now it is another payload.
    raise _damaged(run_id)


def require_values(run: ScoreRun) -> None:
    """Refuse a run whose values are no longer kept.

    Raises:
        RunNotFoundError: it was pruned; says how to get them again.
    """
    if run.pruned_at is not None:
        raise RunNotFoundError(
            f"run {run.run_id}: its values were pruned on {run.pruned_at:%Y-%m-%d}; graphsvc "
            f"replay {run.run_id} makes them again from the records and compares them"
        )


def _damaged(run_id: str) -> SnapshotDamagedError:
    return SnapshotDamagedError(f"run {run_id}: the stored values don't match the run's checksum")


def payload_chunks(payload: bytes) -> Iterator[bytes]:
    """Cut a payload into parts that any store takes in one go; at least one part."""
    for begin in range(0, max(len(payload), 1), CHUNK_BYTES):
        yield payload[begin : begin + CHUNK_BYTES]


class PublishedScores:
    """A published run, mapped into memory: one subject in microseconds, all of them as arrays."""

    def __init__(self, run: ScoreRun, batch: pa.RecordBatch) -> None:
        self.run = run
        metadata = batch.schema.metadata or {}
        if metadata.get(_FORMAT_KEY) != PAYLOAD_FORMAT.encode():
            raise RunNotFoundError(
                f"run {run.run_id}: was published by an older version of this program, without "
                f"events, reports and width; run: graphsvc recompute --purpose {run.purpose}"
            )
        self._bands: list[str] = json.loads(metadata[_BANDS_KEY])
        self._band: NDArray[np.uint8] = batch.column("band").to_numpy()
        self._kind: NDArray[np.uint8] = batch.column("kind").to_numpy()
        self._key = batch.column("key")
        self._keys = KeyColumn.of(self._key)
        self._bounds = bounds_of_kinds(self._kind)
        self._values: dict[str, Floats] = {
            name: batch.column(name).to_numpy() for name in VALUE_COLUMNS
        }
        self._in_order = list(self._values.values())
        self._values[LEARNED_COLUMN] = (
            batch.column(LEARNED_COLUMN).to_numpy()
            if LEARNED_COLUMN in batch.schema.names
            else np.zeros(len(self))
        )

    @classmethod
    def of_file(cls, run: ScoreRun, path: Path) -> Self:
        """Map a payload that lies in a file.

        Raises:
            RunNotFoundError: an older version of this program published the run.
        """
        with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
            return cls(run, file.get_batch(0))

    @classmethod
    def of_payload(cls, run: ScoreRun, payload: bytes) -> Self:
        """Read a payload that was fetched only for this.

        Raises:
            RunNotFoundError: an older version of this program published the run.
        """
        with pa.ipc.open_file(pa.BufferReader(payload)) as file:
            return cls(run, file.get_batch(0))

    def __len__(self) -> int:
        """Return how many subjects have a score."""
        return int(self._kind.size)

    def score(self, subject: SubjectRef) -> SubjectScore:
        """Return one subject's values.

        Raises:
            SubjectNotFoundError: the run has no such subject.
        """
        return self._values_at(self.rank_of(subject), subject)

    def rank_of(self, subject: SubjectRef) -> int:
        """Return a subject's place in the order of (kind, key), by bisection.

        Raises:
            SubjectNotFoundError: the run has no such subject.
        """
        rank = self._keys.place_of(subject.key, *self._bounds[subject.kind])
        if rank is None:
            raise SubjectNotFoundError(f"{subject}: has no score for purpose {self.run.purpose}")
        return rank

    def ranks_of(self, subjects: Sequence[SubjectRef]) -> Places:
        """Return many subjects' places in the order of (kind, key), -1 where one has none."""
        return find_ranks(self._bounds, self._keys, subjects)

    def bands_at(self, ranks: Places) -> tuple[NDArray[np.uint8], list[str]]:
        """Return the places of bands at some ranks, and the bands' names, the lowest first."""
        return self._band[ranks], self._bands

    def at_rank(self, rank: int) -> SubjectScore:
        """Return the values at a place in the order of (kind, key)."""
        return self._values_at(rank, self.ref_at_rank(rank))

    def _values_at(self, rank: int, subject: SubjectRef) -> SubjectScore:
        band = self._bands[self._band.item(rank)] if self._bands else None
        values = [column.item(rank) for column in self._in_order]
        learned = self._values[LEARNED_COLUMN].item(rank)
        return SubjectScore._make((subject, *values, band, learned))

    def ref_at_rank(self, rank: int) -> SubjectRef:
        """Return the subject at a place in the order of (kind, key)."""
        kind: SubjectKind = SUBJECT_KINDS[self._kind[rank]]
        return SubjectRef(kind, self._key[rank].as_py())

    def ranks_selected(self, selection: Selection, limit: int) -> list[int]:
        """Return the places of the first subjects that a selection names, ascending."""
        return Ranked(self._kind, self._keys, self._band, self._bands).selected(selection, limit)

    def column(self, name: str) -> Floats:
        """Return one value of every subject, float64 (n,), in order of (kind, key)."""
        return self._values[name]

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the programme's bands, the lowest first."""
        return tuple(self._bands)

    @property
    def band_codes(self) -> NDArray[np.uint8]:
        """Return the place of every subject's band in `band_names`, in order of (kind, key)."""
        return self._band

    @property
    def kind_codes(self) -> NDArray[np.uint8]:
        """Return the place of every subject's kind in SUBJECT_KINDS, in order of (kind, key)."""
        return self._kind

    @property
    def keys(self) -> pa.LargeStringArray:
        """Return every subject's key, in order of (kind, key)."""
        return self._key

    def ranks_in(self, other: PublishedScores) -> NDArray[np.int64]:
        """Return every subject's rank in another run, -1 where it has no score there."""
        found = np.full(len(self), -1, np.int64)
        for code in np.unique(self._kind):
            here, there = np.flatnonzero(self._kind == code), np.flatnonzero(other._kind == code)
            if not there.size:
                continue
            # Rows of one kind lie together.
            begin, first = int(here[0]), int(there[0])
            matched = pc.index_in(
                self._key.slice(begin, here.size), other._key.slice(first, there.size)
            )
            places = pc.fill_null(matched, -1).to_numpy(zero_copy_only=False)
            found[here] = np.where(places < 0, -1, places + first)
        return found

    def ranks_by(
        self, name: str, limit: int, *, largest_first: bool = True, kind: SubjectKind | None = None
    ) -> list[int]:
        """Return the places of the subjects with the largest (or smallest) values.

        Ties stand in order of (kind, key).
        """
        values = -self._values[name] if largest_first else self._values[name]
        candidates = np.arange(values.size)
        if kind is not None:
            candidates = np.flatnonzero(self._kind == SUBJECT_KINDS.index(kind))
        if limit < candidates.size:
            bound = np.partition(values[candidates], limit)[limit]
            candidates = candidates[values[candidates] <= bound]
        order = np.argsort(values[candidates], kind="stable")[:limit]
        return [int(rank) for rank in candidates[order]]


class RunShelf:
    """Local copies of published runs, fetched from the store once and checked."""

    def __init__(self, folder: Path, store: Reader) -> None:
        self._store = store
        self._copies = LocalCopies(folder / store.store_id(), store)

    def open(self, run: ScoreRun) -> PublishedScores:
        """Return a published run's scores, mapped from the local copy.

        Raises:
            SnapshotDamagedError: what the store holds doesn't match the run's checksum.
            RunNotFoundError: the run was pruned.
        """
        require_values(run)
        self._copies.refresh()
        for _ in range(READ_ATTEMPTS):
            try:
                return self._opened(run)
            except FileNotFoundError:
                # Another process emptied the folder.
                continue
            except SnapshotDamagedError:
                # Somebody was taken out of it meanwhile: then it is another payload by now.
                now = self._store.run(run.run_id)
                if now is None or now == run:
                    raise
                require_values(now)
                run = now
        raise _damaged(run.run_id)

    def drop(self, run_id: str) -> None:
        """Remove the local copies of one run."""
        for path in self._copies.folder.glob(f"{run_id}.*"):
            path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove every local copy."""
        self._copies.forget()

    def _opened(self, run: ScoreRun) -> PublishedScores:
        path = self._copies.folder / f"{run.run_id}.{run.checksum[:16]}.arrow"
        if not path.exists() or path.stat().st_size != run.payload_bytes:
            for older in self._copies.folder.glob(f"{run.run_id}.*"):
                older.unlink(missing_ok=True)
            self._fetch(run, path)
        scores = PublishedScores.of_file(run, path)
        if not self._copies.are_current():
            # The folder may have been emptied before this was in it.
            path.unlink(missing_ok=True)
        return scores

    def _fetch(self, run: ScoreRun, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        descriptor, temporary = tempfile.mkstemp(prefix=".run.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in self._store.run_payload(run.run_id):
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != run.checksum:
                raise _damaged(run.run_id)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
