"""The production store: the port on one Neo4j database, whose graph analysts may query too."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from graphsvc.errors import ConflictError
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
from graphsvc.runs import SubjectScore
from graphsvc.store import neo4j_append, neo4j_erase, neo4j_links, neo4j_runs, neo4j_scores
from graphsvc.store.batch import draft
from graphsvc.store.neo4j_database import DEFAULT_RETRY_S, Database
from graphsvc.store.neo4j_rows import stored_record, subject_columns
from graphsvc.store.ports import (
    EVERY_ENTRY,
    EVERYTHING,
    AppendOutcome,
    AuditOf,
    LinkColumns,
    RecordHeading,
    SubjectColumns,
    Wanted,
    WantedEntries,
)
from graphsvc.store.rows import (
    audit_entry,
    definition_row,
    headings,
    held_run,
    link_kind_values,
    score_run,
    stored_definition,
    wanted_entries_row,
    wanted_row,
)
from queries.neo4j import (
    Transaction,
    audit,
    cases,
    definitions,
    erasures,
    ledger,
    records,
    schema,
    score_runs,
    subjects,
)
from queries.rows import Row

RECORD_PAGE = 5_000
SUBJECT_PAGE = 50_000
ALL_LINK_KINDS = link_kind_values(list(LinkKind))
_EVIDENCE_NODES = frozenset({RecordType.EVENT, RecordType.REPORT, RecordType.LISTING})
_CHUNKS_AT_ONCE = 8
_BEFORE_FIRST_CHUNK = -(2**63)


class Page(Protocol):
    """Reads some rows whose sequence is above `after`, at most RECORD_PAGE."""

    def __call__(self, transaction: Transaction, after: int) -> list[Row]:
        """Return them in order of sequence."""


class Neo4jStore:
    """A `Store` in one Neo4j database.

    Iterators read page by page, each up to the sequence that was the last when they began: no
    transaction stays open between pages, and no page needs much of the server's memory.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        user: str,
        password: str,
        database: str | None = None,
        retry_s: float = DEFAULT_RETRY_S,
    ) -> Neo4jStore:
        """Open the store at `neo4j://HOST:PORT` (also bolt, +s); `migrate` it if it is new.

        `retry_s` is for how long what failed in passing is tried again. A database that isn't the
        user's own may also be named by the URI's path.

        Raises:
            SettingsError: the URI can't be used.
            StoreUnavailableError: nobody answers there.
            StoreError: the login is refused.
        """
        return cls(
            Database.open(uri, user=user, password=password, database=database, retry_s=retry_s)
        )

    def migrate(self) -> list[str]:
        """Bring the schema up to date; return the names of the migrations applied."""
        return self._database.migrate()

    def describe(self) -> str:
        """Return what this store is, in words, without secrets."""
        return f"{self._database.address}, schema version {self._database.schema_version()}"

    def close(self) -> None:
        """Release connections; the store can't be used afterwards."""
        self._database.close()

    # Writer

    def append(
        self, records: Sequence[Record], *, whole: bool = False, audit_of: AuditOf | None = None
    ) -> list[AppendOutcome]:
        """Store the batch in one transaction; see `Writer.append`.

        The server holds the whole batch in its heap until it commits: some 7 kB for each link.
        """
        if not records:
            return []
        drafts = [draft(record) for record in records]
        token = uuid.uuid4().hex

        def work(transaction: Transaction) -> list[AppendOutcome]:
            outcomes = neo4j_append.append(transaction, drafts, token, whole=whole)
            if audit_of is not None and (entries := audit_of(outcomes)):
                neo4j_append.append_audit(transaction, entries, token)
            return outcomes

        return self._database.write(work)

    def check(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Say what `append` would do with the batch now, and store nothing."""
        if not records:
            return []
        drafts = [draft(record) for record in records]
        return self._database.read(lambda transaction: neo4j_append.check(transaction, drafts))

    def append_audit(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        """Add audit entries to the end of the chain."""
        if not drafts:
            return []
        token = uuid.uuid4().hex
        return self._database.write(
            lambda transaction: neo4j_append.append_audit(transaction, drafts, token)
        )

    def save_definition(self, definition: StoredDefinition) -> None:
        """Store one version of a document; the same again changes nothing."""
        row = definition_row(definition)
        stored = self._database.write(lambda transaction: definitions.insert(transaction, row))
        if stored != row.body:
            raise ConflictError(
                f"{row.kind} {row.name} version {row.version} is stored with another body; "
                "give the changed document the next version"
            )

    def take_run(self, run_id: str, fence: int) -> None:
        """Let only who holds `fence`, or a higher number, stage or publish a run from here on."""
        token = uuid.uuid4().hex
        self._database.write(lambda transaction: neo4j_runs.take(transaction, token, run_id, fence))

    def stage_run_chunk(
        self, run_id: str, chunk: int, payload: bytes, *, fence: int | None = None
    ) -> None:
        """Store one part of a run's payload, invisible until `publish_run`."""
        token = uuid.uuid4().hex
        self._database.write(
            lambda transaction: neo4j_runs.stage(transaction, token, run_id, chunk, payload, fence)
        )

    def publish_run(self, run: ScoreRun, *, fence: int | None = None) -> None:
        """Make the staged run visible and current for its programme, in one step."""
        token = uuid.uuid4().hex
        self._database.write(lambda transaction: neo4j_runs.publish(transaction, token, run, fence))

    def republish_run(self, run_id: str) -> None:
        """Make a published run current for its programme again, in one step."""
        token = uuid.uuid4().hex
        self._database.write(lambda transaction: neo4j_runs.republish(transaction, token, run_id))

    def prune_run(self, run_id: str, at: datetime) -> None:
        """Remove a published run's values and note the time; all else that it says stays."""
        token, at_us = uuid.uuid4().hex, to_microseconds(at)
        self._database.write(
            lambda transaction: neo4j_runs.mark_pruned(transaction, token, run_id, at_us)
        )
        # Some chunks at a time: their payloads lie in the server's heap until the commit.
        while self._database.write(
            lambda transaction: score_runs.delete_pruned_chunks(
                transaction, run_id, _CHUNKS_AT_ONCE
            )
        ):
            pass

    def hold_run(self, held: HeldRun, *, fence: int | None = None) -> None:
        """Let a staged run wait, unseen, for its release."""
        token = uuid.uuid4().hex
        self._database.write(lambda transaction: neo4j_runs.hold(transaction, token, held, fence))

    def discard_staged_run(self, run_id: str) -> None:
        """Remove the chunks of one run that was never published."""
        token = uuid.uuid4().hex

        def discard(transaction: Transaction) -> int:
            return neo4j_runs.discard(transaction, token, run_id, _CHUNKS_AT_ONCE)

        # Some chunks at a time: their payloads lie in the server's heap until the commit.
        while self._database.write(discard):
            pass

    def discard_staged_runs(self) -> int:
        """Remove chunks of runs that were never published; return how many runs."""
        run_ids = self._database.read(score_runs.staged)
        for run_id in run_ids:
            self.discard_staged_run(run_id)
        return len(run_ids)

    def erase(self, records: Mapping[int, str], subjects: Mapping[SubjectRef, str]) -> None:
        """Remove for good what records say and what subjects are called; see `Writer.erase`.

        The server's own files keep older content until it has reused them and its transaction
        logs have been pruned.
        """
        token = uuid.uuid4().hex
        self._database.write(
            lambda transaction: neo4j_erase.erase(transaction, token, records, subjects)
        )

    def redact_run(self, run: ScoreRun, staged_as: str, *, replaces: str) -> None:
        """Put chunks staged under another name in the place of a published run's."""
        token = uuid.uuid4().hex
        self._database.write(
            lambda transaction: neo4j_runs.redact(transaction, token, run, staged_as, replaces)
        )

    # Analysts' own Cypher

    def begin_write_back(self, run: ScoreRun) -> None:
        """Note that a run's scores are being written onto the subjects."""
        token = uuid.uuid4().hex
        self._database.write(lambda transaction: neo4j_scores.begin(transaction, token, run))

    def write_back(self, run: ScoreRun, scores: Sequence[SubjectScore]) -> int:
        """Write some scores onto their subjects; return how many of these there are."""
        token = uuid.uuid4().hex
        return self._database.write(
            lambda transaction: neo4j_scores.put(transaction, token, run, scores)
        )

    def end_write_back(self, run: ScoreRun) -> int:
        """Take off what is of other runs, and note that all is written; return how many had."""
        token = uuid.uuid4().hex
        removed = 0
        for after in range(-1, self.count_subjects(), SUBJECT_PAGE):
            up_to = after + SUBJECT_PAGE
            removed += self._database.write(
                partial(neo4j_scores.remove_others, token=token, run=run, after=after, up_to=up_to)
            )
        self._database.write(lambda transaction: neo4j_scores.complete(transaction, token, run))
        return removed

    def remove_write_back(self, purpose: str) -> int:
        """Take a purpose's scores off all subjects; return how many had some."""
        token = uuid.uuid4().hex
        removed = 0
        for after in range(-1, self.count_subjects(), SUBJECT_PAGE):
            up_to = after + SUBJECT_PAGE
            removed += self._database.write(
                partial(neo4j_scores.remove, token=token, purpose=purpose, after=after, up_to=up_to)
            )
        return removed

    # Reader

    def store_id(self) -> str:
        """Return the id, made at creation, that tells this store from every other."""
        return self._database.read(schema.store_id)

    def last_sequence(self) -> int:
        """Return the highest sequence number given, 0 in an empty store."""
        return self._database.read(ledger.state).sequence

    def sequence_at(self, recorded_until: datetime) -> int:
        """Return the last sequence number recorded at or before a time, 0 if none was."""
        until_us = to_microseconds(recorded_until)
        return self._database.read(lambda transaction: ledger.sequence_at(transaction, until_us))

    def count_subjects(self) -> int:
        """Return how many subjects have been registered or mentioned."""
        return self._database.read(ledger.state).subjects

    def count_records(self) -> dict[RecordType, int]:
        """Return how many records of each type were accepted, superseded ones included."""
        counts = self._database.read(ledger.count)
        return {record_type: counts[record_type.value] for record_type in RecordType}

    def subject_numbers(self, refs: Sequence[SubjectRef]) -> list[int | None]:
        """Return each subject's number, None where it is unknown; in the order asked."""
        ids = [str(ref) for ref in refs]
        return self._database.read(lambda transaction: subjects.numbers(transaction, ids))

    def iter_subjects(self, after_number: int = -1) -> Iterator[SubjectColumns]:
        """Stream subjects whose number is above `after_number`, in batches."""
        last = self.count_subjects() - 1
        for after in range(after_number, last, SUBJECT_PAGE):
            yield self._subject_page(after, min(after + SUBJECT_PAGE, last))

    def iter_links(
        self, kinds: Sequence[LinkKind], after_sequence: int = 0, up_to_sequence: int | None = None
    ) -> Iterator[LinkColumns]:
        """Stream the links of these kinds with after < sequence <= up_to, superseded ones too."""
        now = self.last_sequence()
        end = _earlier(up_to_sequence, now)
        yield from neo4j_links.columns(self._database, kinds, after_sequence, end, now)

    def superseded_between(self, after_sequence: int, up_to_sequence: int) -> NDArray[np.int64]:
        """Return, sorted, the sequences that records in (after, up_to] superseded."""
        # What a number read just now counts may still be in the course of being applied; the next
        # transaction waits for it.
        end = _earlier(up_to_sequence, self.last_sequence())
        found = self._database.read(
            lambda transaction: ledger.superseded_between(transaction, after_sequence, end)
        )
        return np.array(found, np.int64)

    def records(
        self, record_type: RecordType, *, after_sequence: int = 0, known_at: int | None = None
    ) -> Iterator[StoredRecord[Record]]:
        """Stream records of one type that stand as of `known_at`, in order of sequence."""
        now = self.last_sequence()
        end = _earlier(known_at, now)
        if record_type is RecordType.LINK:
            found = neo4j_links.rows(self._database, ALL_LINK_KINDS, after_sequence, end, now)
            return (
                stored_record(record_type, row, end)
                for row in found
                if row.get("superseded_by") is None or row["superseded_by"] > end
            )

        def page(transaction: Transaction, after: int) -> list[Row]:
            return records.standing(
                transaction, record_type.value, after=after, known_at=end, limit=RECORD_PAGE
            )

        pages = self._pages(page, after_sequence)
        return (stored_record(record_type, row, end) for row in pages)

    def record(self, source: str, external_id: str) -> StoredRecord[Record] | None:
        """Return one record by its identity, superseded or not."""
        now = self.last_sequence()
        found = self._database.read(
            lambda transaction: records.one(transaction, source, external_id)
        )
        return self._record_of(found, now)

    def headings(self, identities: Sequence[tuple[str, str]]) -> list[RecordHeading | None]:
        """Return what each (source, external id) is, in the order asked."""
        self.last_sequence()  # so that what others have added by now is seen whole
        return self._database.read(
            lambda transaction: headings(identities, partial(records.headings, transaction))
        )

    def record_at(self, sequence: int) -> StoredRecord[Record] | None:
        """Return one record by its sequence, superseded or not; None where it was erased."""
        now = self.last_sequence()
        found = self._database.read(lambda transaction: records.at(transaction, sequence))
        return self._record_of(found, now)

    def _record_of(self, found: Row | None, now: int) -> StoredRecord[Record] | None:
        """Return the record that the ledger names; of a link it knows not all."""
        if found is None or found.get("record_type") == neo4j_erase.ERASED:
            return None
        if "link_kind" not in found:
            return stored_record(RecordType(found["record_type"]), found)
        sequence = found["sequence"]
        (link,) = neo4j_links.rows(
            self._database, [found["link_kind"]], sequence - 1, sequence, now
        )
        return stored_record(RecordType.LINK, link)

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
        if limit < 1:
            return []
        now = self.last_sequence()
        end = _earlier(known_at, now)
        if record_type is RecordType.LINK:
            found = neo4j_links.rows_of_subject(
                self._database,
                str(subject),
                ALL_LINK_KINDS if link_kinds is None else link_kind_values(link_kinds),
                after=after_sequence,
                up_to=end,
                limit=limit,
                now=now,
            )
        else:
            found = self._database.read(
                lambda transaction: records.of_subject(
                    transaction,
                    record_type.value,
                    str(subject),
                    after=after_sequence,
                    up_to=end,
                    limit=limit,
                )
            )
        return [stored_record(record_type, row, end) for row in found]

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
        end = self.last_sequence()
        narrowed = wanted_row(wanted)
        limits = {"after": after_sequence, "up_to": end, "limit": max(limit, 0)}
        ids = [str(subject) for subject in dict.fromkeys(subjects)]
        if record_type is RecordType.LINK:
            kinds = ALL_LINK_KINDS if wanted.kinds is None else list(wanted.kinds)
            found = neo4j_links.standing_of_subjects(self._database, ids, kinds, narrowed, limits)
        else:
            found = self._database.read(
                lambda transaction: records.standing_of_subjects(
                    transaction, record_type.value, ids, narrowed, limits
                )
            )
        return [
            [stored_record(record_type, row, end) for row in found.get(str(subject), ())]
            for subject in subjects
        ]

    def records_at(self, sequences: Sequence[int]) -> list[StoredRecord[Record] | None]:
        """Return links, events, reports and listings by sequence; see `Reader.records_at`."""
        entries = self._database.read(lambda transaction: records.many_at(transaction, sequences))
        found = {
            row["sequence"]: stored_record(RecordType(row["record_type"]), row)
            for row in entries
            if row.get("record_type") in _EVIDENCE_NODES
        }
        kind_at = {row["sequence"]: row["link_kind"] for row in entries if "link_kind" in row}
        if kind_at:
            kinds = sorted(set(kind_at.values()))
            for row in neo4j_links.rows_at(self._database, kinds, sorted(kind_at)):
                found[row["sequence"]] = stored_record(RecordType.LINK, row)
        return [found.get(sequence) for sequence in sequences]

    def reports_by(
        self, reporter: SubjectRef, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return reports that a subject made, superseded ones too, in order of sequence."""
        end = self.last_sequence()
        found = self._database.read(
            lambda transaction: records.reports_by(
                transaction, str(reporter), after=after_sequence, up_to=end, limit=max(limit, 0)
            )
        )
        return [stored_record(RecordType.REPORT, row, end) for row in found]

    def case_openings(
        self, purpose: str, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return the first entries of a purpose's cases, in order of sequence."""
        self.last_sequence()  # so that what others have added by now is seen whole
        found = self._database.read(
            lambda transaction: cases.openings(
                transaction, purpose, after=after_sequence, limit=max(limit, 0)
            )
        )
        return [stored_record(RecordType.CASE_ENTRY, row) for row in found]

    def case_entries(self, case_ids: Sequence[str]) -> list[StoredRecord[Record]]:
        """Return all entries of some cases, in order of sequence."""
        self.last_sequence()  # so that what others have added by now is seen whole
        found = self._database.read(lambda transaction: cases.entries(transaction, case_ids))
        return [stored_record(RecordType.CASE_ENTRY, row) for row in found]

    def subjects_without_records(self, limit: int = 1000) -> list[SubjectRef]:
        """Return subjects that no record mentions any more, some at a time."""
        found = self._database.read(
            lambda transaction: erasures.subjects_without_records(transaction, limit)
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
        end = _earlier(known_at, self.last_sequence())

        def of_list(list_name: str) -> Iterator[Row]:
            def page(transaction: Transaction, after: int) -> list[Row]:
                return records.listings(
                    transaction,
                    list_name,
                    list_kind=None if kind is None else kind.value,
                    after=after,
                    known_at=end,
                    limit=RECORD_PAGE,
                )

            return self._pages(page, 0)

        lists = [of_list(list_name) for list_name in dict.fromkeys(list_names)]
        merged = heapq.merge(*lists, key=_sequence)
        return (stored_record(RecordType.LISTING, row, end) for row in merged)

    def definition(
        self, kind: DefinitionKind, name: str, version: int | None = None
    ) -> StoredDefinition | None:
        """Return one version of a document, the highest where none is named."""
        found = self._database.read(
            lambda transaction: definitions.one(transaction, kind.value, name, version)
        )
        return None if found is None else stored_definition(found)

    def definitions(self, kind: DefinitionKind) -> list[StoredDefinition]:
        """Return all versions of all documents of a kind, by name and version."""
        found = self._database.read(lambda transaction: definitions.every(transaction, kind.value))
        return [stored_definition(row) for row in found]

    def run(self, run_id: str) -> ScoreRun | None:
        """Return a published run."""
        found = self._database.read(lambda transaction: score_runs.one(transaction, run_id))
        return None if found is None else score_run(found)

    def runs(self, purpose: str | None = None, limit: int = 100) -> list[ScoreRun]:
        """Return published runs, the latest published first."""
        found = self._database.read(
            lambda transaction: score_runs.published(transaction, purpose, max(limit, 0))
        )
        return [score_run(row) for row in found]

    def current_run(self, programme: str) -> ScoreRun | None:
        """Return the run that was published last for a programme."""
        found = self._database.read(lambda transaction: score_runs.current(transaction, programme))
        return None if found is None else score_run(found)

    def run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a published run's payload in order."""
        run = self.run(run_id)
        if run is None or run.pruned_at is not None:
            return
        yield from self._chunks(run_id)

    def held_run(self, run_id: str) -> HeldRun | None:
        """Return a run that waits for its release."""
        found = self._database.read(lambda transaction: score_runs.one_held(transaction, run_id))
        return None if found is None else held_run(found)

    def held_runs(self, purpose: str | None = None) -> list[HeldRun]:
        """Return the runs that wait for their release, the latest first."""
        found = self._database.read(lambda transaction: score_runs.all_held(transaction, purpose))
        return [held_run(row) for row in found]

    def held_run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a waiting run's payload in order."""
        if self.held_run(run_id) is None:
            return
        yield from self._chunks(run_id)

    def last_audit_position(self) -> int:
        """Return the position of the audit chain's last entry, 0 where there is none."""
        return self._database.read(audit.last_position)

    def audit_entries(
        self, after_position: int = 0, limit: int = 1000, wanted: WantedEntries = EVERY_ENTRY
    ) -> list[AuditEntry]:
        """Return entries of the audit chain in order of position (from 1)."""
        narrowed = wanted_entries_row(wanted)
        found = self._database.read(
            lambda transaction: audit.after(transaction, after_position, max(limit, 0), narrowed)
        )
        return [audit_entry(row) for row in found]

    def audit_entries_at(self, positions: Sequence[int]) -> list[AuditEntry | None]:
        """Return entries by position, None where there is none; in the order asked."""
        found = self._database.read(lambda transaction: audit.at(transaction, positions))
        entries = {row.position: audit_entry(row) for row in found}
        return [entries.get(position) for position in positions]

    def _subject_page(self, after: int, up_to: int) -> SubjectColumns:
        found = self._database.read(
            lambda transaction: subjects.columns(transaction, after=after, up_to=up_to)
        )
        return subject_columns(found)

    def _pages(self, page: Page, after: int) -> Iterator[Row]:
        while True:
            found = self._database.read(partial(page, after=after))
            yield from found
            if len(found) < RECORD_PAGE:
                return
            after = _sequence(found[-1])

    def _chunks(self, run_id: str) -> Iterator[bytes]:
        chunk = _BEFORE_FIRST_CHUNK
        while found := self._next_chunk(run_id, chunk):
            chunk, payload = found
            yield payload

    def _next_chunk(self, run_id: str, after: int) -> tuple[int, bytes] | None:
        return self._database.read(
            lambda transaction: score_runs.next_chunk(transaction, run_id, after)
        )


def _sequence(row: Row) -> int:
    return int(row["sequence"])


def _earlier(asked: int | None, now: int) -> int:
    return now if asked is None else min(asked, now)
