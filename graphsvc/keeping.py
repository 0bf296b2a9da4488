"""Which run readers get, and which runs' values are kept: rollback and pruning.

A pruned run keeps its record: sequence, as-of time, versions, tolerance and checksum. That is all
that a replay needs to make its values again, bit for bit, for as long as its records are there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphsvc.disputes import all_disputes
from graphsvc.errors import InvalidInputError, RunNotFoundError
from graphsvc.model import ScoreRun
from graphsvc.rights import ALL_RUNS
from graphsvc.store.ports import Reader, Store


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Which run readers get from now on, and which they got before.

    `is_explainable` says whether its records are all there; none erased since it was made.
    """

    run: ScoreRun
    replaced: ScoreRun
    is_explainable: bool


@dataclass(frozen=True, slots=True)
class KeptRuns:
    """How many runs of a programme keep their values: the last `runs`, and all of `days` days.

    Raises:
        InvalidInputError: fewer than one run, or less than no day.
    """

    runs: int
    days: float

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise InvalidInputError("--keep-last: must be at least 1; the current run always stays")
        if self.days < 0:
            raise InvalidInputError("--keep-days: must be at least 0")


@dataclass(frozen=True, slots=True)
class Pruned:
    """Which runs lost, or would lose, their values, and which stayed for a dispute's sake."""

    runs: tuple[ScoreRun, ...]
    under_dispute: tuple[ScoreRun, ...]

    @property
    def freed_bytes(self) -> int:
        """How much room their values took."""
        return sum(run.payload_bytes for run in self.runs)


def roll_back(store: Store, programme: str, to: str | None) -> RolledBack:
    """Make an earlier run of a programme current again; return both.

    Args:
        store: where the runs are.
        programme: whose current run is replaced.
        to: id of the run; the one made before the current one otherwise.

    Raises:
        RunNotFoundError: there is no such run, no earlier one, or its values were pruned.
    """
    current = store.current_run(programme)
    if current is None:
        raise RunNotFoundError(f"programme {programme} has no published run to roll back from")
    chosen = _before(store, current) if to is None else _named(store, programme, to)
    if chosen.run_id != current.run_id:
        store.republish_run(chosen.run_id)
    return RolledBack(chosen, current, is_explainable=chosen.erasures == store.erasures())


def prunable(store: Reader, kept: KeptRuns, now: datetime) -> Pruned:
    """Say which runs' values are no longer kept at a time.

    The current run of a programme stays, and so does every run that an undecided dispute may be
    about: the one that readers had when the dispute was opened.
    """
    by_programme: dict[str, list[ScoreRun]] = {}
    for run in store.runs(limit=ALL_RUNS):
        by_programme.setdefault(run.programme, []).append(run)
    opened = [(step.dispute.purpose, step.dispute.opened_at) for step in all_disputes(store)]
    going: list[ScoreRun] = []
    disputed: list[ScoreRun] = []
    for runs in by_programme.values():
        concerned = {None, runs[0].purpose}
        contested = _contested(runs, [at for purpose, at in opened if purpose in concerned])
        for run in _past(runs, kept, now):
            (disputed if run.run_id in contested else going).append(run)
    return Pruned(tuple(going), tuple(disputed))


def _past(runs: list[ScoreRun], kept: KeptRuns, now: datetime) -> list[ScoreRun]:
    """Return those of a programme's runs, the current one first, that need not be kept."""
    oldest = now - timedelta(days=kept.days)
    with_values = [run for run in runs if run.pruned_at is None]
    return [run for run in with_values[kept.runs :] if run.created_at < oldest]


def _contested(runs: Iterable[ScoreRun], opened: Collection[datetime]) -> set[str]:
    """Return the runs that were the newest when something was contested."""
    newest_first = sorted(runs, key=lambda run: run.created_at, reverse=True)
    found = (next((run for run in newest_first if run.created_at <= at), None) for at in opened)
    return {run.run_id for run in found if run is not None}


def _before(store: Reader, current: ScoreRun) -> ScoreRun:
    earlier = [
        run
        for run in store.runs(current.purpose, ALL_RUNS)
        if run.programme == current.programme
        and run.pruned_at is None
        and run.created_at < current.created_at
    ]
    if not earlier:
        raise RunNotFoundError(
            f"programme {current.programme} has no kept run before {current.run_id}; recompute"
        )
    return max(earlier, key=lambda run: run.created_at)


def _named(store: Reader, programme: str, run_id: str) -> ScoreRun:
    run = store.run(run_id)
    if run is None or run.programme != programme:
        raise RunNotFoundError(f"programme {programme} has no run {run_id!r}; graphsvc runs lists")
    return run
