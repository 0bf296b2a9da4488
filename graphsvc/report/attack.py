"""What a ring of k fakes with g bought links could do on a run's own graph.

Each case is a what-if on the run's trust mass: the fakes come in without a record, each trusts the
next two, and g honest subjects trust the first g fakes, one each, as strongly as links usually are.
What comes out is the most that it can be: exposure that the same links bring with them only takes
away. What a fake gains is bounded by the cap on association, what the reported subject loses by the
cap on open reports, whatever k and g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.model import Programme, Purpose
from graphsvc.report.model import Attack
from graphsvc.runs import PublishedScores
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.reports import credibility
from graphsvc.scoring.saturation import saturated
from graphsvc.snapshot import Snapshot

Floats = NDArray[np.float64]

FAKES = (10, 100, 1000)
LINKS = (0, 1, 10, 100)
TOLERANCE = 1e-6
HOSTS_SEED = 20240101


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """Where the attack happens: live trust mass with room for the fakes, and who may give trust."""

    live: algorithms.LiveTrustMass
    subjects: int
    link_weight: float
    unit: float


def attack_costs(
    snapshot: Snapshot,
    programme: Programme,
    purpose: Purpose,
    scores: PublishedScores,
    fakes: tuple[int, ...] = FAKES,
    links: tuple[int, ...] = LINKS,
) -> tuple[Attack, ...]:
    """Return what rings of fakes could do; empty where the programme passes on no trust.

    Args:
        snapshot: the evidence of the run.
        programme: the version that the run was made with.
        purpose: whose cap on association holds.
        scores: the run.
        fakes: sizes of rings, k.
        links: honest subjects that are talked into trusting them, g; those above k are left out.
    """
    inputs = PropagationInputs.derive(snapshot, programme, scores.run.as_of)
    if not inputs.vouching.m or not inputs.trust_seed.any():
        return ()
    field = _field(inputs, programme, scores, snapshot, max(fakes))
    trust = scores.column("trust")[snapshot.subjects.rank_of_index]
    found = []
    for hosts, ranked in (
        ("random", _random_hosts(trust, inputs, max(links))),
        ("worst", _worst_hosts(trust, inputs, field.link_weight, max(links))),
    ):
        for k in fakes:
            for g in links:
                # Without a bought link it makes no difference who would have given it.
                if g > min(k, ranked.size) or (g == 0 and hosts == "worst"):
                    continue
                held = _trust_of_fakes(field, k, ranked[:g])
                found.append(_attack(k, g, hosts, held, programme, purpose))
    return tuple(found)


def _field(
    inputs: PropagationInputs,
    programme: Programme,
    scores: PublishedScores,
    snapshot: Snapshot,
    room: int,
) -> _Field:
    alpha = programme.trust.alpha
    graph = algorithms.DynamicGraph(inputs.vouching, inputs.vouching_reversed)
    graph.add_subjects(room)
    trust = scores.column("trust")[snapshot.subjects.rank_of_index]
    live = algorithms.LiveTrustMass(
        graph,
        np.concatenate([inputs.trust_seed, np.zeros(room)]),
        alpha,
        TOLERANCE * (1.0 - alpha),
        hop_limit=programme.trust.hop_limit,
        values=np.concatenate([trust * (1.0 - alpha), np.zeros(room)]),
    )
    live.settle()
    return _Field(live, snapshot.n, _usual(inputs.vouching), 1.0 - alpha)


def _random_hosts(trust: Floats, inputs: PropagationInputs, count: int) -> NDArray[np.int64]:
    """Return honest subjects whose trust somebody may have bought: any that holds some."""
    able = np.flatnonzero((trust > 0.0) & (inputs.own_risk == 0.0))
    return np.random.default_rng(HOSTS_SEED).permutation(able)[:count]


def _worst_hosts(
    trust: Floats, inputs: PropagationInputs, weight: float, count: int
) -> NDArray[np.int64]:
    """Return those who would hand on most by one link more, before it is felt elsewhere."""
    out = inputs.vouching.weight_sum
    handed_on = np.where(inputs.own_risk == 0.0, trust, 0.0) * (weight / (out + weight))
    order = np.argsort(-handed_on, kind="stable")[:count]
    return order[handed_on[order] > 0.0]


def _trust_of_fakes(field: _Field, k: int, hosts: NDArray[np.int64]) -> Floats:
    own = field.subjects + np.arange(k)
    steps = [step for step in (1, 2) if step < k]
    src = np.concatenate([*([own] * len(steps)), hosts])
    dst = np.concatenate(
        [*(field.subjects + (np.arange(k) + step) % k for step in steps), own[: hosts.size]]
    )
    weights = np.full(src.size, field.link_weight)
    found = field.live.what_if(links=(src, dst, weights))
    held = np.zeros(k)
    of_fakes = found.subjects >= field.subjects
    held[found.subjects[of_fakes] - field.subjects] = found.after[of_fakes]
    return np.maximum(held, 0.0) / field.unit


def _attack(
    k: int, g: int, hosts: str, held: Floats, programme: Programme, purpose: Purpose
) -> Attack:
    best = float(held.max(initial=0.0))
    points = programme.scorecard.trust_points * saturated(best, programme.trust.half_points_at)
    rule = programme.reports
    lost = None
    if rule is not None:
        joint = float(credibility(held, rule.credibility_half_at).sum())
        lost = -rule.points * saturated(min(joint, rule.open_weight_cap), rule.half_points_at)
    return Attack(k, g, hosts, min(points, purpose.association_cap_points), lost)


def _usual(graph: algorithms.CSRGraph) -> float:
    return 1.0 if graph.weights is None else float(np.median(graph.weights))
