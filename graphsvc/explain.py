"""Why a score is what it is: every source's share, adding up, and the strongest paths.

Shares come from one local adjoint solve on the very graphs that the run was computed on. What the
solve did not reach is stated as a remainder with its bound, never hidden.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

import algorithms
from graphsvc.breakdown import LinePart, PointLine, RecordLines, rounding_line
from graphsvc.errors import CertificateError
from graphsvc.model import ListKind, Programme, Purpose, ScoreRun, SubjectRef
from graphsvc.model.checks import from_microseconds, to_microseconds
from graphsvc.reasons import LEARNED_CODE, Reason, adverse_action, reasons_of
from graphsvc.runs import PublishedScores, SubjectScore
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.own import standing_listings
from graphsvc.snapshot import Snapshot
from graphsvc.time_limit import require_time
from graphsvc.tracing import traced

PATHS_SHOWN = 3
LONGEST_PATH_HOPS = 6
ROUNDING = 2.0**-50


@dataclass(frozen=True, slots=True)
class SourceListing:
    """A listing in force that makes a subject a source of exposure or of trust."""

    list_name: str
    severity: float
    effective_from: datetime
    until: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source adds: `share` in the unit of the value, `points` of the score."""

    source: SubjectRef
    share: float
    points: float
    is_own: bool
    listings: tuple[SourceListing, ...]


@dataclass(frozen=True, slots=True)
class ExplainedPath:
    """One path from the explained subject (first) to the source (last), and what it brings.

    `share` is in the unit of the value, `points` of the score; both are part of the source's.
    """

    subjects: tuple[SubjectRef, ...]
    hop_weights: tuple[float, ...]
    share: float
    points: float


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """A published value taken apart: Σ shares + `remainder` = `value`.

    |`remainder`| is at most `remainder_bound`: the certified bounds of the published value and of
    the adjoint solve together.
    """

    value: float
    contributions: tuple[Contribution, ...]
    remainder: float
    remainder_bound: float
    paths: tuple[ExplainedPath, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart: `math.fsum` of the points of all `lines` is the score, to the last bit.

    `adverse` is the form for the subject itself: four factors at most, nobody else named.
    """

    subject: SubjectRef
    run: ScoreRun
    score: SubjectScore
    base_points: float
    range_points: float
    cap_points: float
    exposure: ExplainedValue
    trust: ExplainedValue
    reasons: tuple[Reason, ...]
    lines: tuple[PointLine, ...]
    adverse: tuple[Reason, ...]


class Explainer:
    """Explains the scores of one published run."""

    def __init__(
        self,
        snapshot: Snapshot,
        programme: Programme,
        purpose: Purpose,
        scores: PublishedScores,
    ) -> None:
        self._snapshot = snapshot
        self._programme = programme
        self._purpose = purpose
        self._scores = scores
        self._inputs = PropagationInputs.derive(snapshot, programme, scores.run.as_of)
        self._contacts_reversed = self._inputs.contacts.transpose()
        rank = snapshot.subjects.rank_of_index
        self._own_risk = algorithms.checked_vector(self._inputs.own_risk)
        self._trust_seed = algorithms.checked_vector(self._inputs.trust_seed)
        self._exposure = algorithms.checked_vector(scores.column("exposure")[rank])
        unit = 1.0 - programme.trust.alpha
        self._trust_mass = algorithms.checked_vector(scores.column("trust")[rank] * unit)
        as_of_us = to_microseconds(scores.run.as_of)
        self._records = RecordLines(snapshot, programme, self._inputs, scores)
        self._blacklistings = self._by_subject(
            programme.exposure.blacklists, ListKind.BLACKLIST, as_of_us
        )
        self._allowlistings = self._by_subject(
            programme.trust.allowlists, ListKind.ALLOWLIST, as_of_us
        )

    @property
    def run(self) -> ScoreRun:
        """The run whose scores are explained."""
        return self._scores.run

    @traced("service.explain")
    def explain(self, subject: SubjectRef) -> Explanation:
        """Return why `subject` has its score.

        Raises:
            SubjectNotFoundError: the run has no such subject.
            CertificateError: the shares could not be brought within the run's tolerance.
            TimeIsUpError: whoever asked waits no longer; looked at between solves.
        """
        score = self._scores.score(subject)
        index = self._snapshot.index_of(subject)
        try:
            exposure = self._explain_exposure(index, score)
            trust = self._explain_trust(index, score)
        except algorithms.ConvergenceError as error:
            raise CertificateError(f"explanation of {subject}: {error}") from error
        base = self._programme.scorecard.base
        cap_points = score.association_points - (
            score.exposure_points + score.trust_points + score.learned_points
        )
        sum_of_parts = (
            base
            + score.own_listing_points
            + score.event_points
            + score.report_points
            + score.rejected_report_points
            + score.association_points
        )
        range_points = score.score - sum_of_parts
        lines = [
            PointLine(LinePart.BASE, "BASE", base, "What everybody starts with."),
            *self._records.of(index, score),
            *_value_lines(_EXPOSURE_WORDS, exposure, score.exposure_points),
            *_value_lines(_TRUST_WORDS, trust, score.trust_points),
            *_learned_lines(self._programme, score.learned_points),
            *_limit_lines(cap_points, range_points),
        ]
        lines.append(rounding_line(lines, score.score))
        return Explanation(
            subject=subject,
            run=self._scores.run,
            score=score,
            base_points=base,
            range_points=range_points,
            cap_points=cap_points,
            exposure=exposure,
            trust=trust,
            reasons=reasons_of(lines),
            lines=tuple(lines),
            adverse=adverse_action(lines),
        )

    @traced("kernel.explain_exposure")
    def _explain_exposure(self, index: int, score: SubjectScore) -> ExplainedValue:
        require_time()
        inputs, rule = self._inputs, self._programme.exposure
        certificate = self._scores.run.exposure
        found = algorithms.exposure_contributions(
            inputs.contacts,
            self._own_risk,
            rule.beta,
            index,
            certificate.tolerance,
            hop_limit=rule.hop_limit,
            transposed=self._contacts_reversed,
            values=self._exposure,
            values_bound=certificate.bound,
        )
        require_time()
        strongest = algorithms.strongest_exposure_paths(
            inputs.contacts,
            self._own_risk,
            rule.beta,
            index,
            k=PATHS_SHOWN,
            max_hops=min(LONGEST_PATH_HOPS, rule.hop_limit or LONGEST_PATH_HOPS),
            values=self._exposure,
            values_bound=certificate.bound,
        )
        keeps = 1.0 - rule.beta if inputs.has_contacts[index] else 1.0
        own_share = keeps * float(inputs.own_risk[index])
        return self._explained(
            _Shares(found, 1.0, own_share, score.exposure, certificate.bound),
            index,
            score.exposure_points,
            self._blacklistings,
            strongest.paths,
        )

    @traced("kernel.explain_trust")
    def _explain_trust(self, index: int, score: SubjectScore) -> ExplainedValue:
        require_time()
        inputs, rule = self._inputs, self._programme.trust
        certificate = self._scores.run.trust
        unit = 1.0 - rule.alpha
        # The published value was divided by the unit and is multiplied by it again.
        values_bound = certificate.bound * unit + ROUNDING * self._trust_mass.largest
        found = algorithms.trust_contributions(
            inputs.vouching,
            self._trust_seed,
            rule.alpha,
            index,
            certificate.tolerance * unit,
            hop_limit=rule.hop_limit,
            transposed=inputs.vouching_reversed,
            values=self._trust_mass,
            values_bound=values_bound,
        )
        require_time()
        strongest = algorithms.strongest_trust_paths(
            inputs.vouching,
            self._trust_seed,
            rule.alpha,
            index,
            k=PATHS_SHOWN,
            max_hops=min(LONGEST_PATH_HOPS, rule.hop_limit or LONGEST_PATH_HOPS),
            transposed=inputs.vouching_reversed,
            values=self._trust_mass,
            values_bound=values_bound,
        )
        own_share = float(inputs.trust_seed[index])
        return self._explained(
            _Shares(found, unit, own_share, score.trust, certificate.bound),
            index,
            score.trust_points,
            self._allowlistings,
            strongest.paths,
        )

    def _explained(
        self,
        shares: _Shares,
        index: int,
        points: float,
        listings: dict[int, tuple[SourceListing, ...]],
        paths: Sequence[algorithms.Path],
    ) -> ExplainedValue:
        through_contacts = shares.value - shares.own_share
        rate = points / through_contacts if through_contacts > 0.0 else 0.0
        contributions = [
            Contribution(
                source=self._snapshot.ref_of(source),
                share=share,
                points=rate * (share - shares.own_share if source == index else share),
                is_own=source == index,
                listings=listings.get(source, ()),
            )
            for source, share in shares.pairs()
        ]
        total = float(np.sum([item.share for item in contributions]))
        return ExplainedValue(
            value=shares.value,
            contributions=tuple(contributions),
            remainder=shares.value - total,
            remainder_bound=shares.bound + shares.found.remainder / shares.unit,
            paths=tuple(
                ExplainedPath(
                    subjects=tuple(self._snapshot.ref_of(step) for step in path.subjects),
                    hop_weights=path.hop_weights,
                    share=path.share / shares.unit,
                    points=rate * path.share / shares.unit,
                )
                for path in paths
            ),
        )

    def _by_subject(
        self, list_names: frozenset[str], kind: ListKind, as_of_us: int
    ) -> dict[int, tuple[SourceListing, ...]]:
        table = self._snapshot.listings
        found: dict[int, tuple[SourceListing, ...]] = {}
        for place in standing_listings(self._snapshot, list_names, kind, as_of_us):
            listing = SourceListing(
                list_name=self._snapshot.facts.list_names[table.list_code[place]],
                severity=float(table.severity[place]),
                effective_from=from_microseconds(int(table.effective_from_us[place])),
                until=from_microseconds(int(table.until_us[place])),
                sequence=int(table.sequence[place]),
            )
            subject = int(table.subject[place])
            found[subject] = (*found.get(subject, ()), listing)
        return found


@dataclass(frozen=True, slots=True)
class _Shares:
    """Shares as the algorithm found them; `unit` turns them into the published value's unit."""

    found: algorithms.Contributions
    unit: float
    own_share: float
    value: float
    bound: float

    def pairs(self) -> list[tuple[int, float]]:
        return list(
            zip(self.found.subjects.tolist(), (self.found.shares / self.unit).tolist(), strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Words:
    part: LinePart
    code: str
    phrase: str


_EXPOSURE_WORDS = _Words(LinePart.EXPOSURE, "EXPOSED_THROUGH_CONTACTS", "Connected to")
_TRUST_WORDS = _Words(LinePart.TRUST, "TRUSTED_THROUGH_CONTACTS", "Trust reaches it from")


def _value_lines(words: _Words, value: ExplainedValue, points: float) -> Iterator[PointLine]:
    """Return one line for each source of a value that came through contacts, and what is left."""
    for item in value.contributions:
        if item.is_own:
            if item.points != 0.0:
                text = "Its own listing comes back to it through its contacts."
                code = f"{words.code}_OWN_ECHO"
                yield PointLine(LinePart.ECHO, code, item.points, text, source=item.source)
            continue
        lists = ", ".join(sorted({listing.list_name for listing in item.listings}))
        text = f"{words.phrase} {item.source} (on {lists})."
        yield PointLine(words.part, words.code, item.points, text, source=item.source)
    left = math.fsum([points, *(-item.points for item in value.contributions)])
    if left != 0.0:
        text = f"Of the {words.part}, what the certified solve leaves without a source."
        yield PointLine(LinePart.REMAINDER, "CERTIFIED_REMAINDER", left, text)


def _learned_lines(programme: Programme, points: float) -> Iterator[PointLine]:
    rule = programme.learned
    if rule is None:
        return
    text = (
        f"The learned model {rule.model} ({rule.fingerprint[:12]}) tells a probability of "
        f"{points / rule.points:.3f}; it says no more than that."
    )
    yield PointLine(LinePart.LEARNED, LEARNED_CODE, points, text)


def _limit_lines(cap_points: float, range_points: float) -> Iterator[PointLine]:
    if cap_points:
        text = "The purpose's cap on what contacts can do."
        yield PointLine(LinePart.ASSOCIATION_CAP, "ASSOCIATION_CAP", cap_points, text)
    if range_points:
        text = "The scale ends here."
        yield PointLine(LinePart.RANGE, "RANGE_LIMIT", range_points, text)
