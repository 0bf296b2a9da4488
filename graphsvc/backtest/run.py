"""Runs a backtest: at each time what was known, then the scores, then what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from graphsvc.backtest.calibration import Dated, calibration
from graphsvc.backtest.measures import Stratum, measured
from graphsvc.backtest.model import Backtest, BandRate, Cut, Knowledge, Plan
from graphsvc.backtest.outcome import Window, befallen, listed_at
from graphsvc.backtest.past import acquainted, by_dates, require_no_later_record
from graphsvc.errors import InvalidInputError
from graphsvc.model import Programme, Purpose
from graphsvc.model.checks import to_microseconds
from graphsvc.report import intervals
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot, SnapshotShelf
from graphsvc.store.ports import Reader

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Tested:
    """One time's rows: their scores and outcomes, thin files, bands."""

    cut: Cut
    rows: Stratum
    is_thin: NDArray[np.bool_]
    band: NDArray[np.uint8]


def run_backtest(
    store: Reader,
    snapshots: SnapshotShelf,
    programme: Programme,
    purpose: Purpose,
    plan: Plan,
    *,
    now: datetime,
    progress: Progress = lambda done, total: None,
) -> Backtest:
    """Test a programme over past times.

    Args:
        store: where the records are.
        snapshots: where what was known at a time is made.
        programme: as it is now; that it was not fitted to what came is for whoever made it to say.
        purpose: nothing that it doesn't permit is read, not even as an outcome.
        plan: which times, against what.
        now: windows that end after it are not tested.
        progress: called with times done and times in all.

    Raises:
        InvalidInputError: a window has not ended yet.
        SnapshotError: what should have been known at a time holds a later record.
    """
    cuts = plan.cuts()
    if cuts[-1] + plan.horizon > now:
        raise InvalidInputError(
            f"--to: the window after {cuts[-1]:%Y-%m-%d} ends only on "
            f"{cuts[-1] + plan.horizon:%Y-%m-%d}; what came is not known yet"
        )
    tested = []
    for number, at in enumerate(cuts):
        tested.append(_tested(store, snapshots, programme, purpose, plan, at))
        progress(number + 1, len(cuts))
    return _together(programme, purpose, plan, tested)


def _tested(
    store: Reader,
    snapshots: SnapshotShelf,
    programme: Programme,
    purpose: Purpose,
    plan: Plan,
    at: datetime,
) -> _Tested:
    end, at_us = at + plan.horizon, to_microseconds(at)
    is_recorded = plan.knowledge is Knowledge.RECORDED
    known_at = store.sequence_at(at) if is_recorded else store.last_sequence()
    known_until = store.sequence_at(end) if is_recorded else store.last_sequence()
    then = snapshots.at(purpose, known_at, as_of=at)
    require_no_later_record(then, known_at)
    if not is_recorded:
        then = by_dates(then, at_us)
    _, values = propagate_snapshot(then, programme, purpose, at, programme.tolerance)
    met = acquainted(then, at_us)
    afterwards = snapshots.at(purpose, known_until, as_of=end)
    window = Window(at_us, to_microseconds(end))
    if is_recorded:
        window = Window(at_us, to_microseconds(end), known_at, known_until)
    is_bad = _carried(afterwards, befallen(afterwards, plan.outcomes, window), then)
    is_tested = met.is_known & ~listed_at(then, plan.outcomes, at_us)
    rows = Stratum(
        values.points.score[is_tested],
        is_bad[is_tested],
        then.subjects.number_of_index[is_tested],
    )
    is_thin = met.has_thin_file[is_tested]
    cut = Cut(
        at=at,
        known_at=known_at,
        left_out=int(met.is_known.sum()) - rows.score.size,
        all=measured([rows]),
        thin_file=measured([rows.only(is_thin)]),
        full_file=measured([rows.only(~is_thin)]),
    )
    return _Tested(cut, rows, is_thin, values.points.band[is_tested])


def _carried(source: Snapshot, flags: NDArray[np.bool_], target: Snapshot) -> NDArray[np.bool_]:
    """Return flags of one snapshot's subjects by another's indices; who is not in both has none."""
    return np.isin(target.subjects.number_of_index, source.subjects.number_of_index[flags])


def _together(
    programme: Programme, purpose: Purpose, plan: Plan, tested: Sequence[_Tested]
) -> Backtest:
    return Backtest(
        purpose=purpose.name,
        programme=programme.name,
        programme_version=programme.version,
        plan=plan,
        cuts=tuple(one.cut for one in tested),
        overall=measured([one.rows for one in tested]),
        thin_file=measured([one.rows.only(one.is_thin) for one in tested]),
        full_file=measured([one.rows.only(~one.is_thin) for one in tested]),
        bands=_band_rates(programme, tested),
        calibration=calibration([Dated(one.cut.at, one.rows) for one in tested], plan.horizon),
        notes=_notes(plan, tested),
    )


def _band_rates(programme: Programme, tested: Sequence[_Tested]) -> tuple[BandRate, ...]:
    band = np.concatenate([one.band for one in tested])
    is_bad = np.concatenate([one.rows.is_bad for one in tested])
    found = []
    for code, declared in enumerate(programme.bands):
        subjects, bad = int((band == code).sum()), int(is_bad[band == code].sum())
        found.append(BandRate(declared.name, subjects, bad, intervals.rate(bad, subjects)))
    return tuple(found)


def _notes(plan: Plan, tested: Sequence[_Tested]) -> tuple[str, ...]:
    notes = ["The programme is today's; what it was tuned on may lie in the windows."]
    if plan.knowledge is Knowledge.DATED:
        notes.append(
            "Dates were believed: what was recorded later, but tells of earlier, was used, except "
            "how reports were decided. A record that was backdated or corrected later may leak."
        )
    empty = sum(one.rows.score.size == 0 for one in tested)
    if empty:
        notes.append(
            f"At {empty} of {len(tested)} times nobody was known. History that was imported later "
            "was not in the store then: --knowledge dated believes its dates."
        )
    return tuple(notes)
