"""The wiring: settings choose the adapters, and the use cases stand here by name.

This is the only module that knows both the ports and the adapters behind them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast
from urllib.parse import urlsplit

import structlog

from algorithms.learned import LearnedModel
from graphsvc import publish
from graphsvc.access import ACCESS_FOLDER, Pseudonyms, require_same_key
from graphsvc.advice import Advised, advise
from graphsvc.backtest import Backtest, Plan, run_backtest
from graphsvc.decisions import Judge
from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    RunNotFoundError,
    SettingsError,
    SubjectNotFoundError,
)
from graphsvc.estimate import RecomputeEstimate, counts, recompute_estimate
from graphsvc.explain import Explainer, Explanation
from graphsvc.export import Exports
from graphsvc.jobs.checkpoints import Checkpoints
from graphsvc.jobs.choice import chosen_programmes
from graphsvc.jobs.model import Job, JobKind, JobParameters
from graphsvc.jobs.ports import JobFile
from graphsvc.keeping import KeptRuns, Pruned, RolledBack, prunable, roll_back
from graphsvc.learning import Schooling, known_by, train_model
from graphsvc.live.engine import LiveEngine
from graphsvc.live.host import LiveHost
from graphsvc.live.programme import DEFAULT_TOLERANCE
from graphsvc.model import (
    AuditAction,
    AuditDraft,
    AuditEntry,
    DefinitionKind,
    LinkKind,
    Programme,
    Purpose,
    Record,
    RecordType,
    ScoreRun,
    StoredRecord,
    SubjectKind,
    SubjectRef,
)
from graphsvc.redress import Redress
from graphsvc.replay import PastScore, Replayed, past_score, replay, require_evidence
from graphsvc.reporting import Reporting
from graphsvc.runs import PublishedScores, RunShelf, SubjectScore
from graphsvc.settings import Settings
from graphsvc.snapshot import Snapshot, SnapshotShelf
from graphsvc.store.announcing import AnnouncingStore
from graphsvc.store.ports import Store, WantedEntries
from graphsvc.tracing import flush_traces, start_tracing_to, traced, traced_store

log = structlog.get_logger(__name__)

NEO4J_SCHEMES = frozenset({"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"})
JOBS_FOLDER = "jobs"
DocumentT = TypeVar("DocumentT", Purpose, Programme)

CURRENT_RUN_SECONDS = 1.0
"""For how long a reader may go on serving a run after another has been published."""


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name, its schema up to date.

    Raises:
        SettingsError: the address is of no known kind, or a password is missing.
        StoreUnavailableError: the store can't be reached.
    """
    scheme, _, rest = settings.store.partition("://")
    if scheme == "sqlite":
        from graphsvc.store.sqlite import SqliteStore

        if not rest.startswith("/") or rest == "/":
            raise SettingsError(
                f"GRAPHSVC_STORE: {settings.store!r} names no file; write sqlite:///FILE "
                "(sqlite:////ABSOLUTE/FILE)"
            )
        store: Store = SqliteStore.open(Path(rest[1:]))
    elif scheme in NEO4J_SCHEMES:
        from graphsvc.store.neo4j import Neo4jStore

        if settings.neo4j_password is None:
            raise SettingsError("GRAPHSVC_NEO4J_PASSWORD: is not set; a Neo4j store needs it")
        parts = urlsplit(settings.store)
        if parts.username or parts.password:
            raise SettingsError(
                "GRAPHSVC_STORE: must not hold a user or password; set GRAPHSVC_NEO4J_USER and "
                "GRAPHSVC_NEO4J_PASSWORD"
            )
        store = Neo4jStore.open(
            f"{parts.scheme}://{parts.netloc}",
            user=settings.neo4j_user,
            password=settings.neo4j_password.get_secret_value(),
            database=parts.path.strip("/") or None,
        )
    else:
        raise SettingsError(
            f"GRAPHSVC_STORE: {settings.store!r} is of no known kind; write sqlite:///FILE or "
            "neo4j://HOST:PORT"
        )
    for name in store.migrate():
        log.info("migration applied", migration=name, store=store.describe())
    return store


def _pseudonyms(settings: Settings) -> Pseudonyms:
    given = settings.pseudonym_key
    return Pseudonyms.open(
        None if given is None else given.get_secret_value(), settings.data_dir / ACCESS_FOLDER
    )


def _job_file(settings: Settings) -> JobFile:
    from graphsvc.store.sqlite_jobs import SqliteJobFile

    return SqliteJobFile(settings.data_dir / JOBS_FOLDER / "jobs.db")


@contextlib.contextmanager
def open_job_file(settings: Settings) -> Iterator[JobFile]:
    """Open the jobs of this machine without the store, which may be away."""
    jobs = _job_file(settings)
    try:
        yield jobs
    finally:
        jobs.close()


class Service:
    """Every use case over one store and one library of definitions; safe to share by threads."""

    def __init__(self, settings: Settings, store: Store, library: DefinitionLibrary) -> None:
        self.settings = settings
        self.announcing = AnnouncingStore(traced_store(store))
        self.store = cast(Store, self.announcing)
        self.library = library
        self.pseudonyms = _pseudonyms(settings)
        require_same_key(store, self.pseudonyms)
        self.redress = Redress(self)
        self.checkpoints = Checkpoints(
            settings.data_dir / JOBS_FOLDER / "checkpoints", self.store, settings.spark_folder
        )
        self.jobs_folder = settings.data_dir / JOBS_FOLDER
        self._jobs: JobFile | None = None
        self.reporting = Reporting(self)
        self.exports = Exports(self)
        self.snapshots = SnapshotShelf(settings.data_dir / "snapshots", self.store)
        self.live_host = LiveHost(self)
        self._run_files = RunShelf(settings.data_dir / "runs", self.store)
        self._erasures = store.erasures()
        self._current: dict[str, tuple[float, PublishedScores]] = {}
        self._explainers: dict[str, Explainer] = {}
        self._documents: dict[tuple[DefinitionKind, str, int], Purpose | Programme] = {}
        self._lock = threading.Lock()
        self._explainer_lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store and the definitions that the settings name."""
        if settings.traces_url is not None:
            start_tracing_to(settings.traces_url)
        library = DefinitionLibrary.load(settings.definitions_dir)
        return cls(settings, open_store(settings), library)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._jobs is not None:
            self._jobs.close()
        self.store.close()
        flush_traces()

    @property
    def jobs(self) -> JobFile:
        """The jobs of this machine; the file is made when it is first asked for."""
        with self._lock:
            if self._jobs is None:
                self._jobs = _job_file(self.settings)
            return self._jobs

    def snapshot(self, purpose: str, *, as_of: datetime | None = None) -> Snapshot:
        """Return the snapshot of all that is recorded now and that a purpose permits."""
        return self.snapshots.latest(self.library.purpose(purpose), as_of=as_of)

    @traced("service.recompute")
    def recompute(
        self,
        purpose: str,
        *,
        as_of: datetime | None = None,
        tolerance: float | None = None,
        programme: str | None = None,
        actor: str = "cli",
        gated: bool = True,
    ) -> ScoreRun:
        """Propagate, certify and publish a run; readers see it whole or not at all.

        A run that passes a limit of its programme's gate is not published: it waits.

        Args:
            purpose: whose evidence is read.
            as_of: the time that is scored; now where it is not given.
            tolerance: largest error of a value that is acceptable; the programme's otherwise.
            programme: name of a programme of that purpose; its champion otherwise.
            actor: who asked, for the audit.
            gated: whether the gate holds; not where redress must be felt at once.

        Raises:
            CertificateError: the tolerance could not be certified; nothing is published.
        """
        declared = self.library.purpose(purpose)
        chosen = self._programme(purpose, programme)
        moment = as_of or datetime.now(UTC)
        self.save_definitions(declared, chosen)
        snapshot = self.snapshots.latest(declared, as_of=moment)
        limits = partial(self.reporting.passed_limits, programme=chosen) if gated else None
        run = publish.recompute(
            self.store, snapshot, chosen, declared, moment, tolerance=tolerance, limits=limits
        )
        self.reporting.note_outcome(run, actor)
        return run

    def note(
        self,
        actor: str,
        action: AuditAction,
        *,
        purpose: str | None = None,
        subject: SubjectRef | None = None,
        detail: str = "",
    ) -> None:
        """Add an entry to the audit; the subject goes by its pseudonym."""
        draft = self.audit_draft(actor, action, purpose=purpose, subject=subject, detail=detail)
        self.store.append_audit([draft])

    def audit_draft(
        self,
        actor: str,
        action: AuditAction,
        *,
        purpose: str | None = None,
        subject: SubjectRef | None = None,
        detail: str = "",
    ) -> AuditDraft:
        """Return an entry for the audit; the subject goes by its pseudonym."""
        return AuditDraft(
            at=datetime.now(UTC),
            actor=actor,
            action=action,
            purpose=purpose,
            subject=None if subject is None else self.pseudonyms.of_subject(subject),
            detail=detail,
        )

    def audit_drafts(
        self, actor: str, action: AuditAction, subjects: Iterable[SubjectRef], *, purpose: str
    ) -> list[AuditDraft]:
        """Return an entry for each of many subjects that were read at once."""
        now = datetime.now(UTC)
        return [
            AuditDraft(at=now, actor=actor, action=action, purpose=purpose, subject=pseudonym)
            for pseudonym in map(self.pseudonyms.of_subject, subjects)
        ]

    def estimate(
        self,
        purpose: str,
        *,
        subjects: int | None = None,
        links: int | None = None,
        programme: str | None = None,
    ) -> RecomputeEstimate:
        """Return what a recompute will take, for the store's counts where none are given.

        Raises:
            InvalidInputError: a count is negative.
        """
        if min(subjects or 0, links or 0) < 0:
            raise InvalidInputError("--subjects and --links count: they must be at least 0")
        counted = counts(self.store)
        return recompute_estimate(
            counted[0] if subjects is None else subjects,
            counted[1] if links is None else links,
            self._programme(purpose, programme),
        )

    @traced("service.scores")
    def scores(
        self, purpose: str, *, run_id: str | None = None, programme: str | None = None
    ) -> PublishedScores:
        """Return the published scores that a purpose's readers get.

        Args:
            purpose: what they are read for.
            run_id: one run; the current one otherwise.
            programme: name of one of the purpose's programmes, say a challenger; its champion
                otherwise.

        Raises:
            RunNotFoundError: no run of that programme has been published.
            ConflictError: the programme is for another purpose.
        """
        chosen = self._programme(purpose, programme)
        if run_id is not None:
            self._forget_what_was_erased()
            run = self.store.run(run_id)
            if run is None or run.purpose != purpose:
                raise RunNotFoundError(f"purpose {purpose} has no run {run_id!r}")
            return self._run_files.open(run)
        now = time.monotonic()
        with self._lock:
            kept = self._current.get(chosen.name)
            if kept is not None and now - kept[0] < CURRENT_RUN_SECONDS:
                return kept[1]
        self._forget_what_was_erased()
        current = self.store.current_run(chosen.name)
        if current is None:
            of_it = f" of programme {programme}" if programme else ""
            option = f" --programme {programme}" if programme else ""
            raise RunNotFoundError(
                f"purpose {purpose} has no published run{of_it}; "
                f"run: graphsvc recompute --purpose {purpose}{option}"
            )
        if kept is not None and kept[1].run == current:
            scores = kept[1]
        else:
            scores = self._run_files.open(current)
        with self._lock:
            self._current[chosen.name] = (now, scores)
        return scores

    def scores_in_memory(self, purpose: str) -> PublishedScores | None:
        """Return what `scores` would return without asking the store; None where it would ask."""
        name = self.library.champion(purpose).name
        with self._lock:
            kept = self._current.get(name)
        is_fresh = kept is not None and time.monotonic() - kept[0] < CURRENT_RUN_SECONDS
        return kept[1] if kept is not None and is_fresh else None

    def top(
        self,
        purpose: str,
        limit: int,
        *,
        by: str = "exposure",
        largest_first: bool = True,
        kind: SubjectKind | None = None,
        programme: str | None = None,
    ) -> list[SubjectScore]:
        """Return the subjects with the largest (or smallest) value in the current run."""
        scores = self.scores(purpose, programme=programme)
        ranks = scores.ranks_by(by, limit, largest_first=largest_first, kind=kind)
        return [scores.at_rank(rank) for rank in ranks]

    def side_by_side(
        self, purpose: str, subject: SubjectRef
    ) -> list[tuple[ScoreRun, SubjectScore]]:
        """Return a subject's current score by each of a purpose's programmes, the champion first.

        Programmes without a run, and those whose run has no such subject, are left out.
        """
        found = []
        for programme in self.library.programmes_of(purpose):
            try:
                scores = self.scores(purpose, programme=programme.name)
                found.append((scores.run, scores.score(subject)))
            except (RunNotFoundError, SubjectNotFoundError):
                continue
        return found

    @traced("service.advise")
    def advise(self, purpose: str, subject: SubjectRef, *, programme: str | None = None) -> Advised:
        """Return what a purpose's policy advises on a subject, by the current run.

        Raises:
            SubjectNotFoundError: the run has no such subject.
            DefinitionNotFoundError: the purpose has no policy.
        """
        scores = self.scores(purpose, programme=programme)
        judge = self.judge(purpose, scores.run)
        return advise(
            judge.policy,
            judge.programme,
            judge.purpose,
            scores.score(subject),
            scores.run.run_id,
            is_under_review=subject in judge.under_review,
        )

    def judge(self, purpose: str, run: ScoreRun) -> Judge:
        """Return what judges the scores of a run: the purpose's policy, and who is under review.

        Raises:
            DefinitionNotFoundError: the purpose has no policy.
        """
        return Judge(
            self.library.policy(purpose),
            self.declared_programme(run.programme, run.programme_version),
            self.declared_purpose(run.purpose, run.purpose_version),
            self.redress.under_review(purpose),
        )

    def explain(
        self,
        purpose: str,
        subject: SubjectRef,
        *,
        run_id: str | None = None,
        programme: str | None = None,
    ) -> Explanation:
        """Return why a subject has its score in the current (or a named) run."""
        return self.explainer(purpose, run_id=run_id, programme=programme).explain(subject)

    @traced("service.explainer")
    def explainer(
        self, purpose: str, *, run_id: str | None = None, programme: str | None = None
    ) -> Explainer:
        """Return the explainer of a run; as many are kept as there are programmes."""
        scores = self.scores(purpose, run_id=run_id, programme=programme)
        # Held while it is made: it takes long, and those who ask meanwhile want the same one.
        with self._explainer_lock:
            kept = self._explainers.get(scores.run.run_id)
            if kept is not None and kept.run == scores.run:
                return kept
            run = scores.run
            require_evidence(self.store, run)
            declared = self.declared_purpose(run.purpose, run.purpose_version)
            model = self.declared_programme(run.programme, run.programme_version)
            snapshot = self.snapshots.at(declared, run.snapshot_sequence, as_of=run.as_of)
            explainer = Explainer(snapshot, model, declared, scores)
            self._explainers.pop(run.run_id, None)
            if len(self._explainers) >= len(self.library.programmes):
                self._explainers.pop(next(iter(self._explainers)))
            self._explainers[run.run_id] = explainer
            return explainer

    def live(
        self,
        purposes: Sequence[str] | None = None,
        *,
        now: datetime | None = None,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> LiveEngine:
        """Return an engine that keeps all programmes of some purposes (None: of all) live."""
        names = purposes or self.library.purpose_names()
        return LiveEngine(
            self.store,
            self.snapshots,
            [(self.library.purpose(name), self.library.programmes_of(name)) for name in names],
            now=now,
            tolerance=tolerance,
        )

    @traced("service.replay")
    def replay(self, run_id: str) -> Replayed:
        """Make a published run again, from the records as they were recorded then.

        Raises:
            RunNotFoundError: there is no such run.
            ConflictError: records were erased since.
        """
        run = self.store.run(run_id)
        if run is None:
            raise RunNotFoundError(f"there is no run {run_id!r}; graphsvc runs lists them")
        require_evidence(self.store, run)
        purpose = self.declared_purpose(run.purpose, run.purpose_version)
        programme = self.declared_programme(run.programme, run.programme_version)
        snapshot = self.snapshots.at(purpose, run.snapshot_sequence, as_of=run.as_of)
        return replay(self.store, run, snapshot, programme, purpose)

    @traced("service.past_score")
    def past_score(
        self,
        purpose: str,
        subject: SubjectRef,
        *,
        as_of: datetime,
        known_at: int | None = None,
        programme: str | None = None,
    ) -> PastScore:
        """Return what a score was at a time, or would have been with what was known later.

        Args:
            purpose: what it is read for.
            subject: whose score.
            as_of: the time that is scored.
            known_at: the last record that may be used; all that was recorded by `as_of` where it
                is not given.
            programme: name of one of the purpose's programmes; its champion otherwise.

        Raises:
            SubjectNotFoundError: that evidence doesn't mention the subject.
        """
        declared = self.library.purpose(purpose)
        sequence = self.store.sequence_at(as_of) if known_at is None else known_at
        sequence = min(sequence, self.store.last_sequence())
        snapshot = self.snapshots.at(declared, sequence, as_of=as_of)
        return past_score(snapshot, self._programme(purpose, programme), declared, subject, as_of)

    @traced("service.links")
    def links(
        self,
        purpose: str,
        subject: SubjectRef,
        *,
        after_sequence: int = 0,
        limit: int = 100,
    ) -> list[StoredRecord[Record]]:
        """Return the links of a subject that a purpose permits, in order of sequence.

        A subject that nothing permitted mentions has none, whatever else the store knows of it.
        """
        kinds: Sequence[LinkKind] = sorted(self.library.purpose(purpose).link_kinds)
        return self.store.records_of(
            subject,
            RecordType.LINK,
            after_sequence=after_sequence,
            limit=limit,
            link_kinds=kinds,
        )

    def audited(
        self,
        purpose: str,
        *,
        after: int = 0,
        limit: int = 100,
        action: str | None = None,
        since: datetime | None = None,
        pseudonym: str | None = None,
    ) -> list[AuditEntry]:
        """Return a purpose's entries of the audit after a position, in the order of the chain."""
        wanted = WantedEntries(purpose=purpose, action=action, subject=pseudonym, since=since)
        return self.store.audit_entries(after, limit, wanted)

    def runs(self, purpose: str | None = None, limit: int = 20) -> list[ScoreRun]:
        """Return published runs, the latest first."""
        if purpose is not None:
            self.library.purpose(purpose)
        return self.store.runs(purpose, limit)

    def ask_for_job(
        self, kind: JobKind, parameters: JobParameters, *, actor: str, job_id: str | None = None
    ) -> Job:
        """Ask for a job; a worker, or who takes it by its id, does it.

        Raises:
            DefinitionNotFoundError: a purpose or programme is not declared.
            ConflictError: a programme is for none of the purposes, or there is a job of that id.
            InvalidInputError: the parameters don't go with this kind of job.
        """
        parameters.require_fit(kind)
        chosen_programmes(self.library, parameters)
        job = self.jobs.add(kind, parameters, actor, now=datetime.now(UTC), job_id=job_id)
        if job is None:
            raise ConflictError(f"there is a job {job_id} already")
        self.note(actor, AuditAction.JOB_ASKED, detail=f"{job.job_id} {kind}")
        return job

    def cancel_job(self, job_id: str, *, actor: str) -> Job:
        """Ask for a job's end: at once where nobody is at it, else before its next stage.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it is over already.
        """
        job = self.jobs.request_cancel(job_id, actor, datetime.now(UTC))
        self.note(actor, AuditAction.JOB_CANCELLED, detail=job_id)
        return job

    def roll_back(
        self,
        purpose: str,
        *,
        to: str | None = None,
        programme: str | None = None,
        actor: str = "cli",
    ) -> RolledBack:
        """Make an earlier run current again; every server reads it a second later at most.

        Args:
            purpose: whose readers get it.
            to: id of the run; the one made before the current one otherwise.
            programme: name of one of the purpose's programmes; its champion otherwise.
            actor: who asked, for the audit.

        Raises:
            RunNotFoundError: there is no such run, no earlier one, or its values were pruned.
        """
        chosen = self._programme(purpose, programme)
        rolled_back = roll_back(self.store, chosen.name, to)
        detail = f"{rolled_back.replaced.run_id} to {rolled_back.run.run_id}"
        self.note(actor, AuditAction.ROLLBACK, purpose=purpose, detail=detail)
        with self._lock:
            self._current.pop(chosen.name, None)
        return rolled_back

    def prune_runs(
        self,
        kept: KeptRuns,
        *,
        actor: str = "cli",
        now: datetime | None = None,
        dry_run: bool = False,
    ) -> Pruned:
        """Remove the values of runs that need not be kept, or only say which those are.

        Never the current run of a programme, nor one that an undecided dispute may be about.
        """
        moment = now or datetime.now(UTC)
        pruned = prunable(self.store, kept, moment)
        if dry_run or not pruned.runs:
            return pruned
        for run in pruned.runs:
            # Somebody may have rolled back to it meanwhile.
            with contextlib.suppress(ConflictError):
                self.store.prune_run(run.run_id, moment)
                self._run_files.drop(run.run_id)
        detail = f"{len(pruned.runs)} runs, {pruned.runs[-1].run_id} to {pruned.runs[0].run_id}"
        self.note(actor, AuditAction.RUNS_PRUNED, detail=detail)
        return pruned

    def backtest(
        self,
        purpose: str,
        plan: Plan,
        *,
        programme: str | None = None,
        actor: str = "cli",
        now: datetime | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Backtest:
        """Return how well a programme's scores at past times told what came afterwards.

        Args:
            purpose: whose evidence is read, and nothing that it doesn't permit.
            plan: which times, against what.
            programme: name of one of the purpose's programmes; its champion otherwise.
            actor: who asked, for the audit.
            now: windows that end later are refused; the present where it is not given.
            progress: called with times done and times in all.

        Raises:
            InvalidInputError: a window has not ended yet.
        """
        declared, chosen = self.library.purpose(purpose), self._programme(purpose, programme)
        detail = f"{chosen.name} v{chosen.version}, {len(plan.cuts())} times"
        self.note(actor, AuditAction.BACKTEST, purpose=purpose, detail=detail)
        return run_backtest(
            self.store,
            self.snapshots,
            chosen,
            declared,
            plan,
            now=now or datetime.now(UTC),
            progress=progress,
        )

    @traced("service.train_model")
    def train_model(
        self,
        purpose: str,
        plan: Schooling,
        *,
        programme: str | None = None,
        actor: str = "cli",
    ) -> LearnedModel:
        """Return a model trained on who was listed after past times; needs the extra `learned`.

        Args:
            purpose: whose evidence is read, and nothing that it doesn't permit.
            plan: which times, and how.
            programme: whose links and lists; the purpose's champion otherwise.
            actor: who asked, for the audit.

        Raises:
            SettingsError: the extra is not installed.
            InvalidInputError: there is nothing to learn from.
        """
        declared, chosen = self.library.purpose(purpose), self._programme(purpose, programme)
        detail = f"{chosen.name} v{chosen.version}, {plan.periods} periods, {plan.knowledge}"
        self.note(actor, AuditAction.TRAINED, purpose=purpose, detail=detail)
        known = known_by(self.store, self.snapshots, declared, plan.knowledge)
        return train_model(known, chosen, plan)

    def forget_current(self, programme: str) -> None:
        """Ask the store for a programme's current run at the next read."""
        with self._lock:
            self._current.pop(programme, None)

    def forget_local_copies(self) -> None:
        """Remove the files and the memory of snapshots, runs and explanations."""
        with self._lock, self._explainer_lock:
            self._current.clear()
            self._explainers.clear()
        self.snapshots.forget()
        self._run_files.forget()
        self.checkpoints.forget()

    def _forget_what_was_erased(self) -> None:
        """Drop every copy if this or another server erased something since they were made."""
        erasures = self.store.erasures()
        with self._lock:
            known, self._erasures = self._erasures, erasures
        if erasures != known:
            self.forget_local_copies()

    def _programme(self, purpose: str, name: str | None) -> Programme:
        if name is None:
            return self.library.champion(purpose)
        programme = self.library.programme(name)
        if programme.purpose != purpose:
            raise ConflictError(
                f"programme {name} is for purpose {programme.purpose}, not {purpose}"
            )
        return programme

    def save_definitions(self, purpose: Purpose, programme: Programme) -> None:
        """Store the versions that a run is made with, so that it can be made again."""
        wanted = {
            (DefinitionKind.PURPOSE, purpose.name, purpose.version),
            (DefinitionKind.PROGRAMME, programme.name, programme.version),
        }
        policies = {
            policy.name
            for policy in self.library.policies.values()
            if policy.purpose == purpose.name
        }
        for definition in self.library.stored():
            is_policy = definition.kind is DefinitionKind.POLICY and definition.name in policies
            if is_policy or (definition.kind, definition.name, definition.version) in wanted:
                self.store.save_definition(definition)

    def declared_purpose(self, name: str, version: int) -> Purpose:
        """Return a purpose as it was when a run was made for it."""
        return self._declared(Purpose, DefinitionKind.PURPOSE, name, version)

    def declared_programme(self, name: str, version: int) -> Programme:
        """Return a programme as it was when a run was made with it."""
        return self._declared(Programme, DefinitionKind.PROGRAMME, name, version)

    def _declared(
        self, model: type[DocumentT], kind: DefinitionKind, name: str, version: int
    ) -> DocumentT:
        """Return a stored version of a document; versions never change, so each is read once."""
        known = self._documents.get((kind, name, version))
        if isinstance(known, model):
            return known
        stored = self.store.definition(kind, name, version)
        if stored is None:
            raise RunNotFoundError(f"{kind} {name} version {version} is not in the store")
        document = model.model_validate_json(stored.body)
        self._documents[kind, name, version] = document
        return document
