"""The embedded store: the port on one SQLite file, several processes at once."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection

import numpy as np
import structlog
from numpy.typing import NDArray

from graphsvc.errors import ConflictError, StoreUnavailableError
from graphsvc.model import (
    AuditDraft,
    AuditEntry,
    DefinitionKind,
    HeldRun,
    LinkKind,
    ListKind,
    Record,
    RecordType,
    ScoreRun,
    StoredDefinition,
    StoredRecord,
    SubjectKind,
    SubjectRef,
)
from graphsvc.model.checks import to_microseconds
from graphsvc.store import rows, sqlite_append, sqlite_erase, sqlite_rows, sqlite_runs
from graphsvc.store.batch import draft
from graphsvc.store.ports import (
    EVERY_ENTRY,
    EVERYTHING,
    NO_END_US,
    NO_START_US,
    AppendOutcome,
    AuditOf,
    LinkColumns,
    RecordHeading,
    SubjectColumns,
    Wanted,
    WantedEntries,
)
from graphsvc.store.sqlite_database import Database
from queries.rows import Row
from queries.sqlite import (
    audit,
    cases,
    definitions,
    erasures,
    links,
    listings,
    records,
    schema,
    score_runs,
    subjects,
)

log = structlog.get_logger(__name__)

DEFAULT_LOCK_TIMEOUT_S = 60.0
LOG_ATTEMPTS = 3
"""How often cutting the log is tried; each waits some seconds for those who read."""

RECORD_PAGE = 2_000
SUBJECT_PAGE = 50_000
LINK_PAGE = 65_536
# Small parts stay in the processor's cache: 1.2 s for a million rows where whole pages take 1.8 s.
_LINK_PART = 512
_BEFORE_FIRST_CHUNK = -(2**63)

Records = dict[int, StoredRecord[Record]]
"""Records by sequence."""


class SqliteStore:
    """A `Store` in one file.

    Iterators read page by page, each up to the sequence that was the last when they began: no
    read transaction stays open between pages, so a slow consumer blocks nobody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(
        cls, path: Path, *, create: bool = True, lock_timeout_s: float = DEFAULT_LOCK_TIMEOUT_S
    ) -> SqliteStore:
        """Open the store in a file; `migrate` it before use if it is new.

        Raises:
            StoreUnavailableError: the file is absent and may not or can't be created.
        """
        if create:
            _create(path)
        elif not path.is_file():
            raise StoreUnavailableError(
                f"there is no store at {path}; give another path, or create and migrate it first"
            )
        return cls(Database(path.absolute(), lock_timeout_s=lock_timeout_s))

    def migrate(self) -> list[str]:
        """Bring the schema up to date; return the names of the migrations applied."""
        return self._database.migrate(
            lambda connection: schema.insert_store_id(connection, str(uuid.uuid4()))
        )

    def describe(self) -> str:
        """Return what this store is, in words, without secrets."""
        return f"SQLite {self._database.path}, schema version {self._database.schema_version()}"

    def close(self) -> None:
        """Release connections; the store can't be used afterwards."""
        self._database.close()

    # Writer

    def append(
        self, records: Sequence[Record], *, whole: bool = False, audit_of: AuditOf | None = None
    ) -> list[AppendOutcome]:
        """Store the batch in one transaction; see `Writer.append`."""
        if not records:
            return []
        drafts = [draft(record) for record in records]

        def work(connection: Connection) -> list[AppendOutcome]:
            outcomes = sqlite_append.append(connection, drafts, whole=whole)
            if audit_of is not None and (entries := audit_of(outcomes)):
                sqlite_append.append_audit(connection, entries)
            return outcomes

        return self._database.write(work)

    def check(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Say what `append` would do with the batch now, and store nothing."""
        if not records:
            return []
        drafts = [draft(record) for record in records]
        planned = self._database.read_one_state(
            lambda connection: sqlite_append.plan_batch(connection, drafts)[0]
        )
        return [
            AppendOutcome(outcome.status, None, outcome.field, outcome.reason)
            for outcome in planned.outcomes
        ]

    def append_audit(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        """Add audit entries to the end of the chain."""
        if not drafts:
            return []
        return self._database.write(
            lambda connection: sqlite_append.append_audit(connection, drafts)
        )

    def save_definition(self, definition: StoredDefinition) -> None:
        """Store one version of a document; the same again changes nothing."""
        row = rows.definition_row(definition)

        def save(connection: Connection) -> None:
            definitions.insert(connection, row)
            stored = definitions.one(connection, row.kind, row.name, row.version)
            if stored != row:
                raise ConflictError(
                    f"{row.kind} {row.name} version {row.version} is stored with another body; "
                    "give the changed document the next version"
                )

        self._database.write(save)

    def take_run(self, run_id: str, fence: int) -> None:
        """Let only who holds `fence`, or a higher number, stage or publish a run from here on."""
        self._database.write(lambda connection: sqlite_runs.take(connection, run_id, fence))

    def stage_run_chunk(
        self, run_id: str, chunk: int, payload: bytes, *, fence: int | None = None
    ) -> None:
        """Store one part of a run's payload, invisible until `publish_run`."""
        self._database.write(
            lambda connection: sqlite_runs.stage(connection, run_id, chunk, payload, fence)
        )

    def publish_run(self, run: ScoreRun, *, fence: int | None = None) -> None:
        """Make the staged run visible and current for its programme, in one step."""
        self._database.write(lambda connection: sqlite_runs.publish(connection, run, fence))

    def republish_run(self, run_id: str) -> None:
        """Make a published run current for its programme again, in one step."""
        self._database.write(lambda connection: sqlite_runs.republish(connection, run_id))

    def prune_run(self, run_id: str, at: datetime) -> None:
        """Remove a published run's values and note the time; all else that it says stays."""
        at_us = to_microseconds(at)
        self._database.write(lambda connection: sqlite_runs.prune(connection, run_id, at_us))

    def hold_run(self, held: HeldRun, *, fence: int | None = None) -> None:
        """Let a staged run wait, unseen, for its release."""
        self._database.write(lambda connection: sqlite_runs.hold(connection, held, fence))

    def discard_staged_run(self, run_id: str) -> None:
        """Remove the chunks of one run that was never published."""
        self._database.write(lambda connection: score_runs.discard_staged_run(connection, run_id))
        self._empty_log(attempts=1)

    def discard_staged_runs(self) -> int:
        """Remove chunks of runs that were never published; return how many runs."""
        discarded = self._database.write(score_runs.discard_staged)
        self._empty_log()
        return discarded

    def erase(self, records: Mapping[int, str], subjects: Mapping[SubjectRef, str]) -> None:
        """Remove for good what records say and what subjects are called; see `Writer.erase`."""
        self._database.write(lambda connection: sqlite_erase.erase(connection, records, subjects))
        self._empty_log()

    def redact_run(self, run: ScoreRun, staged_as: str, *, replaces: str) -> None:
        """Put chunks staged under another name in the place of a published run's."""
        self._database.write(
            lambda connection: sqlite_runs.redact(connection, run, staged_as, replaces)
        )
        self._empty_log(attempts=1)

    def _empty_log(self, attempts: int = LOG_ATTEMPTS) -> None:
        """Cut the write-ahead log, which still holds what was; a reader at work may keep it."""
        for _ in range(attempts):
            with contextlib.suppress(StoreUnavailableError):
                if self._database.read(erasures.empty_write_ahead_log):
                    return
        log.warning(
            "the write-ahead log still holds older content, for others are reading; it goes when "
            "the last of them is done",
            store=str(self._database.path),
        )

    # Reader

    def store_id(self) -> str:
        """Return the id, made at creation, that tells this store from every other."""
        return self._database.read(schema.store_id)

    def last_sequence(self) -> int:
        """Return the highest sequence number given, 0 in an empty store."""
        return self._database.read(records.last).sequence

    def sequence_at(self, recorded_until: datetime) -> int:
        """Return the last sequence number recorded at or before a time, 0 if none was."""
        until_us = to_microseconds(recorded_until)
        return self._database.read(lambda connection: records.sequence_at(connection, until_us))

    def count_subjects(self) -> int:
        """Return how many subjects have been registered or mentioned."""
        return self._database.read(subjects.count)

    def count_records(self) -> dict[RecordType, int]:
        """Return how many records of each type were accepted, superseded ones included."""
        counts = self._database.read(records.count)
        return {record_type: counts[record_type.value] for record_type in RecordType}

    def subject_numbers(self, refs: Sequence[SubjectRef]) -> list[int | None]:
        """Return each subject's number, None where it is unknown; in the order asked."""
        names = [(ref.kind.value, ref.key) for ref in refs]
        known = self._database.read(
            lambda connection: sqlite_append.subject_numbers(connection, names)
        )
        return [known.get(name) for name in names]

    def iter_subjects(self, after_number: int = -1) -> Iterator[SubjectColumns]:
        """Stream subjects whose number is above `after_number`, in batches."""
        while page := self._subject_page(after_number):
            yield sqlite_rows.subject_columns(page)
            after_number = page[-1][0]

    def iter_links(
        self, kinds: Sequence[LinkKind], after_sequence: int = 0, up_to_sequence: int | None = None
    ) -> Iterator[LinkColumns]:
        """Stream the links of these kinds with after < sequence <= up_to, superseded ones too."""
        words = rows.link_kind_values(kinds)
        up_to = self._until(up_to_sequence)
        while page := self._link_page(words, after_sequence, up_to):
            yield page
            after_sequence = int(page.sequence[-1])

    def superseded_between(self, after_sequence: int, up_to_sequence: int) -> NDArray[np.int64]:
        """Return, sorted, the sequences that records in (after, up_to] superseded."""
        found = self._database.read(
            lambda connection: records.superseded_between(
                connection, after_sequence, up_to_sequence
            )
        )
        return np.array(found, np.int64)

    def records(
        self, record_type: RecordType, *, after_sequence: int = 0, known_at: int | None = None
    ) -> Iterator[StoredRecord[Record]]:
        """Stream records of one type that stand as of `known_at`, in order of sequence."""
        standing_at = self._until(known_at)

        def page(after: int) -> list[Row]:
            return self._database.read(
                lambda connection: records.in_range(
                    connection,
                    record_type.value,
                    after=after,
                    up_to=standing_at,
                    standing_at=standing_at,
                    limit=RECORD_PAGE,
                )
            )

        return _stream(record_type, page, after_sequence, standing_at)

    def record(self, source: str, external_id: str) -> StoredRecord[Record] | None:
        """Return one record by its identity, superseded or not."""

        def find(connection: Connection) -> tuple[RecordType, Row] | None:
            for found in records.identities(connection, source, [external_id]):
                return _row_at(connection, found.sequence)
            return None

        found = self._database.read(find)
        return None if found is None else sqlite_rows.stored_record(*found, known_at=None)

    def headings(self, identities: Sequence[tuple[str, str]]) -> list[RecordHeading | None]:
        """Return what each (source, external id) is, in the order asked."""
        return self._database.read_one_state(
            lambda connection: rows.headings(identities, partial(records.headings, connection))
        )

    def record_at(self, sequence: int) -> StoredRecord[Record] | None:
        """Return one record by its sequence, superseded or not; None where it was erased."""
        found = self._database.read(lambda connection: _row_at(connection, sequence))
        return None if found is None else sqlite_rows.stored_record(*found, known_at=None)

    def records_of(
        self,
        subject: SubjectRef,
        record_type: RecordType,
        *,
        known_at: int | None = None,
        after_sequence: int = 0,
        limit: int = 100,
        link_kinds: Sequence[LinkKind] | None = None,
    ) -> list[StoredRecord[Record]]:
        """Return records that concern a subject, superseded ones too, in order of sequence.

        A report concerns the reported subject; a retraction mentions no subject.
        """
        up_to = self._until(known_at)
        (number,) = self.subject_numbers([subject])
        if number is None or limit < 1:
            return []
        found = self._database.read(
            lambda connection: records.of_subject(
                connection,
                record_type.value,
                number,
                after=after_sequence,
                up_to=up_to,
                limit=limit,
                link_kinds=None if link_kinds is None else rows.link_kind_values(link_kinds),
            )
        )
        return [sqlite_rows.stored_record(record_type, row, up_to) for row in found]

    def standing_of(
        self,
        subjects: Sequence[SubjectRef],
        record_type: RecordType,
        wanted: Wanted = EVERYTHING,
        *,
        after_sequence: int = 0,
        limit: int = 100,
    ) -> list[list[StoredRecord[Record]]]:
        """Return for each subject its next standing records; see `Reader.standing_of`."""
        narrowed = rows.wanted_row(wanted)
        names = [(ref.kind.value, ref.key) for ref in subjects]

        def read(connection: Connection) -> tuple[list[int | None], list[tuple[int, int]], Records]:
            up_to = records.last(connection).sequence
            known = sqlite_append.subject_numbers(connection, names)
            limits = {"after": after_sequence, "up_to": up_to, "limit": max(limit, 0)}
            found = records.standing_of_subjects(
                connection, record_type.value, known.values(), narrowed, limits
            )
            stored = _records_at(connection, record_type, [at for _, at in found], up_to)
            return [known.get(name) for name in names], found, stored

        numbers, found, stored = self._database.read_one_state(read)
        sequences: dict[int, list[int]] = {}
        for number, sequence in sorted(found):
            sequences.setdefault(number, []).append(sequence)
        return [
            [stored[sequence] for sequence in sequences.get(-1 if number is None else number, ())]
            for number in numbers
        ]

    def records_at(self, sequences: Sequence[int]) -> list[StoredRecord[Record] | None]:
        """Return links, events, reports and listings by sequence; see `Reader.records_at`."""

        def read(connection: Connection) -> Records:
            found: Records = {}
            for noun in records.EVIDENCE_NOUNS:
                found |= _records_at(connection, RecordType(noun), sequences, None)
            return found

        found = self._database.read_one_state(read)
        return [found.get(sequence) for sequence in sequences]

    def reports_by(
        self, reporter: SubjectRef, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return reports that a subject made, superseded ones too, in order of sequence."""
        up_to = self.last_sequence()
        (number,) = self.subject_numbers([reporter])
        if number is None or limit < 1:
            return []
        found = self._database.read(
            lambda connection: records.reports_by(
                connection, number, after=after_sequence, up_to=up_to, limit=limit
            )
        )
        return [sqlite_rows.stored_record(RecordType.REPORT, row, up_to) for row in found]

    def case_openings(
        self, purpose: str, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return the first entries of a purpose's cases, in order of sequence."""
        found = self._database.read(
            lambda connection: cases.openings(
                connection, purpose, after=after_sequence, limit=max(limit, 0)
            )
        )
        return [sqlite_rows.stored_record(RecordType.CASE_ENTRY, row, None) for row in found]

    def case_entries(self, case_ids: Sequence[str]) -> list[StoredRecord[Record]]:
        """Return all entries of some cases, in order of sequence."""
        found = self._database.read(lambda connection: cases.entries(connection, case_ids))
        return [sqlite_rows.stored_record(RecordType.CASE_ENTRY, row, None) for row in found]

    def subjects_without_records(self, limit: int = 1000) -> list[SubjectRef]:
        """Return subjects that no record mentions any more, some at a time."""
        found = self._database.read(
            lambda connection: erasures.subjects_without_records(connection, limit)
        )
        return [SubjectRef(SubjectKind(kind), key) for kind, key in found]

    def erasures(self) -> int:
        """Return how many erasures there were; copies made before the last are out of date."""
        return self._database.read(erasures.count)

    def listings(
        self,
        list_names: Sequence[str],
        *,
        known_at: int | None = None,
        kind: ListKind | None = None,
    ) -> Iterator[StoredRecord[Record]]:
        """Stream the listings on these lists that stand as of `known_at`, in order of sequence."""
        standing_at = self._until(known_at)

        def page(after: int) -> list[Row]:
            return self._database.read(
                lambda connection: listings.on_lists(
                    connection,
                    list_names,
                    list_kind=None if kind is None else kind.value,
                    after=after,
                    standing_at=standing_at,
                    limit=RECORD_PAGE,
                )
            )

        return _stream(RecordType.LISTING, page, 0, standing_at)

    def definition(
        self, kind: DefinitionKind, name: str, version: int | None = None
    ) -> StoredDefinition | None:
        """Return one version of a document, the highest where none is named."""
        found = self._database.read(
            lambda connection: definitions.one(connection, kind.value, name, version)
        )
        return None if found is None else rows.stored_definition(found)

    def definitions(self, kind: DefinitionKind) -> list[StoredDefinition]:
        """Return all versions of all documents of a kind, by name and version."""
        found = self._database.read(lambda connection: definitions.of_kind(connection, kind.value))
        return [rows.stored_definition(row) for row in found]

    def run(self, run_id: str) -> ScoreRun | None:
        """Return a published run."""
        found = self._database.read(lambda connection: score_runs.one(connection, run_id))
        return None if found is None else rows.score_run(found)

    def runs(self, purpose: str | None = None, limit: int = 100) -> list[ScoreRun]:
        """Return published runs, the latest published first."""
        found = self._database.read(
            lambda connection: score_runs.published(connection, purpose, max(limit, 0))
        )
        return [rows.score_run(row) for row in found]

    def current_run(self, programme: str) -> ScoreRun | None:
        """Return the run that was published last for a programme."""
        found = self._database.read(lambda connection: score_runs.current(connection, programme))
        return None if found is None else rows.score_run(found)

    def run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a published run's payload in order."""
        chunk = _BEFORE_FIRST_CHUNK
        while found := self._next_chunk(run_id, chunk):
            chunk, payload = found
            yield payload

    def held_run(self, run_id: str) -> HeldRun | None:
        """Return a run that waits for its release."""
        found = self._database.read(lambda connection: score_runs.one_held(connection, run_id))
        return None if found is None else rows.held_run(found)

    def held_runs(self, purpose: str | None = None) -> list[HeldRun]:
        """Return the runs that wait for their release, the latest first."""
        found = self._database.read(lambda connection: score_runs.all_held(connection, purpose))
        return [rows.held_run(row) for row in found]

    def held_run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a waiting run's payload in order."""
        chunk = _BEFORE_FIRST_CHUNK
        while found := self._next_held_chunk(run_id, chunk):
            chunk, payload = found
            yield payload

    def last_audit_position(self) -> int:
        """Return the position of the audit chain's last entry, 0 where there is none."""
        last = self._database.read(audit.last)
        return 0 if last is None else last.position

    def audit_entries(
        self, after_position: int = 0, limit: int = 1000, wanted: WantedEntries = EVERY_ENTRY
    ) -> list[AuditEntry]:
        """Return entries of the audit chain in order of position (from 1)."""
        narrowed = rows.wanted_entries_row(wanted)
        found = self._database.read(
            lambda connection: audit.after(connection, after_position, max(limit, 0), narrowed)
        )
        return [rows.audit_entry(row) for row in found]

    def audit_entries_at(self, positions: Sequence[int]) -> list[AuditEntry | None]:
        """Return entries by position, None where there is none; in the order asked."""
        found = self._database.read(lambda connection: audit.at(connection, positions))
        entries = {row.position: rows.audit_entry(row) for row in found}
        return [entries.get(position) for position in positions]

    def _until(self, sequence: int | None) -> int:
        """Return the sequence, or the last one where none or a later one is named."""
        last = self.last_sequence()
        return last if sequence is None else min(sequence, last)

    def _subject_page(self, after_number: int) -> list[tuple[int, str, str]]:
        return self._database.read(
            lambda connection: subjects.after(connection, after_number, SUBJECT_PAGE)
        )

    def _next_chunk(self, run_id: str, after: int) -> tuple[int, bytes] | None:
        return self._database.read(
            lambda connection: score_runs.next_chunk(connection, run_id, after)
        )

    def _next_held_chunk(self, run_id: str, after: int) -> tuple[int, bytes] | None:
        return self._database.read(
            lambda connection: score_runs.next_held_chunk(connection, run_id, after)
        )

    def _link_page(self, kinds: list[str], after: int, up_to: int) -> LinkColumns | None:
        def read(connection: Connection) -> LinkColumns | None:
            cursor = links.columns(
                connection,
                kinds,
                after=after,
                up_to=up_to,
                limit=LINK_PAGE,
                no_start_us=NO_START_US,
                no_end_us=NO_END_US,
            )
            return sqlite_rows.link_columns(
                iter(lambda: cursor.fetchmany(_LINK_PART), []),
                lambda first, last: records.supersessions_of(connection, first, last),
            )

        return self._database.read(read)


def _stream(
    record_type: RecordType, page: Callable[[int], list[Row]], after: int, known_at: int
) -> Iterator[StoredRecord[Record]]:
    while found := page(after):
        for row in found:
            yield sqlite_rows.stored_record(record_type, row, known_at)
        after = found[-1]["sequence"]


def _records_at(
    connection: Connection, record_type: RecordType, sequences: Sequence[int], known_at: int | None
) -> Records:
    if not sequences:
        return {}
    return {
        row["sequence"]: sqlite_rows.stored_record(record_type, row, known_at)
        for row in records.at(connection, record_type.value, sequences)
    }


def _row_at(connection: Connection, sequence: int) -> tuple[RecordType, Row] | None:
    noun = records.noun_at(connection, sequence)
    if noun is None:
        return None
    (row,) = records.in_range(
        connection, noun, after=sequence - 1, up_to=sequence, standing_at=None, limit=1
    )
    return RecordType(noun), row


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It will hold personal data: for its owner's eyes only, unless they decide otherwise.
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailableError(
            f"no store can be made at {path}: {error.strerror}; give a path that can be written"
        ) from error
