"""What a programme makes of a snapshot at a time: two graphs, risk, seeds, and own record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True, eq=False)
class _ConductingLinks:
    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    kind: NDArray[np.uint8]
    conductance: Floats

    def of(self, programme: Programme, wanted: Callable[[Conductance], bool]) -> _ConductingLinks:
        codes = [
            LINK_KIND_CODES[kind] for kind, rule in programme.conductances.items() if wanted(rule)
        ]
        chosen = np.isin(self.kind, codes)
        if chosen.all():
            return self
        return _ConductingLinks(
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
        conductance = _conductances(snapshot, programme, as_of_us)
        conducting = np.flatnonzero(conductance > 0.0)
        row = np.repeat(np.arange(snapshot.n, dtype=np.int32), np.diff(snapshot.links.indptr))
        links = _ConductingLinks(
            src=row[conducting],
            dst=snapshot.links.dst[conducting],
            kind=snapshot.links.kind[conducting],
            conductance=conductance[conducting],
        )
        contacts = _contact_graph(links, programme, snapshot.n)
        vouching = _vouching_graph(links, programme, snapshot.n)
        return cls(
            contacts=contacts,
            vouching=vouching,
            vouching_reversed=vouching.transpose(),
            own_risk=_joint_severity(
                snapshot, programme.exposure.blacklists, ListKind.BLACKLIST, as_of_us
            ),
            trust_seed=_joint_severity(
                snapshot, programme.trust.allowlists, ListKind.ALLOWLIST, as_of_us
            ),
            has_contacts=contacts.out_degree > 0,
            links=int(conducting.size),
            own=OwnRecord.derive(snapshot, programme, as_of_us),
            reports=Reports.derive(snapshot, programme.reports, as_of_us),
        )


def _conductances(snapshot: Snapshot, programme: Programme, as_of_us: int) -> Floats:
    """Return c · f(w) · 2^(−age / half-life) for each link, 0 where it is not valid."""
    links = snapshot.links
    valid = (links.valid_from_us <= as_of_us) & (as_of_us < links.valid_to_us)
    conductance = np.zeros(snapshot.m, np.float64)
    for kind, rule in sorted(programme.conductances.items()):
        chosen = np.flatnonzero(valid & (links.kind == LINK_KIND_CODES[kind]))
        if chosen.size:
            conductance[chosen] = _conductance_of(snapshot, rule, chosen, as_of_us)
    return conductance


def _conductance_of(
    snapshot: Snapshot, rule: Conductance, chosen: NDArray[np.int64], as_of_us: int
) -> Floats:
    # A signed link conducts by its trust alone: distrust is no contact.
    weight = np.maximum(snapshot.links.weight[chosen], 0.0) / rule.weight_scale
    age_days: Floats | float = 0.0
    if rule.half_life_days is not None:
        start_us = snapshot.links.valid_from_us[chosen]
        started = np.where(start_us == NO_START_US, as_of_us, start_us)
        age_days = (as_of_us - started) / MICROSECONDS_PER_DAY
    return algorithms.conductance(
        np.where(snapshot.links.weight[chosen] < 0.0, 0.0, rule.conductance),
        weight,
        age_days,
        rule.half_life_days or np.inf,
        rule.weight,
    )


def _contact_graph(links: _ConductingLinks, programme: Programme, n: int) -> algorithms.CSRGraph:
    along = links.of(programme, lambda rule: rule.exposure_direction is not Direction.AGAINST)
    against = links.of(programme, lambda rule: rule.exposure_direction is not Direction.ALONG)
    return algorithms.CSRGraph.from_edges(
        np.concatenate([along.src, against.dst]),
        np.concatenate([along.dst, against.src]),
        np.concatenate([along.conductance, against.conductance]),
        n,
    )


def _vouching_graph(links: _ConductingLinks, programme: Programme, n: int) -> algorithms.CSRGraph:
    carrying = links.of(programme, lambda rule: rule.carries_trust)
    return algorithms.CSRGraph.from_edges(carrying.src, carrying.dst, carrying.conductance, n)


def _joint_severity(
    snapshot: Snapshot, list_names: frozenset[str], kind: ListKind, as_of_us: int
) -> Floats:
    _, entries = listing_weights(snapshot, dict.fromkeys(list_names, 1.0), kind, as_of_us)
    return joint_severity(entries, snapshot.n)
