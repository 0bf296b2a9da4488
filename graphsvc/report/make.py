"""Puts a run's report together from the run, what came before it and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphsvc.model import Policy, Programme, Purpose
from graphsvc.report.attack import attack_costs
from graphsvc.report.attributes import AuditAttributes
from graphsvc.report.comparison import comparison
from graphsvc.report.disparity import disparity
from graphsvc.report.distribution import distribution
from graphsvc.report.model import Attack, Comparison, Disparity, RunReport, StageUsage
from graphsvc.report.movers import changes
from graphsvc.report.outcomes import Outcomes, outcomes
from graphsvc.runs import PublishedScores
from graphsvc.snapshot import Snapshot

MOST_GROUPS = 50
"""A column with more values than this is no attribute of groups."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportSources:
    """What a report is made of, beside the run.

    Attributes:
        programme: the version that the run was made with.
        purpose: the version that it was made for.
        policy: whose advice counts as an outcome, if the purpose has one.
        previous: the run of the same programme that was current before.
        others: current runs of the purpose's other programmes, each with its programme.
        attributes: for audit only.
        snapshot: the run's evidence, for the cost of attacks; None leaves them out.
        stages: what each stage of making the run took.
    """

    programme: Programme
    purpose: Purpose
    policy: Policy | None = None
    previous: PublishedScores | None = None
    others: Sequence[tuple[PublishedScores, Programme]] = ()
    attributes: AuditAttributes | None = None
    snapshot: Snapshot | None = None
    stages: Sequence[StageUsage] = ()


def report(scores: PublishedScores, sources: ReportSources) -> RunReport:
    """Return a run's report. A pure function: equal runs and sources give an equal one.

    Raises:
        ConvergenceError: the trust that an attack gains could not be certified.
    """
    outcome = outcomes(scores, sources.programme, sources.purpose, sources.policy)
    found, notes = _disparities(scores, sources, outcome)
    if sources.previous is None:
        notes.append("This is the first run of its programme: there is nothing to compare it with.")
    if sources.snapshot is None:
        notes.append("The cost of attacks was not asked for, or the run's evidence is gone.")
    if not sources.stages:
        notes.append("No time or memory by stage was recorded for this run.")
    return RunReport(
        run=scores.run,
        distribution=distribution(scores, sources.previous, sources.programme),
        changes=None if sources.previous is None else changes(scores, sources.previous),
        disparity=found,
        attacks=_attacks(scores, sources),
        comparisons=_comparisons(scores, sources, outcome),
        stages=tuple(sources.stages),
        favourable=outcome.meaning,
        notes=tuple(notes),
    )


def _disparities(
    scores: PublishedScores, sources: ReportSources, outcome: Outcomes
) -> tuple[tuple[Disparity, ...], list[str]]:
    if sources.attributes is None:
        return (), ["Disparity was not measured: no attributes for audit were given."]
    found, notes = [], []
    for name, values in sorted(sources.attributes.values.items()):
        groups = len(set(values.values()))
        if groups > MOST_GROUPS:
            notes.append(f"{name} was left out: it has {groups:,} values, more than {MOST_GROUPS}.")
            continue
        found.append(disparity(name, values, scores, outcome))
    return tuple(found), notes


def _attacks(scores: PublishedScores, sources: ReportSources) -> tuple[Attack, ...]:
    if sources.snapshot is None:
        return ()
    return attack_costs(sources.snapshot, sources.programme, sources.purpose, scores)


def _comparisons(
    scores: PublishedScores, sources: ReportSources, outcome: Outcomes
) -> tuple[Comparison, ...]:
    return tuple(
        comparison(
            scores, outcome, other, outcomes(other, programme, sources.purpose, sources.policy)
        )
        for other, programme in sources.others
    )
