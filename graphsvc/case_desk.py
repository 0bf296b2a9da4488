"""Cases as one credential may keep and read them for one purpose.

An entry's external id follows from what it is, so that the same request again, or at once on
another server, finds the entry that is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, cast

from graphsvc.access import Principal
from graphsvc.cases import SOURCE, Case, read_cases
from graphsvc.changes import permits
from graphsvc.errors import ConflictError, InvalidInputError, NotFoundError, RunNotFoundError
from graphsvc.lookup import NOT_FOUND
from graphsvc.model import (
    AuditAction,
    AuditDraft,
    CaseEntry,
    CaseStatus,
    CaseStep,
    Purpose,
    Record,
    RecordType,
    StoredRecord,
    SubjectRef,
)
from graphsvc.permissions import Act, require_role
from graphsvc.store.ports import AppendOutcome, AppendStatus
from graphsvc.writing import RefusalCode, RefusedItemError, Writing

if TYPE_CHECKING:
    from graphsvc.app import Service

MOST_SUBJECTS = 1000
BATCH = 500
_EVIDENCE = (RecordType.LINK, RecordType.EVENT, RecordType.REPORT, RecordType.LISTING)


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases in the order in which they were opened, and whether there are others."""

    cases: list[Case]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A case after a step that was taken now, or had been before (`was_done`)."""

    case: Case
    was_done: bool


class CaseDesk:
    """What one credential may do about cases for one purpose that it may read."""

    def __init__(
        self,
        service: Service,
        principal: Principal,
        purpose: Purpose,
        note_reads: Callable[[Sequence[AuditDraft]], None],
    ) -> None:
        self.purpose = purpose
        self._service = service
        self._store = service.store
        self._principal = principal
        self._note_reads = note_reads

    def open(self, title: str, subjects: Sequence[SubjectRef], *, key: str) -> Kept:
        """Open a case about from 1 to 1,000 subjects that the purpose's evidence mentions.

        Raises:
            NotPermittedError: no role for it.
            InvalidInputError: no subject, or too many, or a malformed key.
            InvalidRecordError: the title is empty or too long.
            RefusedItemError: a subject is not known, or the key was used for another case.
        """
        require_role(self._principal, Act.KEEP_CASES)
        about = _checked(subjects)
        case_id = f"C-{self._id_of_key(key)}"
        former = self._found(case_id)
        if former is None:
            self._require_known(about)
            entries = [
                self._entry(case_id, "opened", CaseStep.OPENED, text=title),
                *(self._entry_on(case_id, subject) for subject in about),
            ]
            try:
                self._append(entries, AuditAction.CASE_OPENED, about, case_id)
                return Kept(self._require(case_id), was_done=False)
            except ConflictError:
                # An equal request came first by a hair.
                former = self._require(case_id)
        if former.title != title or not set(about) <= set(former.subjects):
            raise RefusedItemError(
                "idempotency_key",
                RefusalCode.IDEMPOTENCY_CONFLICT,
                "was used for another case; send a new key with new content",
            )
        return Kept(former, was_done=True)

    def add_note(
        self, case_id: str, text: str, *, key: str, subject: SubjectRef | None = None
    ) -> Kept:
        """Add a note; `subject` is whom it is about, where it isn't about all.

        Raises:
            NotPermittedError: no role for it.
            InvalidRecordError: the text is empty or too long.
            RefusedItemError: there is no such case, it is closed, the subject is none of its, or
                the key was used for another note.
        """
        require_role(self._principal, Act.KEEP_CASES)
        case = self._require(case_id)
        name = f"note.{self._id_of_key(key)}"
        former = self._store.record(SOURCE, f"{case_id}.{name}")
        if former is None:
            self._require_open(case)
            if subject is not None and subject not in case.subjects:
                reason = f"is {subject}, which the case is not about; add it first"
                raise RefusedItemError("subject", RefusalCode.NOT_FOUND, reason)
            entry = self._entry(case_id, name, CaseStep.NOTE, text=text, subject=subject)
            concerned = case.subjects if subject is None else (subject,)
            try:
                self._append([entry], AuditAction.CASE_NOTED, concerned, case_id)
                return Kept(self._require(case_id), was_done=False)
            except ConflictError:
                former = self._store.record(SOURCE, f"{case_id}.{name}")
        self._require_same_note(former, text, subject)
        return Kept(case, was_done=True)

    def add_subjects(self, case_id: str, subjects: Sequence[SubjectRef]) -> Kept:
        """Let a case be about further subjects; those that it is about already change nothing.

        Raises:
            NotPermittedError: no role for it.
            InvalidInputError: no subject, or too many.
            RefusedItemError: there is no such case, it is closed, or a subject is not known.
        """
        require_role(self._principal, Act.KEEP_CASES)
        about = _checked(subjects)
        case = self._require(case_id)
        new = [subject for subject in about if subject not in case.subjects]
        if not new:
            return Kept(case, was_done=True)
        self._require_open(case)
        self._require_known(new)
        entries = [self._entry_on(case_id, subject) for subject in new]
        # What another adds at once conflicts by its time alone: the subject is there either way.
        self._append(entries, AuditAction.CASE_EXTENDED, new, case_id, whole=False)
        return Kept(self._require(case_id), was_done=False)

    def close(self, case_id: str) -> Kept:
        """Close a case; it stays readable for as long as the purpose keeps records.

        Raises:
            NotPermittedError: no role for it.
            RefusedItemError: there is no such case.
        """
        require_role(self._principal, Act.KEEP_CASES)
        case = self._require(case_id)
        if case.status is CaseStatus.CLOSED:
            return Kept(case, was_done=True)
        entry = self._entry(case_id, "closed", CaseStep.CLOSED)
        try:
            self._append([entry], AuditAction.CASE_CLOSED, case.subjects, case_id)
        except ConflictError:
            return Kept(self._require(case_id), was_done=True)
        return Kept(self._require(case_id), was_done=False)

    def find(self, case_id: str) -> Case:
        """Return a case; the read is audited for each of its subjects.

        Raises:
            NotPermittedError: no role for it.
            NotFoundError: the purpose has none of that id.
        """
        (case,) = self.find_all([case_id])
        if case is None:
            raise NotFoundError(f"case {case_id[:64]!r}: not known for purpose {self.purpose.name}")
        return case

    def find_all(self, case_ids: Sequence[str]) -> list[Case | None]:
        """Return cases by their ids, as `find` does; None where the purpose has none.

        Raises:
            NotPermittedError: no role for it.
        """
        require_role(self._principal, Act.READ_CASES)
        found = read_cases(self._store, list(dict.fromkeys(case_ids)))
        cases = {one: case for one, case in found.items() if case.purpose == self.purpose.name}
        self._note(cases.values())
        return [cases.get(case_id) for case_id in case_ids]

    def page(
        self,
        *,
        status: CaseStatus | None,
        subject: SubjectRef | None,
        after_sequence: int,
        limit: int,
    ) -> CasePage:
        """Return the purpose's cases in the order in which they were opened.

        Raises:
            NotPermittedError: no role for it.
        """
        require_role(self._principal, Act.READ_CASES)
        found: list[Case] = []
        after = after_sequence
        at_once = limit + 1 if status is None and subject is None else BATCH
        while len(found) <= limit:
            openings = self._store.case_openings(
                self.purpose.name, after_sequence=after, limit=at_once
            )
            ids = [cast(CaseEntry, stored.record).case_id for stored in openings]
            cases = read_cases(self._store, ids)
            found += (
                cases[case_id]
                for case_id in ids
                if case_id in cases and _is_wanted(cases[case_id], status, subject)
            )
            if len(openings) < at_once:
                break
            after = openings[-1].sequence
        self._note(found[:limit])
        return CasePage(found[:limit], after_sequence > 0, len(found) > limit)

    def _id_of_key(self, key: str) -> str:
        return self._writing.id_of_key(key).removeprefix("key-")

    @cached_property
    def _writing(self) -> Writing:
        return Writing(self._service, self._principal, self.purpose)

    def _found(self, case_id: str) -> Case | None:
        case = read_cases(self._store, [case_id]).get(case_id)
        return case if case is not None and case.purpose == self.purpose.name else None

    def _require(self, case_id: str) -> Case:
        case = self._found(case_id)
        if case is None:
            reason = f"is {case_id[:64]!r}, which is not known for purpose {self.purpose.name}"
            raise RefusedItemError("case_id", RefusalCode.NOT_FOUND, reason)
        return case

    def _require_open(self, case: Case) -> None:
        if case.closed_at is not None:
            reason = f"is closed since {case.closed_at:%Y-%m-%d}; open another"
            raise RefusedItemError("case_id", RefusalCode.CONFLICT, reason)

    def _require_same_note(
        self, former: StoredRecord[Record] | None, text: str, subject: SubjectRef | None
    ) -> None:
        entry = None if former is None else cast(CaseEntry, former.record)
        if entry is None or (entry.text, entry.subject) != (text, subject):
            raise RefusedItemError(
                "idempotency_key",
                RefusalCode.IDEMPOTENCY_CONFLICT,
                "was used for another note; send a new key with new content",
            )

    def _require_known(self, subjects: Sequence[SubjectRef]) -> None:
        for subject in self._without_score(subjects):
            if not self._is_mentioned(subject):
                reason = f"{subject} is not known for purpose {self.purpose.name}"
                raise RefusedItemError("subjects", RefusalCode.NOT_FOUND, reason)

    def _without_score(self, subjects: Sequence[SubjectRef]) -> Iterable[SubjectRef]:
        try:
            ranks = self._service.scores(self.purpose.name).ranks_of(list(subjects))
        except RunNotFoundError:
            return subjects
        return [
            subject
            for subject, rank in zip(subjects, ranks.tolist(), strict=True)
            if rank == NOT_FOUND
        ]

    def _is_mentioned(self, subject: SubjectRef) -> bool:
        """Say whether evidence that the purpose permits mentions the subject."""
        return any(
            permits(self.purpose, [stored.record])
            for record_type in _EVIDENCE
            for stored in self._store.records_of(subject, record_type, limit=BATCH)
        )

    def _entry_on(self, case_id: str, subject: SubjectRef) -> CaseEntry:
        digest = hashlib.blake2b(str(subject).encode(), digest_size=16).hexdigest()
        return self._entry(case_id, f"subject.{digest}", CaseStep.SUBJECT, subject=subject)

    def _entry(
        self,
        case_id: str,
        name: str,
        step: CaseStep,
        *,
        text: str | None = None,
        subject: SubjectRef | None = None,
    ) -> CaseEntry:
        return CaseEntry(
            source=SOURCE,
            external_id=f"{case_id}.{name}",
            case_id=case_id,
            purpose=self.purpose.name,
            step=step,
            subject=subject,
            text=text,
            entered_at=datetime.now(UTC),
            entered_by=self._principal.actor,
        )

    def _append(
        self,
        entries: Sequence[CaseEntry],
        action: AuditAction,
        concerned: Iterable[SubjectRef],
        case_id: str,
        *,
        whole: bool = True,
    ) -> None:
        """Store entries with the audit's; without `whole`, one entry for each of `concerned`."""
        drafts = [
            self._service.audit_draft(
                self._principal.actor,
                action,
                purpose=self.purpose.name,
                subject=subject,
                detail=case_id,
            )
            for subject in concerned
        ]

        def noted(outcomes: Sequence[AppendOutcome]) -> list[AuditDraft]:
            is_new = [outcome.status is AppendStatus.ACCEPTED for outcome in outcomes]
            if whole:
                return drafts if any(is_new) else []
            return list(compress(drafts, is_new))

        self._store.append(entries, whole=whole, audit_of=noted)

    def _note(self, cases: Iterable[Case]) -> None:
        subjects = dict.fromkeys(subject for case in cases for subject in case.subjects)
        self._note_reads(
            self._service.audit_drafts(
                self._principal.actor,
                AuditAction.READ_CASE,
                subjects,
                purpose=self.purpose.name,
            )
        )


def _checked(subjects: Sequence[SubjectRef]) -> list[SubjectRef]:
    if not 1 <= len(subjects) <= MOST_SUBJECTS:
        raise InvalidInputError(
            f"subjects: are {len(subjects)}; from 1 to {MOST_SUBJECTS} are needed"
        )
    return list(dict.fromkeys(subjects))


def _is_wanted(case: Case, status: CaseStatus | None, subject: SubjectRef | None) -> bool:
    return (status is None or case.status is status) and (
        subject is None or subject in case.subjects
    )
