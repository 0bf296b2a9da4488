"""Imports files into a store as a mapping says: bad rows to the rejects file, the rest loaded."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from graphsvc.errors import InvalidInputError, InvalidRecordError, MappingError
from graphsvc.ingest.compiling import BuildRecords, compile_rules
from graphsvc.ingest.mapping import FileSection, Mapping
from graphsvc.ingest.readers import RawRow, RowReader, open_rows
from graphsvc.ingest.rejects import (
    REJECTS_SUFFIX,
    Reject,
    RejectsFile,
    reason_name,
    rejects_places,
)
from graphsvc.ingest.sources import Fault
from graphsvc.ingest.summary import FileSummary, ImportProgress, ImportSummary, SkippedFile
from graphsvc.model import Record
from graphsvc.store.encoding import content_hash, encode
from graphsvc.store.ports import AppendOutcome, AppendStatus

BATCH_SIZE = 20_000
_DUPLICATE_ID = "duplicate id with other content"
"""The one conflict that an import can have with a store: a mapping supersedes nothing."""

Phase = Literal["check", "load"]
ReportProgress = Callable[[ImportProgress], None]


class RecordSink(Protocol):
    """What an import needs of a store."""

    def append(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Store the batch in one transaction; outcomes are in the order of `records`."""

    def check(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Say what `append` would do with the batch now, and store nothing."""


Send = Callable[[Sequence[Record]], list[AppendOutcome]]


def import_files(
    paths: Sequence[Path | str],
    mapping: Mapping,
    store: RecordSink,
    *,
    strict: bool = False,
    batch_size: int = BATCH_SIZE,
    rejects_dir: Path | None = None,
    progress: ReportProgress | None = None,
    now: datetime | None = None,
) -> ImportSummary:
    """Load files, or every file of a folder that the mapping knows; return what became of them.

    Importing again changes nothing, so an import that was cut off is repaired by doing it again.
    With `strict`, everything is checked first and nothing is loaded if any row is bad. Rejects go
    beside each file, or to `rejects_dir`, or where neither can be written to the working folder.

    Raises:
        MappingError: a file fits no section, or lacks a column that the mapping uses.
        InvalidInputError: a file can't be opened, or rejects can't be written.
        StoreError: the store failed; batches before that are loaded.
    """
    begun = time.perf_counter()
    inputs, skipped = _choose(paths, mapping)
    places = rejects_places([path for path, _ in inputs], rejects_dir, Path.cwd())
    now = now or datetime.now(UTC)
    for path, section in inputs:
        _open(path, section, mapping.source)[0].close()
    meter = _Meter(progress, sum(path.stat().st_size for path, _ in inputs))

    def run(phase: Phase, send: Send) -> list[FileSummary]:
        meter.restart(phase)
        files = []
        for (path, section), place in zip(inputs, places, strict=True):
            job = _FileImport(path, RejectsFile(path, place), send, now, batch_size, meter)
            files.append(job.run(*_open(path, section, mapping.source)))
        return files

    refused = False
    with _without_garbage_collection():
        if strict:
            files = run("check", _CheckAcrossBatches(store))
            refused = any(file.rejected for file in files)
            _report_nothing_loaded(files)
        if not refused:
            files = run("load", store.append)
    return ImportSummary(
        mapping=mapping.name,
        files=tuple(files),
        skipped_files=tuple(skipped),
        refused=refused,
        seconds=time.perf_counter() - begun,
    )


@dataclass(slots=True)
class _Meter:
    """Adds the files' progress up and reports it."""

    report: ReportProgress | None
    bytes_total: int
    phase: Phase = "load"
    bytes_before: int = 0
    rows_before: int = 0

    def restart(self, phase: Phase) -> None:
        self.phase, self.bytes_before, self.rows_before = phase, 0, 0

    def show(self, path: Path, rows: int, bytes_read: int) -> None:
        if self.report is not None:
            rows += self.rows_before
            bytes_read = min(self.bytes_before + bytes_read, self.bytes_total)
            self.report(ImportProgress(self.phase, path, rows, bytes_read, self.bytes_total))

    def finish_file(self, path: Path, rows: int, size: int) -> None:
        self.show(path, rows, size)
        self.bytes_before += size
        self.rows_before += rows


@dataclass(slots=True)
class _CheckAcrossBatches:
    """Checks batches as if those before were stored: they are not, so the store can't know them."""

    store: RecordSink
    seen: dict[str, str] = field(default_factory=dict)

    def __call__(self, records: Sequence[Record]) -> list[AppendOutcome]:
        outcomes = self.store.check(records)
        return [
            self._outcome(record, outcome)
            for record, outcome in zip(records, outcomes, strict=True)
        ]

    def _outcome(self, record: Record, outcome: AppendOutcome) -> AppendOutcome:
        content = content_hash(record.record_type, encode(record))
        if self.seen.setdefault(record.external_id, content) == content:
            return outcome
        reason = f"is {record.external_id!r}, which an earlier row has with other content"
        return AppendOutcome(AppendStatus.CONFLICT, field="external_id", reason=reason)


@dataclass(slots=True)
class _FileImport:
    """One pass over one file. Records wait for a full batch; rejects for the same moment."""

    path: Path
    rejects_file: RejectsFile
    send: Send
    now: datetime
    batch_size: int
    meter: _Meter
    summary: FileSummary = field(init=False)
    records: list[Record] = field(default_factory=list)
    origins: list[RawRow] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    columns: Sequence[str] = ()

    def run(self, reader: RowReader, build: BuildRecords) -> FileSummary:
        begun = time.perf_counter()
        self.summary = FileSummary(self.path)
        self.columns = reader.columns
        try:
            self._read(reader, build)
            self._flush()
            self.summary.rejects_path = self.rejects_file.finish()
        finally:
            reader.close()
            self.rejects_file.discard()
        self.summary.seconds = time.perf_counter() - begun
        self.meter.finish_file(self.path, self.summary.rows, self.path.stat().st_size)
        return self.summary

    def _read(self, reader: RowReader, build: BuildRecords) -> None:
        records, origins, now = self.records, self.origins, self.now
        for row in reader.rows():
            self.summary.rows += 1
            cells = row.cells
            if isinstance(cells, Fault):
                self._reject(row, cells.field, cells.reason)
                continue
            try:
                built = build(cells)
                for record in built:
                    record.check_times(now)
            except InvalidRecordError as error:
                self._reject(row, error.field, error.reason)
                continue
            if not built:
                self.summary.passed_over += 1
            for record in built:
                records.append(record)
                origins.append(row)
            if len(records) >= self.batch_size:
                self._flush()
                self.meter.show(self.path, self.summary.rows, reader.position())

    def _reject(self, row: RawRow, field: str | None, reason: str) -> None:
        self._note(row, field, reason, reason_name(reason))
        if len(self.rejects) >= self.batch_size:
            self._flush()

    def _note(self, row: RawRow, field: str | None, reason: str, name: str) -> None:
        raw = row.raw
        if raw is None:
            raw = json.dumps(dict(zip(self.columns, row.cells, strict=True)), ensure_ascii=False)
        self.summary.rejected += 1
        self.summary.rejected_by_reason[name] += 1
        self.rejects.append(Reject(row.number, field, reason, raw))

    def _flush(self) -> None:
        """Send the batch, and write its rejects in the order of rows."""
        summary, refused_row = self.summary, None
        accepted: Counter[type[Record]] = Counter()
        outcomes = self.send(self.records) if self.records else []
        for record, row, outcome in zip(self.records, self.origins, outcomes, strict=True):
            if outcome.status is AppendStatus.ACCEPTED:
                summary.accepted += 1
                accepted[type(record)] += 1
            elif outcome.status is AppendStatus.UNCHANGED:
                summary.unchanged += 1
            else:
                summary.conflicts += 1
                if row is not refused_row:
                    reason = outcome.reason or "is another record's already"
                    self._note(row, outcome.field, reason, _DUPLICATE_ID)
                    refused_row = row
        for record_class, number in accepted.items():
            summary.accepted_by_type[record_class.record_type.value] += number
        self.rejects_file.add(sorted(self.rejects, key=lambda reject: reject.row))
        self.records.clear()
        self.origins.clear()
        self.rejects.clear()


def _report_nothing_loaded(files: Iterable[FileSummary]) -> None:
    for file in files:
        file.accepted = file.unchanged = 0
        file.accepted_by_type.clear()


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Hold cyclic collection off: records form no cycles, yet it took a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _open(path: Path, section: FileSection, source: str) -> tuple[RowReader, BuildRecords]:
    reader = open_rows(path, section)
    try:
        return reader, compile_rules(section, reader.columns, source)
    except (MappingError, InvalidRecordError) as error:
        reader.close()
        raise MappingError(f"{path}: {error}") from error


def _choose(
    paths: Iterable[Path | str], mapping: Mapping
) -> tuple[list[tuple[Path, FileSection]], list[SkippedFile]]:
    """Return each file to import with its section, in the mapping's order, and those left out."""
    chosen: dict[Path, tuple[int, FileSection]] = {}
    skipped: list[SkippedFile] = []
    for given in map(Path, paths):
        if not given.exists():
            raise InvalidInputError(f"{given}: there is no such file or folder")
        for path in _files_of(given):
            match = mapping.section_of(path.name)
            reason = "no section of the mapping is for it" if match is None else match[1].skip
            if match is not None and reason is None:
                chosen.setdefault(path, match)
            elif given.is_dir():
                skipped.append(SkippedFile(path, reason or ""))
            else:
                raise MappingError(f"{path}: mapping {mapping.name} doesn't import it: {reason}")
    if not chosen:
        raise InvalidInputError(f"mapping {mapping.name} finds no file to import")
    order = sorted(chosen.items(), key=lambda item: (item[1][0], str(item[0])))
    return [(path, section) for path, (_, section) in order], skipped


def _files_of(given: Path) -> Iterator[Path]:
    if not given.is_dir():
        yield given
        return
    for path in sorted(given.iterdir()):
        is_ours = path.name.endswith((REJECTS_SUFFIX, ".tmp"))
        if path.is_file() and not path.name.startswith(".") and not is_ours:
            yield path
