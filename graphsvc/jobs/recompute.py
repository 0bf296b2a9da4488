"""Recompute as a job: snapshot, propagate, score, report and publish one run after the other.

What a run will be is decided once, in the job's plan: its name, its sequence number, its time, the
versions of its definitions. Each stage is a pure function of that plan, so that whoever goes on
after a crash makes the same bits, and publishes them under the same name, which the store takes
once only. Once something was erased, a run that is not published yet is begun anew.
"""

from __future__ import annotations

import contextlib
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import structlog

from graphsvc import publish
from graphsvc.errors import ConflictError, LeaseLostError, SparkError
from graphsvc.jobs.choice import chosen_programmes
from graphsvc.jobs.context import JobContext
from graphsvc.jobs.model import Engine
from graphsvc.model import (
    AuditAction,
    AuditDraft,
    Programme,
    Purpose,
    RecordType,
    RunMethod,
    ScoreRun,
)
from graphsvc.model.checks import to_microseconds
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.learned import learned_probability
from graphsvc.scoring.own import OwnRecord
from graphsvc.scoring.propagate import Spread, score, spread
from graphsvc.scoring.reports import Reports
from graphsvc.snapshot import Snapshot
from graphsvc.store.rows import score_run, score_run_row

log = structlog.get_logger(__name__)

BEGUN_ANEW = 5
"""How often a run is begun anew because something was erased while it was made."""


class Stage(StrEnum):
    """The stages of one run, in order; a checkpoint stands behind each."""

    SNAPSHOT = "snapshot"  # the evidence, as a file
    PROPAGATE = "propagate"  # exposure and trust with their certificates
    SCORE = "score"  # the run and its payload
    REPORT = "report"  # its report, and whether its programme's gate holds it back
    PUBLISH = "publish"  # readers get it, or it waits for a person's release


SHARE = {
    Stage.SNAPSHOT: 0.25,
    Stage.PROPAGATE: 0.5,
    Stage.SCORE: 0.15,
    Stage.REPORT: 0.0,
    Stage.PUBLISH: 0.1,
}
"""Which part of a run's links counts as done after a stage; a rule of thumb for the time left."""


class ErasedMeanwhile(Exception):  # noqa: N818 - nothing went wrong
    """Records were erased since the run's evidence was read."""


def recompute(context: JobContext) -> dict[str, Any]:
    """Publish a run of every programme that the job is for; return what came of each."""
    if "runs" not in context.checkpoint:
        _plan(context)
    entries: list[dict[str, Any]] = context.checkpoint["runs"]
    evidence = Evidence(context)
    for entry in entries:
        if entry["stage"] != Stage.PUBLISH:
            Recomputation(context, entry, evidence).finish()
    told = ("run_id", "programme", "held_for", "usage")
    return {"runs": [{name: entry[name] for name in told} for entry in entries]}


def discard(context: JobContext) -> None:
    """Remove what an unfinished job left; no runner that was at it before can publish any more."""
    store = context.service.store
    for entry in context.checkpoint.get("runs", []):
        if entry["stage"] == Stage.PUBLISH:
            continue
        store.take_run(entry["run_id"], context.fence)
        published = store.run(entry["run_id"])
        if published is not None:
            # Its runner died right behind the publication.
            _note_once(context, published)
        store.discard_staged_run(entry["run_id"])
        context.service.checkpoints.drop(entry["run_id"])


def _plan(context: JobContext) -> None:
    service, parameters = context.service, context.job.parameters
    context.enter("plan")
    as_of = parameters.as_of or datetime.now(UTC)
    sequence = service.store.last_sequence()
    entries = []
    for purpose, programme in chosen_programmes(service.library, parameters):
        service.save_definitions(purpose, programme)
        entry = {
            "purpose": purpose.name,
            "purpose_version": purpose.version,
            "programme": programme.name,
            "programme_version": programme.version,
            "sequence": sequence,
            "as_of": as_of.isoformat(),
        }
        entries.append(_begin(entry, programme))
    context.checkpoint["runs"] = entries
    context.checkpoint["audit_position"] = service.store.last_audit_position()
    links = service.store.count_records()[RecordType.LINK]
    context.save(total=float(max(links, 1) * len(entries)), unit="links")


def _begin(entry: dict[str, Any], programme: Programme) -> dict[str, Any]:
    """Return a plan's entry with a new name and no finished stage."""
    created_at = datetime.now(UTC)
    return entry | {
        "run_id": publish.new_run_id(created_at, programme),
        "created_at": created_at.isoformat(),
        "stage": None,
        "erasures": None,
        "run": None,
        "held_for": [],
        "usage": {},
    }


class Evidence:
    """The snapshot that several programmes of one purpose share; one is held at a time."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._shelf = context.service.snapshots
        self._held: tuple[tuple[Any, ...], Snapshot] | None = None
        self._is_prepared = False

    def of(self, purpose: Purpose, sequence: int, as_of: datetime, erasures: int) -> Snapshot:
        """Return a purpose's evidence; what is held is of use after so many erasures only."""
        wanted = (purpose.name, purpose.version, sequence, as_of)
        if self._held is not None and self._held[0] == wanted:
            held = self._held[1]
            if held.facts.erasures == erasures:
                return held
        self._held = None
        self._prepare(sequence, as_of)
        snapshot = self._shelf.at(purpose, sequence, as_of=as_of)
        self._held = (wanted, snapshot)
        return snapshot

    def _prepare(self, sequence: int, as_of: datetime) -> None:
        """Read the links once for all purposes of the job's unfinished runs, at the first of them.

        The first run's snapshot stage takes the time for all of them.
        """
        if self._is_prepared:
            return
        self._is_prepared = True
        service = self._context.service
        wanted = {
            (entry["purpose"], entry["purpose_version"])
            for entry in self._context.checkpoint["runs"]
            if entry["stage"] is None
        }
        purposes = [service.declared_purpose(*one) for one in sorted(wanted)]
        self._shelf.prepare(purposes, sequence, as_of=as_of)


class Recomputation:
    """One run of a job, from the stage that was finished last."""

    def __init__(self, context: JobContext, entry: dict[str, Any], evidence: Evidence) -> None:
        self._context = context
        self._service = context.service
        self._store = context.service.store
        self._entry = entry
        self._evidence = evidence
        self._purpose = context.service.declared_purpose(entry["purpose"], entry["purpose_version"])
        self._programme = context.service.declared_programme(
            entry["programme"], entry["programme_version"]
        )
        self._spread: Spread | None = None
        self._records: tuple[OwnRecord, Reports] | None = None
        self._payload: bytes | None = None

    def finish(self) -> None:
        """Go through the stages that are left.

        Raises:
            ConflictError: something was erased again and again while it was made.
        """
        for _ in range(BEGUN_ANEW):
            with contextlib.suppress(ErasedMeanwhile):
                if self._store.run(self._entry["run_id"]) is None:
                    # From here on nobody who held the job before can stage or publish its run.
                    self._store.take_run(self._entry["run_id"], self._context.fence)
                self._service.checkpoints.refresh()
                self._step_back_to_what_is_there()
                self._go_through()
                return
            self._begin_anew()
        raise ConflictError(
            f"records were erased {BEGUN_ANEW} times while a run of {self._programme.name} was "
            "made; try again when the erasures are over"
        )

    def _go_through(self) -> None:
        does = {
            Stage.SNAPSHOT: self._snapshot,
            Stage.PROPAGATE: self._propagate,
            Stage.SCORE: self._score,
            Stage.REPORT: self._report,
            Stage.PUBLISH: self._publish,
        }
        for stage in list(Stage)[self._finished() :]:
            self._context.enter(f"{stage} {self._programme.name}")
            self._require_unerased()
            begun = time.perf_counter()
            does[stage]()
            self._entry["usage"][stage.value] = _usage(begun)
            self._entry["stage"] = stage.value
            self._context.save(done=self._done())

    def _finished(self) -> int:
        stage = self._entry["stage"]
        return 0 if stage is None else list(Stage).index(Stage(stage)) + 1

    def _done(self) -> float:
        """Return how many links' worth of work the job has done."""
        entries = self._context.checkpoint["runs"]
        share = sum(
            SHARE[stage]
            for entry in entries
            if entry["stage"] is not None
            for stage in list(Stage)[: list(Stage).index(Stage(entry["stage"])) + 1]
        )
        return share / len(entries) * (self._context.job.total or 0.0)

    def _step_back_to_what_is_there(self) -> None:
        """Go on from an earlier stage where a later one's file is missing or can't be used."""
        checkpoints, entry = self._service.checkpoints, self._entry
        if self._is_settled():
            return
        if entry["stage"] in (Stage.SCORE, Stage.REPORT):
            self._payload = checkpoints.payload(entry["run_id"], entry["run"]["checksum"])
            if self._payload is None:
                entry["stage"] = Stage.PROPAGATE.value
        if entry["stage"] == Stage.PROPAGATE:
            self._spread = checkpoints.spread(entry["run_id"])
            if self._spread is None:
                entry["stage"] = Stage.SNAPSHOT.value

    def _require_unerased(self) -> None:
        known = self._entry["erasures"]
        # What is published already, the erasure itself has taken care of.
        if known is not None and self._store.erasures() != known and not self._is_settled():
            raise ErasedMeanwhile

    def _is_settled(self) -> bool:
        """Say whether readers have the run, or a person is asked about it."""
        run_id = self._entry["run_id"]
        return self._store.run(run_id) is not None or self._store.held_run(run_id) is not None

    def _begin_anew(self) -> None:
        log.info("records were erased, beginning the run anew", run=self._entry["run_id"])
        self._store.discard_staged_run(self._entry["run_id"])
        self._service.checkpoints.drop(self._entry["run_id"])
        self._entry.update(_begin(self._entry, self._programme))
        self._spread = self._records = self._payload = None
        self._context.save(done=self._done())

    def _snapshot(self) -> None:
        self._entry["erasures"] = self._of_evidence().facts.erasures

    def _propagate(self) -> None:
        if self._method is RunMethod.SWEEPS:
            self._spread = self._spread_on_spark()
        else:
            self._spread = self._spread_here()
        learned = learned_probability(self._of_evidence(), self._programme, self._as_of)
        self._spread = replace(self._spread, learned=learned)
        self._service.checkpoints.save_spread(self._entry["run_id"], self._spread)

    def _spread_here(self) -> Spread:
        inputs = PropagationInputs.derive(self._of_evidence(), self._programme, self._as_of)
        self._records = inputs.own, inputs.reports
        return spread(inputs, self._programme, self._tolerance)

    def _spread_on_spark(self) -> Spread:
        # Nobody needs pyspark who does not ask for it.
        from graphsvc.spark.spread import spread_on_spark

        snapshot = self._of_evidence()
        with self._service.checkpoints.shared_folder(self._entry["run_id"]) as folder:
            try:
                return spread_on_spark(
                    snapshot,
                    self._programme,
                    self._as_of,
                    self._tolerance,
                    self._service.settings,
                    folder,
                )
            except SparkError:
                # An erasure takes away the files that executors read.
                self._require_unerased()
                raise

    def _score(self) -> None:
        assert self._spread is not None
        snapshot = self._of_evidence()
        own, reports = self._records or self._derived_records(snapshot)
        values = score(self._spread, own, reports, self._programme, self._purpose)
        plan = publish.RunPlan(
            run_id=self._entry["run_id"],
            purpose=self._purpose,
            programme=self._programme,
            as_of=self._as_of,
            tolerance=self._tolerance,
            created_at=datetime.fromisoformat(self._entry["created_at"]),
            method=self._method,
        )
        run, self._payload = publish.as_run(plan, snapshot, values, self._spread.links)
        self._service.checkpoints.save_payload(run.run_id, self._payload)
        self._entry["run"] = score_run_row(run)
        self._spread = self._records = None

    def _report(self) -> None:
        assert self._payload is not None
        reporting = self._service.reporting
        verdict = reporting.judge(self._run(), self._payload, self._programme)
        self._entry["held_for"] = list(verdict.reasons)

    def _publish(self) -> None:
        run = self._run()
        if not self._is_settled():
            self._publish_now(run)
        _note_once(self._context, run)
        self._payload = None
        # Before the stage is noted as finished: nobody comes back to it after that.
        self._service.checkpoints.drop(run.run_id)

    def _publish_now(self, run: ScoreRun) -> None:
        assert self._payload is not None
        try:
            publish.publish(
                self._store,
                run,
                self._payload,
                fence=self._context.fence,
                held_for=tuple(self._entry["held_for"]),
            )
        except LeaseLostError:
            raise
        except ConflictError:
            if self._store.erasures() != run.erasures:
                raise ErasedMeanwhile from None
            # A commit of this very run may have been done although its answer got lost.
            if not self._is_settled():
                raise

    def _run(self) -> ScoreRun:
        return score_run(self._entry["run"])

    def _of_evidence(self) -> Snapshot:
        known = self._entry["erasures"]
        erasures = self._store.erasures() if known is None else known
        snapshot = self._evidence.of(self._purpose, self._entry["sequence"], self._as_of, erasures)
        if snapshot.facts.erasures != erasures:
            raise ErasedMeanwhile
        return snapshot

    def _derived_records(self, snapshot: Snapshot) -> tuple[OwnRecord, Reports]:
        as_of_us = to_microseconds(self._as_of)
        own = OwnRecord.derive(snapshot, self._programme, as_of_us)
        return own, Reports.derive(snapshot, self._programme.reports, as_of_us)

    @property
    def _as_of(self) -> datetime:
        return datetime.fromisoformat(self._entry["as_of"])

    @property
    def _method(self) -> RunMethod:
        is_on_spark = self._context.job.parameters.engine is Engine.SPARK
        return RunMethod.SWEEPS if is_on_spark else RunMethod.CORE

    @property
    def _tolerance(self) -> float:
        given = self._context.job.parameters.tolerance
        return self._programme.tolerance if given is None else given


def _note_once(context: JobContext, run: ScoreRun) -> None:
    """Write the audit entry, unless whoever published the run had done that before it died."""
    position = context.checkpoint["audit_position"]
    while entries := context.service.store.audit_entries(position):
        if any(_tells_of(entry.draft, run.run_id) for entry in entries):
            return
        position = entries[-1].position
    context.service.reporting.note_outcome(run, context.actor)


def _tells_of(draft: AuditDraft, run_id: str) -> bool:
    is_outcome = draft.action in (AuditAction.RECOMPUTE, AuditAction.RUN_HELD)
    return is_outcome and draft.detail.partition(":")[0] == run_id


def _usage(begun: float) -> dict[str, float]:
    """Return seconds since a moment, and the most memory that the process ever held."""
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": time.perf_counter() - begun, "peak_bytes": peak_kib * 1024}
