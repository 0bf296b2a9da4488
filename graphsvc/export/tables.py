"""Tables in batches: Parquet, Arrow and CSV through one writer that holds one batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from graphsvc.model import LinkKind, RunCertificate, ScoreRun
from graphsvc.runs import VALUE_COLUMNS, PublishedScores
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import SUBJECT_KINDS
from graphsvc.store.ports import NO_END_US, NO_START_US

BATCH_ROWS = 65_536
LINK_KINDS: tuple[LinkKind, ...] = tuple(LinkKind)
_TIME = pa.timestamp("us", tz="UTC")
_SUBJECT = [pa.field("kind", pa.string()), pa.field("key", pa.large_string())]

REASON_PARTS = (
    ("OWN_LISTINGS", "own_listing_points", "Own entries on lists."),
    ("OWN_EVENTS", "event_points", "Own record of dealings."),
    ("REPORTS", "report_points", "Reports on it, upheld or not decided yet."),
    ("FALSE_REPORTS", "rejected_report_points", "Reports by it found false."),
    ("CONTACTS", "association_points", "Dealings and ties with others."),
)
"""The parts that a score adds up of, beside the base and the limits of its range."""

SCORE_SCHEMA = pa.schema(
    [
        *_SUBJECT,
        pa.field("band", pa.string()),
        *(pa.field(name, pa.float64()) for name in VALUE_COLUMNS),
        pa.field("run_id", pa.string()),
    ]
)
REASON_SCHEMA = pa.schema(
    [
        *_SUBJECT,
        pa.field("place", pa.int8()),
        pa.field("code", pa.string()),
        pa.field("points", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("run_id", pa.string()),
    ]
)
LINK_SCHEMA = pa.schema(
    [
        *(pa.field(f"src_{one.name}", one.type) for one in _SUBJECT),
        *(pa.field(f"dst_{one.name}", one.type) for one in _SUBJECT),
        pa.field("link_kind", pa.string()),
        pa.field("weight", pa.float64()),
        pa.field("count", pa.int64()),
        pa.field("valid_from", _TIME),
        pa.field("valid_to", _TIME),
        pa.field("sequence", pa.int64()),
    ]
)


class TableFormat(StrEnum):
    """Formats of tables."""

    PARQUET = "parquet"
    ARROW = "arrow"  # IPC file
    CSV = "csv"


class _Writer(Protocol):
    def write_batch(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> None: ...


class TableWriter:
    """Writes batches of one schema to a file."""

    def __init__(self, path: Path, form: TableFormat, schema: pa.Schema) -> None:
        self._writer: _Writer
        if form is TableFormat.PARQUET:
            self._writer = pa.parquet.ParquetWriter(path, schema, compression="zstd")
        elif form is TableFormat.ARROW:
            self._writer = pa.ipc.new_file(path, schema)
        else:
            self._writer = pa.csv.CSVWriter(path, schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(self, batches: Iterator[pa.RecordBatch]) -> int:
        """Write all batches, one in memory at a time; return how many rows."""
        rows = 0
        for batch in batches:
            self._writer.write_batch(batch)
            rows += batch.num_rows
        return rows


def score_batches(scores: PublishedScores) -> Iterator[pa.RecordBatch]:
    """Return every subject's published values, in order of (kind, key)."""
    names = pa.array(scores.band_names or [None], pa.string())
    for here in _slices(len(scores)):
        codes = scores.band_codes[here] if scores.band_names else np.zeros(here.stop - here.start)
        columns = [
            *_subjects(scores, here),
            names.take(pa.array(codes.astype(np.int64))),
            *(pa.array(scores.column(name)[here]) for name in VALUE_COLUMNS),
            _repeated(scores.run.run_id, here),
        ]
        yield pa.record_batch(columns, schema=SCORE_SCHEMA)


def reason_batches(scores: PublishedScores) -> Iterator[pa.RecordBatch]:
    """Return the parts that moved every score, the largest first; who has none has no row."""
    codes = pa.array([code for code, _, _ in REASON_PARTS])
    texts = pa.array([text for _, _, text in REASON_PARTS])
    for here in _slices(len(scores)):
        points = np.column_stack([scores.column(name)[here] for _, name, _ in REASON_PARTS])
        order = np.argsort(-np.abs(points), axis=1, kind="stable")
        ranked = np.take_along_axis(points, order, axis=1)
        row, place = np.nonzero(ranked)
        part = pa.array(order[row, place])
        rows = pa.array(row)
        columns = [
            *(column.take(rows) for column in _subjects(scores, here)),
            pa.array((place + 1).astype(np.int8)),
            codes.take(part),
            pa.array(ranked[row, place]),
            texts.take(part),
            pa.array([scores.run.run_id]).take(pa.array(np.zeros(row.size, np.int64))),
        ]
        yield pa.record_batch(columns, schema=REASON_SCHEMA)


def link_batches(snapshot: Snapshot, as_of_us: int) -> Iterator[pa.RecordBatch]:
    """Return the links that are valid at a time, by their source."""
    links, keys = snapshot.links, pa.array(snapshot.keys_by_rank(), pa.large_string())
    kinds = pa.array([kind.value for kind in SUBJECT_KINDS])
    words = pa.array([kind.value for kind in LINK_KINDS])
    for here in _slices(snapshot.m):
        places = np.arange(here.start, here.stop)
        valid = (links.valid_from_us[here] <= as_of_us) & (as_of_us < links.valid_to_us[here])
        places = places[valid]
        src = np.searchsorted(links.indptr, places, side="right") - 1
        ends = []
        for index in (src, links.dst[places]):
            rank = snapshot.subjects.rank_of_index[index]
            ends += [
                kinds.take(pa.array(snapshot.subjects.kind[rank].astype(np.int64))),
                keys.take(pa.array(rank)),
            ]
        columns = [
            *ends,
            words.take(pa.array(links.kind[places].astype(np.int64))),
            pa.array(links.weight[places]),
            pa.array(links.count[places]),
            _times(links.valid_from_us[places], NO_START_US),
            _times(links.valid_to_us[places], NO_END_US),
            pa.array(links.sequence[places]),
        ]
        yield pa.record_batch(columns, schema=LINK_SCHEMA)


def run_batches(runs: list[ScoreRun]) -> Iterator[pa.RecordBatch]:
    """Return runs, one a row, certificates field by field."""
    rows = [_flat(run) for run in runs]
    yield pa.RecordBatch.from_pylist(rows, schema=run_schema())


def run_schema() -> pa.Schema:
    """Return the columns of a run."""
    types = {
        "str": pa.string(),
        "RunMethod": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "datetime": _TIME,
    }
    columns = []
    for one in fields(ScoreRun):
        name = str(one.type).removesuffix(" | None")
        if name == "RunCertificate":
            columns += [
                pa.field(f"{one.name}_{part.name}", types[str(part.type)])
                for part in fields(RunCertificate)
            ]
        else:
            columns.append(pa.field(one.name, types[name]))
    return pa.schema(columns)


def _flat(run: ScoreRun) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for one in fields(ScoreRun):
        value = getattr(run, one.name)
        if isinstance(value, RunCertificate):
            row |= {
                f"{one.name}_{part.name}": getattr(value, part.name)
                for part in fields(RunCertificate)
            }
        else:
            row[one.name] = value.astimezone(UTC) if isinstance(value, datetime) else value
    return row


def _slices(rows: int) -> Iterator[slice]:
    for begin in range(0, rows, BATCH_ROWS):
        yield slice(begin, min(begin + BATCH_ROWS, rows))


def _subjects(scores: PublishedScores, here: slice) -> list[pa.Array]:
    kinds = pa.array([kind.value for kind in SUBJECT_KINDS])
    codes = pa.array(scores.kind_codes[here].astype(np.int64))
    return [kinds.take(codes), scores.keys.slice(here.start, here.stop - here.start)]


def _repeated(text: str, here: slice) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), here.stop - here.start)


def _times(values_us: np.ndarray[tuple[int], np.dtype[np.int64]], missing: int) -> pa.Array:
    return pa.array(values_us, pa.int64(), mask=values_us == missing).cast(_TIME)
