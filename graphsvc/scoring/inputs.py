"""What a programme makes of a snapshot at a time: two graphs, risk, seeds, and own record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.model import Conductance, Direction, ListKind, Programme
from graphsvc.model.checks import to_microseconds
from graphsvc.scoring.own import (
    MICROSECONDS_PER_DAY,
    OwnRecord,
    joint_severity,
    listing_weights,
)
from graphsvc.scoring.reports import Reports
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import LINK_KIND_CODES, NO_START_US

Floats = NDArray[np.float64]
Edges = tuple[NDArray[Any], NDArray[Any], Floats]


class LinkEvidence(Protocol):
    """Columns of links: kind codes, weights, and when they are valid."""

    @property
    def kind(self) -> NDArray[Any]:
        """Codes of kinds (LINK_KIND_CODES)."""

    @property
    def weight(self) -> Floats:
        """Weights, negative for distrust."""

    @property
    def valid_from_us(self) -> NDArray[np.int64]:
        """From when on, in microseconds since 1970."""

    @property
    def valid_to_us(self) -> NDArray[np.int64]:
        """Until when."""


@dataclass(frozen=True, slots=True, eq=False)
class ConductingLinks:
    """Links that conduct at a time: whole numbers for subjects and kinds, float64 conductance."""

    src: NDArray[Any]
    dst: NDArray[Any]
    kind: NDArray[Any]
    conductance: Floats

    def contacts(self, programme: Programme) -> Edges:
        """Return who feels whose risk, and how strongly; a link may lead both ways."""
        along = self._of(programme, lambda rule: rule.exposure_direction is not Direction.AGAINST)
        against = self._of(programme, lambda rule: rule.exposure_direction is not Direction.ALONG)
        return (
            np.concatenate([along.src, against.dst]),
            np.concatenate([along.dst, against.src]),
            np.concatenate([along.conductance, against.conductance]),
        )

    def vouching(self, programme: Programme) -> Edges:
        """Return who hands trust to whom, and how strongly."""
        carrying = self._of(programme, lambda rule: rule.carries_trust)
        return carrying.src, carrying.dst, carrying.conductance

    def _of(self, programme: Programme, wanted: Callable[[Conductance], bool]) -> ConductingLinks:
        codes = [
            LINK_KIND_CODES[kind] for kind, rule in programme.conductances.items() if wanted(rule)
        ]
        chosen = np.isin(self.kind, codes)
        if chosen.all():
            return self
        return ConductingLinks(
            self.src[chosen], self.dst[chosen], self.kind[chosen], self.conductance[chosen]
        )


@dataclass(frozen=True, slots=True, eq=False)
class PropagationInputs:
    """Everything that propagation reads, in snapshot indices.

    Attributes:
        contacts: row i leads to the contacts whose risk i feels.
        vouching: row i leads to those whom i hands trust to.
        vouching_reversed: the same links reversed.
        own_risk: float64 (n,), from blacklists, each in [0, 1].
        trust_seed: float64 (n,), from allowlists, each in [0, 1].
        has_contacts: bool (n,), whether exposure can reach the subject at all.
        links: how many links conduct at this time.
        own: what each subject's own events and listings are worth.
        reports: the reports made so far, waiting for their reporters' trust.
    """

    contacts: algorithms.CSRGraph
    vouching: algorithms.CSRGraph
    vouching_reversed: algorithms.CSRGraph
    own_risk: Floats
    trust_seed: Floats
    has_contacts: NDArray[np.bool_]
    links: int
    own: OwnRecord
    reports: Reports

    @classmethod
    def derive(cls, snapshot: Snapshot, programme: Programme, as_of: datetime) -> PropagationInputs:
        """Return what `programme` makes of the evidence that is valid at `as_of`."""
        as_of_us = to_microseconds(as_of)
        conductance = conductances(snapshot.links, programme, as_of_us)
        conducting = np.flatnonzero(conductance > 0.0)
        row = np.repeat(np.arange(snapshot.n, dtype=np.int32), np.diff(snapshot.links.indptr))
        links = ConductingLinks(
            src=row[conducting],
            dst=snapshot.links.dst[conducting],
            kind=snapshot.links.kind[conducting],
            conductance=conductance[conducting],
        )
        contacts = algorithms.CSRGraph.from_edges(*links.contacts(programme), snapshot.n)
        vouching = algorithms.CSRGraph.from_edges(*links.vouching(programme), snapshot.n)
        return cls(
            contacts=contacts,
            vouching=vouching,
            vouching_reversed=vouching.transpose(),
            own_risk=own_risk(snapshot, programme, as_of_us),
            trust_seed=trust_seed(snapshot, programme, as_of_us),
            has_contacts=contacts.out_degree > 0,
            links=int(conducting.size),
            own=OwnRecord.derive(snapshot, programme, as_of_us),
            reports=Reports.derive(snapshot, programme.reports, as_of_us),
        )


def conductances(links: LinkEvidence, programme: Programme, as_of_us: int) -> Floats:
    """Return c · f(w) · 2^(−age / half-life) for each link, 0 where it is not valid."""
    valid = (links.valid_from_us <= as_of_us) & (as_of_us < links.valid_to_us)
    conductance = np.zeros(links.kind.size, np.float64)
    for kind, rule in sorted(programme.conductances.items()):
        chosen = np.flatnonzero(valid & (links.kind == LINK_KIND_CODES[kind]))
        if chosen.size:
            conductance[chosen] = _conductance_of(links, rule, chosen, as_of_us)
    return conductance


def _conductance_of(
    links: LinkEvidence, rule: Conductance, chosen: NDArray[np.int64], as_of_us: int
) -> Floats:
    # A signed link conducts by its trust alone: distrust is no contact.
    weight = np.maximum(links.weight[chosen], 0.0) / rule.weight_scale
    age_days: Floats | float = 0.0
    if rule.half_life_days is not None:
        start_us = links.valid_from_us[chosen]
        started = np.where(start_us == NO_START_US, as_of_us, start_us)
        age_days = (as_of_us - started) / MICROSECONDS_PER_DAY
    return algorithms.conductance(
        np.where(links.weight[chosen] < 0.0, 0.0, rule.conductance),
        weight,
        age_days,
        rule.half_life_days or np.inf,
        rule.weight,
    )


def own_risk(snapshot: Snapshot, programme: Programme, as_of_us: int) -> Floats:
    """Return every subject's risk by its blacklistings, float64 (n,), each in [0, 1]."""
    names = programme.exposure.blacklists
    return _joint_severity(snapshot, names, ListKind.BLACKLIST, as_of_us)


def trust_seed(snapshot: Snapshot, programme: Programme, as_of_us: int) -> Floats:
    """Return every subject's trust by its allowlistings, float64 (n,), each in [0, 1]."""
    names = programme.trust.allowlists
    return _joint_severity(snapshot, names, ListKind.ALLOWLIST, as_of_us)


def _joint_severity(
    snapshot: Snapshot, list_names: frozenset[str], kind: ListKind, as_of_us: int
) -> Floats:
    _, entries = listing_weights(snapshot, dict.fromkeys(list_names, 1.0), kind, as_of_us)
    return joint_severity(entries, snapshot.n)
