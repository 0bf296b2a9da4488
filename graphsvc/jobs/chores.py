"""Jobs that don't publish: retention, reconciliation, warm snapshots, backtests, exports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from graphsvc.backtest import Backtest, Knowledge, Plan, parse_outcome
from graphsvc.export.forms import ExportForm
from graphsvc.export.tables import TableFormat
from graphsvc.jobs.choice import chosen_programmes
from graphsvc.jobs.context import JobContext
from graphsvc.keeping import KeptRuns
from graphsvc.model import Purpose

_BACKTEST = TypeAdapter(Backtest)

JOBS_KEPT = timedelta(days=90)
"""For how long a job that is over can be looked at."""


def retention(context: JobContext) -> dict[str, Any]:
    """Erase what is past its retention, prune old runs, forget old jobs; return the counts."""
    service, settings = context.service, context.service.settings
    context.save(total=3, unit="stages")

    def erase() -> dict[str, Any]:
        retired = service.redress.retire(actor=context.actor)
        return {"records": retired.records.total(), "subjects": retired.subjects}

    def prune() -> dict[str, Any]:
        kept = KeptRuns(settings.keep_runs, settings.keep_run_days)
        pruned = service.prune_runs(kept, actor=context.actor)
        return {"runs": len(pruned.runs), "bytes": pruned.freed_bytes}

    def forget() -> dict[str, Any]:
        oldest = datetime.now(UTC) - JOBS_KEPT
        service.checkpoints.forget_before(oldest)
        return {"jobs": service.jobs.forget_before(oldest)}

    return {
        "erased": context.once("erase", erase),
        "pruned": context.once("prune", prune),
        "forgotten": context.once("forget", forget),
    }


def reconcile(context: JobContext) -> dict[str, Any]:
    """Compare live scores of each purpose with a full solution; return the differences.

    Live state is built from the newest snapshot, brought forward by the records since, and then
    compared, as the engine does by itself every ten minutes.

    Raises:
        CertificateError: a difference is larger than both bounds allow.
    """
    purposes = _purposes(context)
    context.save(total=len(purposes), unit="purposes")

    def compare(purpose: str) -> dict[str, Any]:
        engine = context.service.live([purpose])
        engine.catch_up()
        return {
            one.programme: {"difference": one.difference, "allowed": one.allowed}
            for one in engine.reconcile()
        }

    return {
        purpose: context.once(f"reconcile {purpose}", partial(compare, purpose))
        for purpose in purposes
    }


def snapshot(context: JobContext) -> dict[str, Any]:
    """Bring each purpose's snapshot up to date; return what is in them."""
    purposes = _purposes(context)
    context.save(total=len(purposes), unit="purposes")
    service, as_of = context.service, context.job.parameters.as_of or datetime.now(UTC)
    declared = [service.library.purpose(purpose) for purpose in purposes]
    service.snapshots.prepare(declared, service.store.last_sequence(), as_of=as_of)

    def build(purpose: str) -> dict[str, Any]:
        built = context.service.snapshot(purpose, as_of=context.job.parameters.as_of)
        return {"sequence": built.facts.sequence, "subjects": built.n, "links": built.m}

    return {
        purpose: context.once(f"snapshot {purpose}", partial(build, purpose))
        for purpose in purposes
    }


def backtest(context: JobContext) -> dict[str, Any]:
    """Test each programme over past times; return what was found, by programme.

    A programme is tested again from its first time if the job is left in the middle of it.

    Raises:
        InvalidInputError: a window has not ended yet, or an outcome is none of the purpose's.
    """
    parameters = context.job.parameters
    wanted = parameters.backtest
    assert wanted is not None
    chosen = chosen_programmes(context.service.library, parameters)
    context.save(total=len(chosen), unit="programmes")

    def test(purpose: Purpose, programme: str) -> dict[str, Any]:
        plan = Plan(
            first=wanted.first,
            last=wanted.last,
            every=timedelta(days=wanted.every_days),
            horizon=timedelta(days=wanted.horizon_days),
            outcomes=tuple(parse_outcome(text, purpose) for text in wanted.outcomes),
            knowledge=Knowledge(wanted.knowledge),
        )
        found = context.service.backtest(
            purpose.name,
            plan,
            programme=programme,
            actor=context.actor,
            progress=lambda done, total: context.enter(f"backtest {programme} {done}/{total}"),
        )
        plain: dict[str, Any] = _BACKTEST.dump_python(found, mode="json")
        return plain

    return {
        programme.name: context.once(
            f"backtest {programme.name}", partial(test, purpose, programme.name)
        )
        for purpose, programme in chosen
    }


def export(context: JobContext) -> dict[str, Any]:
    """Write current runs to files, the champions' where no programme is named; return the rows.

    Raises:
        RunNotFoundError: a programme has no published run.
    """
    parameters = context.job.parameters
    wanted = parameters.export
    assert wanted is not None
    chosen = [
        (purpose, programme)
        for purpose, programme in chosen_programmes(context.service.library, parameters)
        if parameters.programmes or programme.champion
    ]
    context.save(total=len(chosen), unit="files")

    def write(purpose: str, programme: str) -> dict[str, Any]:
        wanted.folder.mkdir(parents=True, exist_ok=True)
        path = wanted.folder / f"{programme}.{wanted.what}.{wanted.form}"
        exports, actor = context.service.exports, context.actor
        if wanted.what == "graph":
            links_form = ExportForm(wanted.form).for_graph()
            done = exports.graph(purpose, path, links_form, actor=actor, programme=programme)
        elif wanted.what == "runs":
            done = exports.runs(purpose, path, TableFormat(wanted.form), actor=actor)
        else:
            write_table = exports.scores if wanted.what == "scores" else exports.reasons
            form = TableFormat(wanted.form)
            done = write_table(purpose, path, form, actor=actor, programme=programme)
        return {"path": str(path), "run_id": done.run_id, "rows": done.rows}

    return {
        programme.name: context.once(
            f"export {programme.name}", partial(write, purpose.name, programme.name)
        )
        for purpose, programme in chosen
    }


def _purposes(context: JobContext) -> list[str]:
    library = context.service.library
    named = context.job.parameters.purposes or tuple(library.purpose_names())
    return [library.purpose(name).name for name in named]
