"""The use case: who may take what out of the service, for which purpose, and the note of it.

A file is written beside its place and renamed when it is whole. Once it is out, erasing can't reach
it: whoever holds it has to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from graphsvc.access import Principal
from graphsvc.atomic_file import written_whole
from graphsvc.errors import ConflictError, InvalidInputError
from graphsvc.export import tables
from graphsvc.export.graph import GraphFormat, write_graph
from graphsvc.export.tables import TableFormat, TableWriter
from graphsvc.model import AuditAction, ScoreRun
from graphsvc.model.checks import to_microseconds
from graphsvc.permissions import Act, require_role
from graphsvc.replay import require_evidence
from graphsvc.rights import ALL_RUNS
from graphsvc.runs import PublishedScores
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import AnalystGraph

if TYPE_CHECKING:
    from graphsvc.app import Service

PROPERTIES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows of a table, or nodes and links; of which run."""

    run_id: str | None
    path: Path | None
    rows: int
    links: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """How many subjects carry a run's scores now, and how many lost those of an older run."""

    run_id: str
    subjects: int
    removed: int


class Exports:
    """Everything that leaves the service as a file, or as properties in Neo4j.

    Each call takes the actor, for the audit, and the principal where one asks by an API: it must
    hold the purpose and a role that may export.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def scores(
        self,
        purpose: str,
        path: Path,
        form: TableFormat,
        *,
        actor: str,
        programme: str | None = None,
        run_id: str | None = None,
        principal: Principal | None = None,
    ) -> Exported:
        """Write every subject's published values; the current run's where none is named."""
        self._require(purpose, principal)
        scores = self._service.scores(purpose, run_id=run_id, programme=programme)
        self._note(actor, scores.run, f"scores {form}")
        batches = tables.score_batches(scores)
        return self._written(scores, path, form, tables.SCORE_SCHEMA, batches)

    def reasons(
        self,
        purpose: str,
        path: Path,
        form: TableFormat,
        *,
        actor: str,
        programme: str | None = None,
        run_id: str | None = None,
        principal: Principal | None = None,
    ) -> Exported:
        """Write the parts that moved every score, the largest first. Arguments as of `scores`."""
        self._require(purpose, principal)
        scores = self._service.scores(purpose, run_id=run_id, programme=programme)
        self._note(actor, scores.run, f"reasons {form}")
        batches = tables.reason_batches(scores)
        return self._written(scores, path, form, tables.REASON_SCHEMA, batches)

    def runs(
        self,
        purpose: str,
        path: Path,
        form: TableFormat,
        *,
        actor: str,
        principal: Principal | None = None,
    ) -> Exported:
        """Write the purpose's published runs with their certificates; no subject is in it."""
        self._require(purpose, principal)
        self._service.note(actor, AuditAction.EXPORTED, purpose=purpose, detail=f"runs {form}")
        with written_whole(path) as file, TableWriter(file, form, tables.run_schema()) as writer:
            rows = writer.write(tables.run_batches(self._service.runs(purpose, ALL_RUNS)))
        return Exported(None, path, rows)

    def graph(
        self,
        purpose: str,
        path: Path,
        form: TableFormat | GraphFormat,
        *,
        actor: str,
        programme: str | None = None,
        run_id: str | None = None,
        principal: Principal | None = None,
    ) -> Exported:
        """Write a run's links valid at its time; as GraphML or GEXF with its subjects' scores.

        Raises:
            ConflictError: records were erased since the run was made.
        """
        self._require(purpose, principal)
        scores = self._service.scores(purpose, run_id=run_id, programme=programme)
        snapshot = self._evidence(scores.run)
        self._note(actor, scores.run, f"graph {form}")
        with written_whole(path) as file:
            if isinstance(form, GraphFormat):
                rows, links = write_graph(file, form, snapshot, scores)
            else:
                as_of_us = to_microseconds(scores.run.as_of)
                with TableWriter(file, form, tables.LINK_SCHEMA) as writer:
                    rows = writer.write(tables.link_batches(snapshot, as_of_us))
                links = rows
            self._require_same(scores)
        return Exported(scores.run.run_id, path, rows, links)

    def _written(
        self,
        scores: PublishedScores,
        path: Path,
        form: TableFormat,
        schema: pa.Schema,
        batches: Iterator[pa.RecordBatch],
    ) -> Exported:
        with written_whole(path) as file:
            with TableWriter(file, form, schema) as writer:
                rows = writer.write(batches)
            self._require_same(scores)
        return Exported(scores.run.run_id, path, rows)

    def write_back(
        self,
        purpose: str,
        *,
        actor: str,
        programme: str | None = None,
        principal: Principal | None = None,
    ) -> WrittenBack:
        """Put the current run's scores on the subjects in Neo4j, and take older ones off.

        Again changes nothing. Analysts' Cypher finds `published_score`, `published_run` …; one that
        was cut short leaves subjects with two values of `published_run`.

        Raises:
            InvalidInputError: the store is not a Neo4j.
            ConflictError: another purpose's scores stand there, or records were erased meanwhile.
        """
        self._require(purpose, principal)
        graph = self._analyst_graph()
        scores = self._service.scores(purpose, programme=programme)
        graph.begin_write_back(scores.run)
        self._note(actor, scores.run, "write-back to Neo4j")
        subjects = 0
        every = range(len(scores))
        for begin in range(0, len(scores), PROPERTIES_AT_ONCE):
            ranks = every[begin : begin + PROPERTIES_AT_ONCE]
            subjects += graph.write_back(scores.run, [scores.at_rank(rank) for rank in ranks])
        return WrittenBack(scores.run.run_id, subjects, graph.end_write_back(scores.run))

    def remove_write_back(
        self, purpose: str, *, actor: str, principal: Principal | None = None
    ) -> int:
        """Take a purpose's scores off all subjects in Neo4j; return how many had some."""
        self._require(purpose, principal)
        removed = self._analyst_graph().remove_write_back(purpose)
        self._service.note(
            actor, AuditAction.EXPORTED, purpose=purpose, detail="write-back to Neo4j removed"
        )
        return removed

    def _analyst_graph(self) -> AnalystGraph:
        store = self._service.store
        if not isinstance(store, AnalystGraph):
            raise InvalidInputError(
                f"scores can be written back to a Neo4j store only; this is {store.describe()}"
            )
        return store

    def _require(self, purpose: str, principal: Principal | None) -> None:
        declared = self._service.library.purpose(purpose)
        if principal is None:
            return
        if not principal.may_read(declared):
            raise principal.refusal(purpose)
        require_role(principal, Act.EXPORT)

    def _note(self, actor: str, run: ScoreRun, what: str) -> None:
        detail = f"{what} of run {run.run_id}, {run.subjects} subjects"
        self._service.note(actor, AuditAction.EXPORTED, purpose=run.purpose, detail=detail)

    def _evidence(self, run: ScoreRun) -> Snapshot:
        service = self._service
        require_evidence(service.store, run)
        purpose = service.declared_purpose(run.purpose, run.purpose_version)
        return service.snapshots.at(purpose, run.snapshot_sequence, as_of=run.as_of)

    def _require_same(self, scores: PublishedScores) -> None:
        """Refuse what was written while somebody was taken out of the run."""
        now = self._service.store.run(scores.run.run_id)
        if now is None or now.checksum != scores.run.checksum:
            raise ConflictError(
                f"run {scores.run.run_id}: somebody was erased while it was written; export again"
            )
