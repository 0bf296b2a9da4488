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

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,63}$")

Name = Annotated[str, Field(pattern=NAME_PATTERN.pattern)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class DefinitionKind(StrEnum):
    """The nouns that operators declare."""

    PURPOSE = "purpose"
    PROGRAMME = "programme"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """One version of a declared document, as canonical JSON; immutable once stored."""

    kind: DefinitionKind
    name: str
    version: int
    body: str


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    description: str = ""

    def canonical_json(self) -> str:
        """Return the document as JSON that is equal for equal documents."""
        return json.dumps(
            _with_sorted_sets(self.model_dump()), sort_keys=True, separators=(",", ":")
        )


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
    reader_roles: frozenset[str]


class Direction(StrEnum):
    """Which end of a link feels the other."""

    ALONG = "along"  # src has dst as its contact
    AGAINST = "against"  # dst has src as its contact
    BOTH = "both"


class Conductance(BaseModel):
    """How much of an effect a link of one kind conducts: c · f(w) · 2^(−age / half-life)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conductance: Annotated[float, Field(gt=0)] = 1.0
    weight: Literal["constant", "linear", "log1p", "saturating"] = "constant"
    weight_scale: Annotated[float, Field(gt=0)] = 1.0
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    exposure_direction: Direction = Direction.BOTH
    carries_trust: bool = False


class ExposureModel(BaseModel):
    """How blacklist effects spread: Friedkin–Johnsen with susceptibility `beta`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beta: Annotated[float, Field(ge=0, lt=1)]
    tolerance: Annotated[float, Field(gt=0)] = 1e-6
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 0.05
    blacklists: frozenset[str] = frozenset()


class TrustModel(BaseModel):
    """How trust spreads from allowlisted seeds: personalised PageRank with `alpha`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: Annotated[float, Field(ge=0, lt=1)]
    tolerance: Annotated[float, Field(gt=0)] = 1e-6
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = None
    half_points_at: Annotated[float, Field(gt=0)] = 0.05
    allowlists: frozenset[str] = frozenset()


class Scorecard(BaseModel):
    """Points that make the score: base, own listings, capped association both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    range_low: float = 350.0
    range_high: float = 950.0
    base: float = 650.0
    own_listing_points: Annotated[float, Field(le=0)] = -300.0
    own_allowlisting_points: Annotated[float, Field(ge=0)] = 100.0
    exposure_points: Annotated[float, Field(le=0)] = -150.0
    trust_points: Annotated[float, Field(ge=0)] = 150.0

    @model_validator(mode="after")
    def _base_lies_in_range(self) -> Scorecard:
        if not self.range_low <= self.base <= self.range_high:
            raise ValueError(f"base {self.base} lies outside {self.range_low}–{self.range_high}")
        return self


class Programme(_Document):
    """A versioned scoring model for one purpose."""

    purpose: Name
    champion: bool = False
    conductances: dict[LinkKind, Conductance]
    exposure: ExposureModel
    trust: TrustModel
    scorecard: Scorecard = Scorecard()
    calibration_note: str = ""

    @field_validator("conductances")
    @classmethod
    def _some_conductance(cls, value: dict[LinkKind, Conductance]) -> dict[LinkKind, Conductance]:
        if not value:
            raise ValueError("names no link kind; at least one is needed")
        return value


class PolicyRule(BaseModel):
    """One rule: where the condition holds, this advice with this reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str
    advice: Literal["waive_deposit", "fast_checkout", "standard", "step_up", "review"]
    reason_code: str


class Policy(_Document):
    """Rules over a programme's score that give an advice; stored and read, not yet applied."""

    programme: Name
    rules: tuple[PolicyRule, ...]
