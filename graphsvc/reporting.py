"""Reports of runs, published and waiting; and the decision of a person on those that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphsvc.errors import (
    ConflictError,
    GraphsvcError,
    InvalidInputError,
    NotPermittedError,
    RunNotFoundError,
)
from graphsvc.explain import Explainer
from graphsvc.jobs.usage import stage_usage
from graphsvc.model import (
    AuditAction,
    HeldRun,
    Policy,
    Programme,
    Role,
    ScoreRun,
    SubjectRef,
)
from graphsvc.permissions import ROLES, Act
from graphsvc.reasons import Reason
from graphsvc.report import ReportSources, RunReport, StageUsage, Verdict, judge, report
from graphsvc.report.attributes import AuditAttributes
from graphsvc.report.model import Mover
from graphsvc.rights import ALL_RUNS
from graphsvc.runs import PublishedScores, payload_checksum

if TYPE_CHECKING:
    from graphsvc.app import Service

EXPLAINED_MOVERS = 10
"""For so many of the top movers the reasons are taken from explanations, not from parts."""


class Reporting:
    """What an operator is told of a run, and decides on it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store

    def read(
        self,
        run: ScoreRun,
        *,
        actor: str,
        attributes: AuditAttributes | None = None,
        stages: Sequence[StageUsage] = (),
    ) -> RunReport:
        """Return the report of a published or waiting run; the audit notes whom it names.

        Args:
            run: as `find` returns it.
            actor: who reads.
            attributes: for audit only; those of the settings where none are given.
            stages: what each stage of making it took; what its job noted where none are given.

        Raises:
            RunNotFoundError: it is neither published nor waiting any more.
        """
        held = self._store.held_run(run.run_id)
        scores = self._scores(run)
        known = stages or stage_usage(self._service.jobs, run.run_id)
        sources = self._sources(run, attributes, known)
        made = report(scores, sources)
        made = self._with_explained_movers(made, scores, sources.previous)
        named = [] if made.changes is None else [mover.subject for mover in made.changes.movers]
        self._note_read(run, named, actor)
        return made if held is None else replace(made, waiting_for=held.reasons)

    def find(self, run_id: str | None, purpose: str | None, programme: str | None) -> ScoreRun:
        """Return a published or waiting run by its id, or the current one of a purpose.

        Raises:
            InvalidInputError: neither an id nor a purpose is given.
            RunNotFoundError: there is no such run for the purpose.
        """
        if run_id is None:
            if purpose is None:
                raise InvalidInputError("name a run, or a purpose whose current run is meant")
            return self._service.scores(purpose, programme=programme).run
        held = self._store.held_run(run_id)
        run = self._store.run(run_id) if held is None else held.run
        if run is None or purpose not in (None, run.purpose):
            raise RunNotFoundError(f"there is no run {run_id!r}; graphsvc runs lists them")
        return run

    def judge(self, run: ScoreRun, payload: bytes, programme: Programme) -> Verdict:
        """Return whether a run that is not published yet keeps its programme's limits."""
        if programme.gate is None:
            return Verdict(())
        scores = PublishedScores.of_payload(run, payload)
        purpose = self._service.library.purpose(run.purpose)
        sources = ReportSources(
            programme=programme,
            purpose=purpose,
            policy=self._policy(run.purpose),
            previous=self._previous(run),
            attributes=self._attributes(),
        )
        return judge(report(scores, sources), programme.gate)

    def passed_limits(
        self, run: ScoreRun, payload: bytes, *, programme: Programme
    ) -> tuple[str, ...]:
        """Return which limits of its programme's gate a run passes, in words that name nobody."""
        return self.judge(run, payload, programme).reasons

    def note_outcome(self, run: ScoreRun, actor: str) -> None:
        """Note in the audit that a run was published, or that it waits and why."""
        held = self._store.held_run(run.run_id)
        action = AuditAction.RECOMPUTE if held is None else AuditAction.RUN_HELD
        detail = run.run_id if held is None else f"{run.run_id}: {'; '.join(held.reasons)}"
        self._service.note(actor, action, purpose=run.purpose, detail=detail)
        self._service.forget_current(run.programme)

    def waiting(self, purpose: str | None = None) -> list[HeldRun]:
        """Return the runs that wait for a person's release, the latest first."""
        return self._store.held_runs(purpose)

    def release(self, run_id: str, *, reason: str, actor: str, role: Role) -> ScoreRun:
        """Publish a waiting run: a person has looked at it.

        Args:
            run_id: which.
            reason: why it may be published; kept in the audit, so it must name nobody.
            actor: who decides.
            role: in which role.

        Raises:
            NotPermittedError: that role doesn't decide on runs.
            RunNotFoundError: no such run waits.
            ConflictError: a later run was published meanwhile, or something was erased.
        """
        held = self._held(run_id, reason, role)
        current = self._store.current_run(held.run.programme)
        if current is not None and current.created_at > held.run.created_at:
            raise ConflictError(
                f"run {run_id}: {current.run_id} was made later and is published; "
                f"graphsvc runs discard {run_id}"
            )
        self._store.publish_run(held.run)
        self._note_decision(AuditAction.RUN_RELEASED, held, actor, role, reason)
        self._service.forget_current(held.run.programme)
        return held.run

    def discard(self, run_id: str, *, reason: str, actor: str, role: Role) -> ScoreRun:
        """Remove a waiting run; readers keep what they have. Arguments as of `release`.

        Raises:
            RunNotFoundError: no such run waits.
        """
        held = self._held(run_id, reason, role)
        self._store.discard_staged_run(run_id)
        self._note_decision(AuditAction.RUN_DISCARDED, held, actor, role, reason)
        return held.run

    def _held(self, run_id: str, reason: str, role: Role) -> HeldRun:
        if role not in ROLES[Act.DECIDE_RUNS]:
            needed = " or ".join(sorted(ROLES[Act.DECIDE_RUNS]))
            raise NotPermittedError(f"to {Act.DECIDE_RUNS}, the role {needed} is needed")
        if not reason.strip():
            raise InvalidInputError("reason: is empty; say why, for whoever reads the audit")
        held = self._store.held_run(run_id)
        if held is None:
            raise RunNotFoundError(f"no run {run_id!r} waits; graphsvc runs waiting lists them")
        return held

    def _note_decision(
        self, action: AuditAction, held: HeldRun, actor: str, role: Role, reason: str
    ) -> None:
        detail = f"{held.run.run_id} by role {role}: {reason}"
        self._service.note(actor, action, purpose=held.run.purpose, detail=detail)

    def _note_read(self, run: ScoreRun, named: Sequence[SubjectRef], actor: str) -> None:
        service = self._service
        drafts = [
            service.audit_draft(
                actor, AuditAction.READ_REPORT, purpose=run.purpose, detail=run.run_id
            )
        ]
        drafts += [
            service.audit_draft(actor, AuditAction.READ_SCORE, purpose=run.purpose, subject=subject)
            for subject in named
        ]
        self._store.append_audit(drafts)

    def _scores(self, run: ScoreRun) -> PublishedScores:
        if self._store.held_run(run.run_id) is None:
            return self._service.scores(run.purpose, run_id=run.run_id, programme=run.programme)
        payload = b"".join(self._store.held_run_payload(run.run_id))
        if payload_checksum(payload) != run.checksum:
            raise RunNotFoundError(f"run {run.run_id} was decided on meanwhile; ask again")
        return PublishedScores.of_payload(run, payload)

    def _sources(
        self, run: ScoreRun, attributes: AuditAttributes | None, stages: Sequence[StageUsage]
    ) -> ReportSources:
        service = self._service
        purpose = service.declared_purpose(run.purpose, run.purpose_version)
        has_evidence = self._store.erasures() == run.erasures
        return ReportSources(
            programme=service.declared_programme(run.programme, run.programme_version),
            purpose=purpose,
            policy=self._policy(run.purpose),
            previous=self._previous(run),
            others=self._others(run),
            attributes=attributes or self._attributes(),
            snapshot=(
                service.snapshots.at(purpose, run.snapshot_sequence, as_of=run.as_of)
                if has_evidence
                else None
            ),
            stages=stages,
        )

    def _attributes(self) -> AuditAttributes | None:
        path = self._service.settings.audit_attributes
        return None if path is None else AuditAttributes.read(path)

    def _policy(self, purpose: str) -> Policy | None:
        library = self._service.library
        return library.policy(purpose) if library.has_policy(purpose) else None

    def _previous(self, run: ScoreRun) -> PublishedScores | None:
        """Return the published run that was made before this one, None of a first run."""
        earlier = [
            other
            for other in self._store.runs(run.purpose, ALL_RUNS)
            if other.programme == run.programme and other.created_at < run.created_at
        ]
        for other in sorted(earlier, key=lambda other: other.created_at, reverse=True):
            try:
                return self._service.scores(
                    run.purpose, run_id=other.run_id, programme=run.programme
                )
            except RunNotFoundError:
                # Its values were pruned, or are of an older format.
                continue
        return None

    def _others(self, run: ScoreRun) -> list[tuple[PublishedScores, Programme]]:
        found = []
        for programme in self._service.library.programmes_of(run.purpose):
            if programme.name == run.programme:
                continue
            try:
                scores = self._service.scores(run.purpose, programme=programme.name)
            except RunNotFoundError:
                continue
            version = scores.run.programme_version
            declared = self._service.declared_programme(programme.name, version)
            found.append((scores, declared))
        return found

    def _with_explained_movers(
        self, made: RunReport, scores: PublishedScores, previous: PublishedScores | None
    ) -> RunReport:
        """Name records and sources as reasons where the evidence of both runs is still there."""
        if made.changes is None or previous is None or not made.changes.movers:
            return made
        try:
            now, before = self._explainer(scores), self._explainer(previous)
            movers = [
                _explained(mover, now, before) for mover in made.changes.movers[:EXPLAINED_MOVERS]
            ]
        except GraphsvcError:
            # Erased since, or not reachable in the tolerance: the parts' reasons stay.
            return made
        rest = made.changes.movers[EXPLAINED_MOVERS:]
        return replace(made, changes=replace(made.changes, movers=(*movers, *rest)))

    def _explainer(self, scores: PublishedScores) -> Explainer:
        service, run = self._service, scores.run
        if self._store.erasures() != run.erasures:
            raise ConflictError(f"run {run.run_id}: records were erased since")
        purpose = service.declared_purpose(run.purpose, run.purpose_version)
        programme = service.declared_programme(run.programme, run.programme_version)
        snapshot = service.snapshots.at(purpose, run.snapshot_sequence, as_of=run.as_of)
        return Explainer(snapshot, programme, purpose, scores)


def _explained(mover: Mover, now: Explainer, before: Explainer) -> Mover:
    """Return the mover with the reasons that differ between its two explanations."""
    after_reasons = now.explain(mover.subject).reasons
    former_reasons = before.explain(mover.subject).reasons
    often = Counter(reason.code for reason in after_reasons)
    often |= Counter(reason.code for reason in former_reasons)

    def key(reason: Reason) -> tuple[str, str]:
        # What is told once a code may be told in other words later: "2 times", "3 times".
        return reason.code, reason.text if often[reason.code] > 1 else ""

    former = {key(reason): reason for reason in former_reasons}
    after = {key(reason): reason for reason in after_reasons}
    differing = []
    for name in former | after:
        was, now_is = former.get(name), after.get(name)
        points = (now_is.points if now_is else 0.0) - (was.points if was else 0.0)
        told = now_is or was
        if told is not None and points != 0.0:
            text = told.text if now_is else f"No longer: {told.text}"
            differing.append(Reason(told.code, points, text))
    differing.sort(key=lambda reason: -abs(reason.points))
    return replace(mover, reasons=tuple(differing)) if differing else mover
