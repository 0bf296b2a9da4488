"""The ground truth: what each subject is, which no record says. For evaluation and audit only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from graphsvc.model import SubjectRef
from graphsvc.world.columns import NEVER, NOBODY
from graphsvc.world.population import SUBJECT_KINDS, Population
from graphsvc.world.roles import (
    AGE_BANDS,
    NO_SCHEME,
    REGIONS,
    ROLES,
    SCHEMES,
    Role,
    Scheme,
)

_KEY_PREFIXES = ("p", "shop", "acct", "dev", "addr")


@dataclass(frozen=True, slots=True)
class SubjectTruth:
    """What one subject truly is.

    Attributes:
        subject: who.
        role: what part it plays.
        scheme: what it does once it is bad; None for who stays honest.
        group: the group that it acts with, if any.
        joined_at: when it joined, or was first used.
        turned_bad_at: when it did its first misdeed; None for who never does.
        trustworthiness: 0 to 1, what drives its conduct until then; None for identifiers.
        trustworthiness_once_bad: the same from then on; None for who never turns.
        is_thin_file: whether it leaves hardly any record.
        holder: the person behind an account or business.
        region: where it is; for audit only, no record holds it.
        age_band: how old a person is; for audit only, no record holds it.
    """

    subject: SubjectRef
    role: Role
    scheme: Scheme | None
    group: str | None
    joined_at: datetime
    turned_bad_at: datetime | None
    trustworthiness: float | None
    trustworthiness_once_bad: float | None
    is_thin_file: bool
    holder: SubjectRef | None
    region: str | None
    age_band: str | None

    def is_bad_at(self, time: datetime) -> bool:
        """Say whether the subject had done its first misdeed by then."""
        return self.turned_bad_at is not None and self.turned_bad_at <= time


TRUTH_COLUMNS = tuple(field.name for field in fields(SubjectTruth))


def subject_refs(population: Population) -> list[SubjectRef]:
    """Return who is meant by each number."""
    return [
        SubjectRef(kind, f"{prefix}-{number:06d}")
        for kind, prefix, count in zip(SUBJECT_KINDS, _KEY_PREFIXES, population.counts, strict=True)
        for number in range(1, count + 1)
    ]


def utc(seconds: int) -> datetime:
    """Return the UTC time of whole seconds since 1970-01-01."""
    return datetime.fromtimestamp(seconds, UTC)


def truths(population: Population, refs: list[SubjectRef]) -> Iterator[SubjectTruth]:
    """Return what each subject truly is, in the order of their numbers."""
    group_names = [group.name for group in population.groups]
    columns = zip(
        refs,
        population.role.tolist(),
        population.scheme.tolist(),
        population.group.tolist(),
        population.joined_s.tolist(),
        population.turned_s.tolist(),
        population.trustworthiness.round(4).tolist(),
        population.once_bad.round(4).tolist(),
        population.is_thin.tolist(),
        population.holder.tolist(),
        population.region.tolist(),
        population.age_band.tolist(),
        strict=True,
    )
    for ref, role, scheme, group, joined, turned, good, bad, thin, holder, region, age in columns:
        acts = ROLES[role] is not Role.IDENTIFIER
        turns = turned != NEVER
        yield SubjectTruth(
            subject=ref,
            role=ROLES[role],
            scheme=None if scheme == NO_SCHEME else SCHEMES[scheme],
            group=None if group < 0 else group_names[group],
            joined_at=utc(joined),
            turned_bad_at=utc(turned) if turns else None,
            trustworthiness=good if acts else None,
            trustworthiness_once_bad=bad if turns else None,
            is_thin_file=thin,
            holder=None if holder == NOBODY else refs[holder],
            region=None if region < 0 else REGIONS[region],
            age_band=None if age < 0 else AGE_BANDS[age],
        )
