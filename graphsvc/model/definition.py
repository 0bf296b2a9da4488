"""What operators declare: purposes, programmes and policies, each a versioned document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from graphsvc.model.event import EventKind
from graphsvc.model.link import LinkKind
from graphsvc.model.report import ReportCategory
from graphsvc.model.role import Role

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,63}$")

Name = Annotated[str, Field(pattern=NAME_PATTERN.pattern)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


Excluded = dict[str, bool | set[str]]
"""Fields to leave out: whole (True), or those of a part."""


class DefinitionKind(StrEnum):
    """The nouns that operators declare, and what all servers of a store must agree on."""

    PURPOSE = "purpose"
    PROGRAMME = "programme"
    POLICY = "policy"
    PSEUDONYM_KEY = "pseudonym_key"  # not the key: what tells it from others


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """One version of a declared document, as canonical JSON; immutable once stored."""

    kind: DefinitionKind
    name: str
    version: int
    body: str


class _Part(BaseModel):
    """What every part of a document keeps to: no unknown field, no infinite number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class _Document(_Part):
    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    description: str = ""

    def canonical_json(self) -> str:
        """Return the document as JSON that is equal for equal documents."""
        return self._canonical(without={})

    def _canonical(self, without: Excluded) -> str:
        values = _with_sorted_sets(self.model_dump(exclude=without))
        return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _with_sorted_sets(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _with_sorted_sets(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_with_sorted_sets(item) for item in value]
    return value


class Purpose(_Document):
    """Why scores are made, and all that may be seen for it.

    Whatever is not permitted here never enters the purpose's snapshot.
    """

    link_kinds: frozenset[LinkKind] = frozenset()
    event_kinds: frozenset[EventKind] = frozenset()
    report_categories: frozenset[ReportCategory] = frozenset()
    list_names: frozenset[str] = frozenset()
    association_cap_points: Annotated[float, Field(ge=0)]
    attenuation: Annotated[float, Field(gt=0, lt=1)]
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = None
    retention_days: Annotated[int, Field(ge=1)]
    legal_basis: Annotated[str, Field(min_length=1)]
    reader_roles: frozenset[Role]


class Direction(StrEnum):
    """Which end of a link feels the other."""

    ALONG = "along"  # src has dst as its contact
    AGAINST = "against"  # dst has src as its contact
    BOTH = "both"


class Conductance(_Part):
    """How much of an effect a link of one kind conducts: c · f(w) · 2^(−age / half-life)."""

    conductance: Annotated[float, Field(gt=0)] = 1.0
    weight: Literal["constant", "linear", "log1p", "saturating"] = "constant"
    weight_scale: Annotated[float, Field(gt=0)] = 1.0
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    exposure_direction: Direction = Direction.BOTH
    carries_trust: bool = False


class ExposureModel(_Part):
    """How blacklist effects spread: Friedkin–Johnsen with susceptibility `beta`."""

    beta: Annotated[float, Field(ge=0, lt=1)]
    tolerance: Annotated[float, Field(gt=0)] = 1e-6
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 0.05
    blacklists: frozenset[str] = frozenset()


class TrustModel(_Part):
    """How trust spreads from allowlisted seeds: personalised PageRank with `alpha`."""

    alpha: Annotated[float, Field(ge=0, lt=1)]
    tolerance: Annotated[float, Field(gt=0)] = 1e-6
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 0.05
    allowlists: frozenset[str] = frozenset()


class EventRule(_Part):
    """Points for a subject's events of one kind: points · s / (s + half_points_at).

    s = Σ f(value) · 2^(−age / half-life) over the events up to the as-of time. The sign of
    `points` is that of the kind's valence. An event without a value counts as of value
    `weight_scale`; a negative value counts as 0.
    """

    points: float
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 1.0
    weight: Literal["constant", "linear", "log1p"] = "constant"
    weight_scale: Annotated[float, Field(gt=0)] = 1.0


class ReportRule(_Part):
    """Points for what is said of a subject, and for what turned out false of what it said.

    A report weighs severity · 2^(−age / half-life), once upheld in full, while open times the
    reporter's credibility t² / (t² + credibility_half_at²), t being the reporter's own trust for
    the purpose (1 is a seed's). Of one reporter's open reports on one subject the strongest counts;
    all open ones on a subject together weigh `open_weight_cap` at most.
    """

    points: Annotated[float, Field(le=0)]
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 1.0
    credibility_half_at: Annotated[float, Field(gt=0)] = 0.2
    analyst_weight: Fraction = 1.0
    open_weight_cap: Annotated[float, Field(ge=0)] = 1.0
    rejected_points: Annotated[float, Field(le=0)] = 0.0
    rejected_half_points_at: Annotated[float, Field(gt=0)] = 1.0


class LearnedRule(_Part):
    """What a learned model may take from a score: points · probability, through association's cap.

    `model` names a file in models/ beside the programmes; `fingerprint` is that of its content, so
    that a version of a programme means one model for ever.
    """

    model: Name
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    points: Annotated[float, Field(lt=0)]


class Band(_Part):
    """A named stretch of the scale, from `starts_at` (in YAML: `from`) to the next band's."""

    name: Name
    starts_at: Annotated[float, Field(alias="from")]


class Scorecard(_Part):
    """Points that make the score: base, own listings, capped association both ways.

    `evidence_half_at` is how many records make half of a full file: the width of a score follows
    from it.
    """

    range_low: float = 350.0
    range_high: float = 950.0
    base: float = 650.0
    own_listing_points: Annotated[float, Field(le=0)] = -300.0
    own_allowlisting_points: Annotated[float, Field(ge=0)] = 100.0
    exposure_points: Annotated[float, Field(le=0)] = -150.0
    trust_points: Annotated[float, Field(ge=0)] = 150.0
    evidence_half_at: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _base_lies_in_range(self) -> Scorecard:
        if not self.range_low <= self.base <= self.range_high:
            raise ValueError(f"base {self.base} lies outside {self.range_low}–{self.range_high}")
        return self


class Gate(_Part):
    """Limits that a run keeps to be published without a person; None asks for nothing.

    `psi_at_most` holds for the drift of scores, exposure and trust each; `disparity_ratio_at_least`
    for every attribute that is given for audit (0.8 is the four-fifths rule). Drift and changes of
    bands are judged from `drift_from_subjects` on: among a few, each one is a shift. Where no
    attributes are given, a ratio holds the run only if it `needs_attributes`.
    """

    psi_at_most: Annotated[float, Field(gt=0)] | None = None
    band_changes_at_most: Fraction | None = None
    disparity_ratio_at_least: Fraction | None = None
    score_bound_at_most: Annotated[float, Field(gt=0)] | None = None
    drift_from_subjects: Annotated[int, Field(ge=0)] = 0
    needs_attributes: bool = True

    def newer_defaults(self) -> set[str]:
        """Return the fields that say what held before there were such fields."""
        newer = {"drift_from_subjects": 0, "needs_attributes": True}
        return {name for name, default in newer.items() if getattr(self, name) == default}


class Programme(_Document):
    """A versioned scoring model for one purpose.

    `listings` gives single lists other points than the scorecard's.
    """

    purpose: Name
    champion: bool = False
    conductances: dict[LinkKind, Conductance]
    exposure: ExposureModel
    trust: TrustModel
    events: dict[EventKind, EventRule] = {}
    reports: ReportRule | None = None
    listings: dict[str, float] = {}
    scorecard: Scorecard = Scorecard()
    bands: tuple[Band, ...] = ()
    calibration_note: str = ""
    gate: Gate | None = None
    learned: LearnedRule | None = None

    def canonical_json(self) -> str:
        """Return the document as JSON; as it was before, where it doesn't use what came later."""
        newer = ("gate", "learned")
        absent: Excluded = {name: True for name in newer if getattr(self, name) is None}
        if self.gate is not None:
            absent["gate"] = self.gate.newer_defaults()
        return self._canonical(without=absent)

    @property
    def tolerance(self) -> float:
        """Largest error of any value that the programme accepts: the stricter of its two."""
        return min(self.exposure.tolerance, self.trust.tolerance)

    def blacklist_points(self) -> dict[str, float]:
        """Return what an entry of severity 1 costs, for each list that speaks against a subject."""
        default = self.scorecard.own_listing_points
        points = {name: self.listings.get(name, default) for name in self.exposure.blacklists}
        points |= {name: value for name, value in self.listings.items() if value < 0.0}
        return dict(sorted(points.items()))

    def allowlist_points(self) -> dict[str, float]:
        """Return what an entry of severity 1 earns, for each list that speaks for a subject."""
        default = self.scorecard.own_allowlisting_points
        points = {name: self.listings.get(name, default) for name in self.trust.allowlists}
        points |= {name: value for name, value in self.listings.items() if value > 0.0}
        return dict(sorted(points.items()))

    @field_validator("conductances")
    @classmethod
    def _some_conductance(cls, value: dict[LinkKind, Conductance]) -> dict[LinkKind, Conductance]:
        if not value:
            raise ValueError("names no link kind; at least one is needed")
        return value


class Advice(StrEnum):
    """What a policy advises; nothing here refuses anybody."""

    WAIVE_DEPOSIT = "waive_deposit"  # hire without a deposit
    FAST_CHECKOUT = "fast_checkout"  # skip the usual checks
    STANDARD = "standard"  # treat like anybody
    STEP_UP = "step_up"  # ask for one more proof
    REVIEW = "review"  # a person looks at it

    @property
    def is_adverse(self) -> bool:
        """Whether the subject is worse off than with the standard treatment."""
        return self in (Advice.STEP_UP, Advice.REVIEW)


class Condition(_Part):
    """Holds where everything that it names holds; one that names nothing always holds.

    `own_points` are those of the subject's own events, reports and listings, without base and
    contacts.
    """

    score_at_least: float | None = None
    score_below: float | None = None
    bands: frozenset[Name] | None = None
    own_points_at_least: float | None = None
    own_points_below: float | None = None
    width_at_most: Annotated[float, Field(ge=0)] | None = None
    width_at_least: Annotated[float, Field(ge=0)] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing, and so always holds."""
        return not self.model_dump(exclude_none=True)


class PolicyRule(_Part):
    """One rule: where the condition holds, this advice with this reason."""

    when: Condition = Condition()
    advice: Advice
    reason_code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
    text: Annotated[str, Field(min_length=1)]


class Policy(_Document):
    """Rules over a purpose's scores that give an advice; the first whose condition holds."""

    purpose: Name
    rules: Annotated[tuple[PolicyRule, ...], Field(min_length=1)]
