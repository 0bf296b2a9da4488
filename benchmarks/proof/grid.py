"""What a shipped programme can declare about association, as a grid.

Kept out of every grid: damping above the purpose's attenuation, walks longer than its hop limit,
more points than today, association that is felt more steeply than today's programmes do
(`half_points_at` below 0.05 makes bought links cheaper), and any weaker rule about open reports.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphsvc.model import Direction, LinkKind, Programme, Purpose

UNLIMITED_HOPS = 1000
DAMPINGS = (0.3, 0.6, 0.85)
HOP_LIMITS = (2, 3, None)
HALF_POINTS_AT = (0.05, 0.2)
SHARES = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 1.0), (1.0, 0.5))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an operator carries: what a hop leaves of it, and after how many hops it ends."""

    damping: float
    hop_limit: int | None

    @property
    def hops(self) -> int:
        """Hops at most, comparable."""
        return UNLIMITED_HOPS if self.hop_limit is None else self.hop_limit


@dataclass(frozen=True, slots=True)
class LinkSetting:
    """How the links in question conduct."""

    direction: Direction
    weight: str
    half_life_days: float | None
    carries_trust: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One member of a grid.

    Attributes:
        links: of the kinds that the grid is about.
        reach: of exposure and of trust mass, one for both as in every shipped programme.
        half_points_at: of both operators.
        exposure_points: >= 0, what exposure can take.
        trust_points: >= 0, what trust can give.
        counts_reports: whether distrust counts as what it is.
        report_half_life_days: of reports.
    """

    links: LinkSetting
    reach: Reach
    half_points_at: float
    exposure_points: float
    trust_points: float
    counts_reports: bool = True
    report_half_life_days: float | None = 730.0

    @classmethod
    def of(cls, programme: Programme, kind: LinkKind) -> Setting:
        """Return what a programme declares now, as it shows on links of a kind."""
        rule, card, reports = (
            programme.conductances[kind],
            programme.scorecard,
            programme.reports,
        )
        return cls(
            links=LinkSetting(
                rule.exposure_direction, rule.weight, rule.half_life_days, rule.carries_trust
            ),
            reach=Reach(programme.exposure.beta, programme.exposure.hop_limit),
            half_points_at=programme.exposure.half_points_at,
            exposure_points=-card.exposure_points,
            trust_points=card.trust_points,
            counts_reports=reports is not None,
            report_half_life_days=None if reports is None else reports.half_life_days,
        )

    def applied_to(self, programme: Programme, kinds: frozenset[LinkKind]) -> Programme:
        """Return the programme with this setting, for links of these kinds."""
        links, reports = self.links, programme.reports
        changed = {
            kind: rule.model_copy(
                update={
                    "exposure_direction": links.direction,
                    "weight": links.weight,
                    "half_life_days": links.half_life_days,
                    "carries_trust": links.carries_trust,
                }
            )
            for kind, rule in programme.conductances.items()
            if kind in kinds
        }
        spread = {"half_points_at": self.half_points_at, "hop_limit": self.reach.hop_limit}
        if reports is not None:
            reports = reports.model_copy(update={"half_life_days": self.report_half_life_days})
        return programme.model_copy(
            update={
                "conductances": programme.conductances | changed,
                "exposure": programme.exposure.model_copy(
                    update=spread | {"beta": self.reach.damping}
                ),
                "trust": programme.trust.model_copy(update=spread | {"alpha": self.reach.damping}),
                "scorecard": programme.scorecard.model_copy(
                    update={
                        "exposure_points": -self.exposure_points,
                        "trust_points": self.trust_points,
                    }
                ),
                "reports": reports if self.counts_reports else None,
            }
        )

    def caution(self, present: Setting) -> tuple[float, ...]:
        """Return what decides between equals, less is better: reach, damping, parts, changes."""
        return (
            self.reach.hops,
            self.reach.damping,
            self.exposure_points + self.trust_points,
            -self.half_points_at,
            sum(getattr(self, name) != getattr(present, name) for name in self.__slots__),
        )


def grid(
    present: Setting, purpose: Purpose, links: Sequence[LinkSetting], *, has_reports: bool
) -> tuple[Setting, ...]:
    """Return every setting that the purpose permits, the present one first.

    Args:
        present: what is declared now; its points are the most that a member has.
        purpose: whose attenuation and hop limit no member exceeds.
        links: how links may conduct.
        has_reports: whether distrust is known at all; what it decides is varied only then.
    """
    reports = ((True, 730.0), (True, 365.0), (False, None)) if has_reports else ((True, 730.0),)
    found = {present: None}
    for link, reach, half, share, (counts, days) in itertools.product(
        links, _reaches(purpose), HALF_POINTS_AT, SHARES, reports
    ):
        # What gives no points, and is asked about nothing else, stays as it is.
        has_exposure, has_trust = share[0] > 0.0, share[1] > 0.0 or (has_reports and counts)
        direction = link.direction if has_exposure else present.links.direction
        carries_trust = link.carries_trust if has_trust else present.links.carries_trust
        member = Setting(
            links=replace(link, direction=direction, carries_trust=carries_trust),
            reach=reach,
            half_points_at=half,
            exposure_points=share[0] * present.exposure_points,
            trust_points=share[1] * present.trust_points,
            counts_reports=counts,
            report_half_life_days=days,
        )
        found[member] = None
    return tuple(found)


def _reaches(purpose: Purpose) -> list[Reach]:
    return [
        Reach(damping, hops)
        for damping, hops in itertools.product(DAMPINGS, HOP_LIMITS)
        if damping <= purpose.attenuation
        and (purpose.hop_limit is None or (hops is not None and hops <= purpose.hop_limit))
    ]
