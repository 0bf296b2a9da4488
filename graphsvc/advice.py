"""From a published score to an advice, and the one place where association is held in check.

`advise` is the only way to an advice. An adverse one that would not stand on the subject's own
evidence becomes `review`: nobody is asked for more, or kept waiting, by a rule alone because of
whom they know; a person looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphsvc.model import Advice, Condition, Policy, PolicyRule, Programme, Purpose, SubjectRef
from graphsvc.reasons import ADVERSE_REASONS, Reason
from graphsvc.runs import SubjectScore
from graphsvc.scoring.scorecard import PointScale

ASSOCIATION_ONLY = Reason(
    "ASSOCIATION_ONLY",
    0.0,
    "Own evidence alone would not give this advice: a person decides, no rule.",
)

HUMAN_REVIEW = Reason(
    "HUMAN_REVIEW",
    0.0,
    "The subject asked that a person look at its score: a person decides, no rule.",
)

MOVING_PARTS = (
    ("OWN_LISTINGS", "own_listing_points", "Own entries on lists."),
    ("OWN_EVENTS", "event_points", "Own record of dealings."),
    ("REPORTS", "report_points", "Reports on it, upheld or not decided yet."),
    ("FALSE_REPORTS", "rejected_report_points", "Reports by it found false."),
    ("CONTACTS", "association_points", "Dealings and ties with others."),
)
"""What can move a score: reason code, published column, and the reason in plain words."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a rule can look at; contacts are in the score, nowhere else."""

    score: float
    band: str | None
    own_points: float
    width: float

    def meets(self, condition: Condition) -> bool:
        """Whether everything that the condition names holds."""
        least, most = condition.score_at_least, condition.score_below
        own_least, own_most = condition.own_points_at_least, condition.own_points_below
        return (
            (least is None or self.score >= least)
            and (most is None or self.score < most)
            and (condition.bands is None or self.band in condition.bands)
            and (own_least is None or self.own_points >= own_least)
            and (own_most is None or self.own_points < own_most)
            and (condition.width_at_most is None or self.width <= condition.width_at_most)
            and (condition.width_at_least is None or self.width >= condition.width_at_least)
        )


@dataclass(frozen=True, slots=True)
class Advised:
    """An advice on one subject, from one policy and one published run.

    `reasons` are ordered: the rule's, the safeguard's where it stepped in, then what moved the
    score most, the adverse part first where the advice is adverse. `on_own_evidence` is what the
    policy says without what contacts take away.
    """

    subject: SubjectRef
    purpose: str
    advice: Advice
    on_own_evidence: Advice
    reasons: tuple[Reason, ...]
    score: float
    band: str | None
    own_points: float
    association_points: float
    width: float
    policy: str
    policy_version: int
    programme: str
    run_id: str


def advise(
    policy: Policy,
    programme: Programme,
    purpose: Purpose,
    values: SubjectScore,
    run_id: str,
    *,
    is_under_review: bool = False,
) -> Advised:
    """Return what a policy advises on a subject.

    Args:
        policy: the rules.
        programme: the scorecard that the values were made with.
        purpose: whose cap on association holds.
        values: the subject's published values.
        run_id: the run that they come from.
        is_under_review: whether the subject has asked for human review of its score (GDPR Art. 22).
    """
    standing = Standing(values.score, values.band, values.own_points, values.width)
    rule = first_rule(policy, standing)
    alone = first_rule(policy, without_adverse_association(programme, purpose, values))
    rests_on_association = rule.advice.is_adverse and not alone.advice.is_adverse
    stated = [Reason(rule.reason_code, 0.0, rule.text)]
    if rests_on_association:
        stated.append(ASSOCIATION_ONLY)
    is_adverse_under_review = is_under_review and rule.advice.is_adverse
    if is_adverse_under_review:
        stated.append(HUMAN_REVIEW)
    needs_a_person = rests_on_association or is_adverse_under_review
    advice = Advice.REVIEW if needs_a_person else rule.advice
    return Advised(
        subject=values.subject,
        purpose=purpose.name,
        advice=advice,
        on_own_evidence=alone.advice,
        reasons=(*stated, *_moving_parts(values, adverse=advice.is_adverse)),
        score=values.score,
        band=values.band,
        own_points=values.own_points,
        association_points=values.association_points,
        width=values.width,
        policy=policy.name,
        policy_version=policy.version,
        programme=programme.name,
        run_id=run_id,
    )


def first_rule(policy: Policy, standing: Standing) -> PolicyRule:
    """Return the first rule whose condition holds; the last rule has none, so there is one."""
    return next(rule for rule in policy.rules if standing.meets(rule.when))


def without_adverse_association(
    programme: Programme, purpose: Purpose, values: SubjectScore
) -> Standing:
    """Return how the subject would stand if its contacts took nothing away.

    What contacts give stays: it is taken from nobody. The sum runs in the order of the published
    one, so that the score is the same to the last bit where contacts take nothing.
    """
    scale = PointScale.of(programme, purpose)
    total = (
        programme.scorecard.base
        + values.own_listing_points
        + values.event_points
        + values.report_points
        + values.rejected_report_points
        + max(values.association_points, 0.0)
    )
    score = scale.score(np.array([total]))
    band = programme.bands[int(scale.band(score)[0])].name if programme.bands else None
    return Standing(float(score[0]), band, values.own_points, values.width)


def without_any_record(programme: Programme, purpose: Purpose) -> Standing:
    """Return how a subject stands that nothing is known of."""
    scale = PointScale.of(programme, purpose)
    base = np.array([programme.scorecard.base])
    own = scale.own_span()
    room = scale.score(base + own.high) - scale.score(base + own.low)
    band = programme.bands[int(scale.band(base)[0])].name if programme.bands else None
    return Standing(float(base[0]), band, 0.0, float(room[0]))


def _moving_parts(values: SubjectScore, *, adverse: bool) -> tuple[Reason, ...]:
    """Return the parts that moved the score, the largest effect first."""
    parts = [Reason(code, getattr(values, name), text) for code, name, text in MOVING_PARTS]
    moving = [part for part in parts if part.points != 0.0 and not (adverse and part.points > 0.0)]
    return tuple(sorted(moving, key=lambda part: -abs(part.points))[:ADVERSE_REASONS])
