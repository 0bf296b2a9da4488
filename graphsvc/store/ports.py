"""What the service needs of a store, and all that it may use of one.

Every adapter keeps these promises, and `tests/contract/` holds each of them to all:

- an accepted record gets the next sequence number: no gaps, no doubles, in commit order, with any
  number of processes writing at once;
- (source, external_id) is unique over all record types; sending a record again changes nothing;
- nothing is lost: a corrected or withdrawn record stays readable with `superseded_by` set;
- `append` is atomic: after a crash a batch is there whole or not at all;
- a run is visible to readers whole or not at all;
- what is erased is gone from every answer; its place in the sequence stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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
    SubjectRef,
)

if TYPE_CHECKING:
    from graphsvc.runs import SubjectScore

NO_START_US = np.iinfo(np.int64).min
"""`valid_from_us` of a link without a start."""

NO_END_US = np.iinfo(np.int64).max
"""`valid_to_us` of a link without an end."""

LINK_KIND_CODES: dict[LinkKind, int] = {kind: code for code, kind in enumerate(LinkKind)}
"""One byte for each link kind, in columns and snapshots."""


class AppendStatus(StrEnum):
    """What became of one record of a batch."""

    ACCEPTED = "accepted"  # stored under a new sequence number
    UNCHANGED = "unchanged"  # the same record is there already
    CONFLICT = "conflict"  # refused; `reason` says why


@dataclass(frozen=True, slots=True)
class AppendOutcome:
    """What became of one record of a batch; `field` and `reason` where it was refused."""

    status: AppendStatus
    sequence: int | None = None
    field: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RecordHeading:
    """What a record is, without what it says.

    `sort` is what purposes permit it by: a link's or event's kind, a report's category, a listing's
    list; empty for the rest.
    """

    sequence: int
    record_type: RecordType
    sort: str


AuditOf = Callable[[Sequence[AppendOutcome]], Sequence[AuditDraft]]
"""Makes the audit's entries on a batch from what became of it; may be called more than once."""


@dataclass(frozen=True, slots=True)
class SubjectColumns:
    """Subjects in order of `number`, which the store gave them from 0 without gaps."""

    number: NDArray[np.int64]
    kind: list[str]
    key: list[str]


@dataclass(frozen=True, slots=True)
class LinkColumns:
    """Links in order of sequence, one array a column, all of one length.

    `src` and `dst` are subject numbers, `kind` codes of LINK_KIND_CODES. `superseded_by` is 0 where
    the record still stands. Missing times are NO_START_US and NO_END_US.
    """

    sequence: NDArray[np.int64]
    kind: NDArray[np.uint8]
    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    weight: NDArray[np.float64]
    count: NDArray[np.int64]
    valid_from_us: NDArray[np.int64]
    valid_to_us: NDArray[np.int64]
    superseded_by: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of a subject's records are wanted; what is None does not narrow.

    `kinds` are link kinds, event kinds, report categories or names of lists, as words. `since`
    (included) and `until` (excluded) are about the time that a record tells of: when an event took
    place, a report was made, a listing or a link began. `not_over_before` leaves out what was over
    earlier; see `snapshot.retention`. `is_outgoing` is for links, `is_open` for reports, and
    `in_force_at` for listings.
    """

    kinds: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    not_over_before: datetime | None = None
    is_outgoing: bool | None = None
    is_open: bool | None = None
    in_force_at: datetime | None = None


EVERYTHING = Wanted()
"""All standing records of a type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEntries:
    """Which entries of the audit are wanted; what is None does not narrow.

    `subject` is a pseudonym. `since` (included) is compared with the texts of times, which the
    service writes in UTC.
    """

    purpose: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None


EVERY_ENTRY = WantedEntries()
"""The whole chain."""


class Writer(Protocol):
    """Adds; never changes."""

    def append(
        self, records: Sequence[Record], *, whole: bool = False, audit_of: AuditOf | None = None
    ) -> list[AppendOutcome]:
        """Store the batch in one transaction; outcomes are in the order of `records`.

        With `whole`, a conflict of one record leaves none of them stored. What `audit_of` returns
        is added to the audit chain in the same transaction: both are there, or neither.

        Subjects that a record mentions are created with the next subject numbers, in order of
        mention (fields in declared order). A record with `supersedes` needs its target to exist
        (in the store or earlier in the batch), with the same source and, unless it is a
        retraction, the same type, not superseded yet; otherwise it is a CONFLICT on the field
        `supersedes`. A known (source, external_id) with other content is a CONFLICT on the field
        `external_id`. Conflicts leave no trace, not even their subjects; the rest is stored.

        Raises:
            ConflictError: with `whole`, the first conflict; nothing was stored.
            StoreUnavailableError: the store can't be reached or stays locked.
        """

    def check(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Say what `append` would do with the batch now, and store nothing (sequence is None)."""

    def append_audit(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        """Add audit entries to the end of the chain."""

    def save_definition(self, definition: StoredDefinition) -> None:
        """Store one version of a document; the same again changes nothing.

        Raises:
            ConflictError: that name and version is stored with another body.
        """

    def take_run(self, run_id: str, fence: int) -> None:
        """Let only who holds `fence`, or a higher number, stage or publish a run from here on.

        That lasts until it is published. Whoever gives no number is not asked for one.

        Raises:
            LeaseLostError: somebody holds a higher number.
        """

    def stage_run_chunk(
        self, run_id: str, chunk: int, payload: bytes, *, fence: int | None = None
    ) -> None:
        """Store one part of a run's payload, invisible to readers until `publish_run`.

        The same chunk again overwrites, so that a crashed job can start over.

        Raises:
            ConflictError: the run is published already.
            LeaseLostError: somebody holds a higher number than `fence`.
        """

    def publish_run(self, run: ScoreRun, *, fence: int | None = None) -> None:
        """Make the staged run visible and current for its programme, in one step.

        If it was held, it is held no longer.

        Raises:
            ConflictError: the run is published already, chunks are missing (their sizes don't add
                up to `payload_bytes`), or `erasures` is no longer the store's count.
            LeaseLostError: somebody holds a higher number than `fence`.
        """

    def republish_run(self, run_id: str) -> None:
        """Make a published run current for its programme again, in one step.

        It counts as the one published last; no other run changes.

        Raises:
            RunNotFoundError: no such run is published, or its values were pruned.
        """

    def prune_run(self, run_id: str, at: datetime) -> None:
        """Remove a published run's values and note the time; all else that it says stays.

        Once pruned, it stays so; again changes nothing.

        Raises:
            RunNotFoundError: no such run is published.
            ConflictError: it is the current one of its programme.
        """

    def hold_run(self, held: HeldRun, *, fence: int | None = None) -> None:
        """Let a staged run wait for a person's release: readers of runs don't see it.

        Holding it again changes its reasons and its description, not the time.

        Raises:
            ConflictError: it could not be published either.
            LeaseLostError: somebody holds a higher number than `fence`.
        """

    def discard_staged_run(self, run_id: str) -> None:
        """Remove one run that was never published, held or not; none changes nothing."""

    def discard_staged_runs(self) -> int:
        """Remove runs that were never published, held ones too; return how many."""

    def erase(self, records: Mapping[int, str], subjects: Mapping[SubjectRef, str]) -> None:
        """Remove for good what records say and what subjects are called, in one transaction.

        Of a record its sequence, source and time stay, with the given pseudonym for its external
        id; of a subject its number and kind, with the given pseudonym for its key. No pseudonym may
        be used twice. What superseded an erased record stays, with that pseudonym in
        `supersedes`; what was superseded by one stays as it is. `erasures` grows by one.

        Raises:
            ConflictError: a record that stays mentions one of the subjects; nothing was erased.
        """

    def redact_run(self, run: ScoreRun, staged_as: str, *, replaces: str) -> None:
        """Put chunks staged under another name in the place of a published run's, in one step.

        `run` is the published one with its new `subjects`, `checksum` and `payload_bytes`;
        `replaces` is the checksum of the payload that the new one was made of.

        Raises:
            RunNotFoundError: no such run is published.
            ConflictError: the run's checksum is not `replaces` any more, or the sizes of the staged
                chunks don't add up to `payload_bytes`.
        """


class Reader(Protocol):
    """Reads any past state.

    `known_at` is a sequence number: the answer is as it was when that record was the last one
    (None: now).
    """

    def store_id(self) -> str:
        """Return the id, made at creation, that tells this store from every other."""

    def last_sequence(self) -> int:
        """Return the highest sequence number given, 0 in an empty store."""

    def sequence_at(self, recorded_until: datetime) -> int:
        """Return the last sequence number recorded at or before a time, 0 if none was."""

    def count_subjects(self) -> int:
        """Return how many subjects have been registered or mentioned."""

    def count_records(self) -> dict[RecordType, int]:
        """Return how many records of each type were accepted, superseded ones included."""

    def subject_numbers(self, refs: Sequence[SubjectRef]) -> list[int | None]:
        """Return each subject's number, None where it is unknown; in the order asked."""

    def iter_subjects(self, after_number: int = -1) -> Iterator[SubjectColumns]:
        """Stream subjects whose number is above `after_number`, in batches."""

    def iter_links(
        self, kinds: Sequence[LinkKind], after_sequence: int = 0, up_to_sequence: int | None = None
    ) -> Iterator[LinkColumns]:
        """Stream the links of these kinds with after < sequence <= up_to, superseded ones too."""

    def superseded_between(self, after_sequence: int, up_to_sequence: int) -> NDArray[np.int64]:
        """Return, sorted, the sequences that records in (after, up_to] superseded."""

    def records(
        self, record_type: RecordType, *, after_sequence: int = 0, known_at: int | None = None
    ) -> Iterator[StoredRecord[Record]]:
        """Stream records of one type that stand as of `known_at`, in order of sequence.

        A record superseded only after `known_at` is given with `superseded_by` None.
        """

    def record(self, source: str, external_id: str) -> StoredRecord[Record] | None:
        """Return one record by its identity, superseded or not; None where it was erased."""

    def headings(self, identities: Sequence[tuple[str, str]]) -> list[RecordHeading | None]:
        """Return what each (source, external id) is, superseded or not, in the order asked.

        None where it was never there or was erased.
        """

    def record_at(self, sequence: int) -> StoredRecord[Record] | None:
        """Return one record by its sequence, superseded or not; None where it was erased."""

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
        """Return records that concern a subject (links: at either end), in order of sequence."""

    def standing_of(
        self,
        subjects: Sequence[SubjectRef],
        record_type: RecordType,
        wanted: Wanted = EVERYTHING,
        *,
        after_sequence: int = 0,
        limit: int = 100,
    ) -> list[list[StoredRecord[Record]]]:
        """Return for each subject, in the order asked, its next standing records by sequence.

        `limit` is for each subject. They are links (at either end), events, reports on it, or
        listings; of other types there are none. One read, however many subjects there are.
        """

    def records_at(self, sequences: Sequence[int]) -> list[StoredRecord[Record] | None]:
        """Return links, events, reports and listings by sequence, superseded or not.

        None stands where there is none of these, or it was erased; in the order asked.
        """

    def reports_by(
        self, reporter: SubjectRef, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return reports that a subject made, superseded ones too, in order of sequence."""

    def case_openings(
        self, purpose: str, *, after_sequence: int = 0, limit: int = 100
    ) -> list[StoredRecord[Record]]:
        """Return the first entries of a purpose's cases, in order of sequence."""

    def case_entries(self, case_ids: Sequence[str]) -> list[StoredRecord[Record]]:
        """Return all entries of some cases, in order of sequence."""

    def subjects_without_records(self, limit: int = 1000) -> list[SubjectRef]:
        """Return subjects that no record mentions any more, some at a time."""

    def erasures(self) -> int:
        """Return how many erasures there were; copies made before the last one are out of date."""

    def listings(
        self,
        list_names: Sequence[str],
        *,
        known_at: int | None = None,
        kind: ListKind | None = None,
    ) -> Iterator[StoredRecord[Record]]:
        """Stream the listings on these lists that stand as of `known_at`, in order of sequence."""

    def definition(
        self, kind: DefinitionKind, name: str, version: int | None = None
    ) -> StoredDefinition | None:
        """Return one version of a document, the highest where none is named."""

    def definitions(self, kind: DefinitionKind) -> list[StoredDefinition]:
        """Return all versions of all documents of a kind, by name and version."""

    def run(self, run_id: str) -> ScoreRun | None:
        """Return a published run."""

    def runs(self, purpose: str | None = None, limit: int = 100) -> list[ScoreRun]:
        """Return published runs, the latest published first."""

    def current_run(self, programme: str) -> ScoreRun | None:
        """Return the run that was published, or published again, last for a programme."""

    def run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a published run's payload in order; none where it was pruned."""

    def held_run(self, run_id: str) -> HeldRun | None:
        """Return a run that waits for its release, None where it is published or discarded."""

    def held_runs(self, purpose: str | None = None) -> list[HeldRun]:
        """Return the runs that wait for their release, the latest first."""

    def held_run_payload(self, run_id: str) -> Iterator[bytes]:
        """Stream the chunks of a waiting run's payload in order; nothing for any other run."""

    def last_audit_position(self) -> int:
        """Return the position of the audit chain's last entry, 0 where there is none."""

    def audit_entries(
        self, after_position: int = 0, limit: int = 1000, wanted: WantedEntries = EVERY_ENTRY
    ) -> list[AuditEntry]:
        """Return entries of the audit chain in order of position (from 1)."""

    def audit_entries_at(self, positions: Sequence[int]) -> list[AuditEntry | None]:
        """Return entries by position, None where there is none; in the order asked."""


@runtime_checkable
class AnalystGraph(Protocol):
    """A store that analysts query themselves: scores can stand on its subjects as properties.

    Nothing of the service reads them. They are of one purpose and one run at a time, and an erased
    subject has none.
    """

    def begin_write_back(self, run: ScoreRun) -> None:
        """Note that a run's scores are being written; any other that is being written stops.

        Raises:
            ConflictError: another purpose's stand there, or records were erased since the run.
        """

    def write_back(self, run: ScoreRun, scores: Sequence[SubjectScore]) -> int:
        """Write some scores onto their subjects; return how many of these there are.

        Raises:
            ConflictError: another write-back took over, or records were erased since the run.
        """

    def end_write_back(self, run: ScoreRun) -> int:
        """Take off what is of other runs, and note that all is written; return how many had.

        Raises:
            ConflictError: another write-back took over.
        """

    def remove_write_back(self, purpose: str) -> int:
        """Take a purpose's scores off all subjects; return how many had some.

        Raises:
            ConflictError: the scores there are another purpose's.
        """


class Store(Reader, Writer, Protocol):
    """Reads, adds, and looks after its own schema."""

    def migrate(self) -> list[str]:
        """Bring the schema up to date; return the names of the migrations applied."""

    def describe(self) -> str:
        """Return what this store is, in words, without secrets: for status lines and logs."""

    def close(self) -> None:
        """Release connections; the store can't be used afterwards."""
