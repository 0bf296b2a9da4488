"""A run's report as data: frozen records of plain numbers and words, ready for JSON and a page."""

from __future__ import annotations

from dataclasses import dataclass

from graphsvc.model import ScoreRun, SubjectRef
from graphsvc.reasons import Reason


@dataclass(frozen=True, slots=True)
class Interval:
    """A value between its two 95 % limits."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BandShare:
    """How many subjects have scores in a band, and what share that is; `before` in the last run."""

    name: str
    starts_at: float
    subjects: int
    share: float
    before: float | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the scores lie.

    Attributes:
        subjects: how many have a score.
        mean: of all scores, in points.
        quantiles: score by share of the subjects that have at most that much.
        edges: limits of the histogram's bins, ascending, in points.
        counts: subjects in each bin.
        counts_before: the same in the last run; None where there is none.
        bands: the lowest first; none where the programme has none.
    """

    subjects: int
    mean: float
    quantiles: dict[str, float]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    counts_before: tuple[int, ...] | None
    bands: tuple[BandShare, ...]


@dataclass(frozen=True, slots=True)
class DriftBin:
    """Shares of the subjects whose value is above the bin before and at most `up_to`."""

    up_to: float | None  # None: the last bin has no end
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Population stability index of one value, Σ (now − before) ln(now / before) over its bins."""

    value: str
    psi: float
    bins: tuple[DriftBin, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    """A subject whose score moved, and which parts of it did, the largest change first."""

    subject: SubjectRef
    before: float
    after: float
    band_before: str | None
    band_after: str | None
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> float:
        """By how much the score moved."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the last run of the same programme.

    Attributes:
        previous: that run.
        drift: of score, exposure and trust.
        subjects_in_both: how many have a score in both runs.
        joined: how many have one only now.
        left: how many had one only then.
        band_changes: share of those in both whose band is another one.
        movers: the largest changes of a score that the two certificates can't explain.
    """

    previous: ScoreRun
    drift: tuple[Drift, ...]
    subjects_in_both: int
    joined: int
    left: int
    band_changes: float
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group's outcomes; rates are None where it has no scored subject.

    Attributes:
        group: the attribute's value.
        subjects: how many of the group have a score.
        without_score: how many the file names who have none.
        mean_score: in points.
        favourable: share with a favourable outcome.
        favourable_on_own_record: the same if contacts took nothing away.
        ratio: its favourable share over that of the best-off group.
        gap: its mean score minus that of all others with a stated group.
        gap_own: the part of the gap that own record makes.
        gap_association: the part that contacts make; what remains is the range's limits.
        is_compared: whether it is large enough for the ratio to say something.
    """

    group: str
    subjects: int
    without_score: int
    mean_score: Interval | None
    favourable: Interval | None
    favourable_on_own_record: float | None
    ratio: Interval | None
    gap: float | None
    gap_own: float | None
    gap_association: float | None
    is_compared: bool


@dataclass(frozen=True, slots=True)
class Disparity:
    """Outcomes by one attribute that is for audit only.

    Attributes:
        attribute: its name.
        groups: in order of their names.
        lowest_ratio: the lowest ratio of the groups that are compared; None with fewer than two.
        without_group: scored subjects of whom the file doesn't say it.
    """

    attribute: str
    groups: tuple[GroupRates, ...]
    lowest_ratio: float | None
    without_group: int


@dataclass(frozen=True, slots=True)
class Attack:
    """What a ring of fakes can do, at most, on this run's own graph.

    Attributes:
        fakes: k.
        links: g, trust that honest subjects gave to the first g fakes, one each.
        hosts: "random" or "worst": who gave it.
        gained_points: what the best fake gains over a subject without any record.
        lost_points: what a subject loses on whom all fakes report; None where reports don't count.
    """

    fakes: int
    links: int
    hosts: str
    gained_points: float
    lost_points: float | None


@dataclass(frozen=True, slots=True)
class SwapSet:
    """Subjects by whether each programme's outcome is favourable."""

    both: int
    only_this: int
    only_other: int
    neither: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """This run beside that of another programme of the purpose.

    `rank_correlation` is Spearman's; None where a programme gives everybody the same score.
    """

    other: ScoreRun
    subjects: int
    rank_correlation: float | None
    mean_difference: float
    swap_set: SwapSet


@dataclass(frozen=True, slots=True)
class StageUsage:
    """What one stage of the recomputation took."""

    stage: str
    seconds: float
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """All of it; what could not be measured is None or empty, and `notes` say why."""

    run: ScoreRun
    distribution: Distribution
    changes: Changes | None
    disparity: tuple[Disparity, ...]
    attacks: tuple[Attack, ...]
    comparisons: tuple[Comparison, ...]
    stages: tuple[StageUsage, ...]
    favourable: str
    notes: tuple[str, ...]
    waiting_for: tuple[str, ...] = ()
