"""What a programme's learned model makes of a snapshot at a time.

The model is found by its fingerprint, which is that of its content: a programme that names one
means the same numbers for ever, wherever the file lies. Scoring needs no torch.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import algorithms
from algorithms.learned import Evidence, LearnedModel, Told, score
from algorithms.learned.model import require_known
from graphsvc.errors import ModelMismatchError, ModelMissingError
from graphsvc.model import LearnedRule, ListKind, Programme
from graphsvc.model.checks import to_microseconds
from graphsvc.scoring.own import MICROSECONDS_PER_DAY, joint_severity, listing_weights
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import LINK_KIND_CODES, NO_START_US
from graphsvc.tracing import span

Floats = NDArray[np.float64]
# By fingerprint. Content decides the key, so it makes no difference who put a model here.
_known: dict[str, LearnedModel] = {}


def know_model(path: Path) -> LearnedModel:
    """Read a model file, so that programmes may name it; return it.

    Raises:
        algorithms.learned.ModelFileError: it is damaged, or reads features that nobody makes here.
    """
    model = LearnedModel.load(path)
    require_known(model)
    return _known.setdefault(model.fingerprint, model)


def model_of(rule: LearnedRule) -> LearnedModel:
    """Return the model that a programme names.

    Raises:
        ModelMissingError: no file with that fingerprint was read.
    """
    found = _known.get(rule.fingerprint)
    if found is None:
        raise ModelMissingError(
            f"learned model {rule.model}: no file in models/ beside the programmes has the "
            f"fingerprint {rule.fingerprint}; put it (back) there"
        )
    return found


def schema_of(programme: Programme) -> str:
    """Return which links and lists a programme tells a model of, and how links are weighed.

    Two programmes with equal schemas tell a model the same of the same records.
    """
    links = (
        f"{kind}:{rule.conductance}:{rule.weight}:{rule.weight_scale}"
        for kind, rule in sorted(programme.conductances.items())
    )
    return "; ".join(
        [
            f"purpose {programme.purpose}",
            f"links {' '.join(links)}",
            f"blacklists {' '.join(sorted(programme.exposure.blacklists))}",
            f"allowlists {' '.join(sorted(programme.trust.allowlists))}",
        ]
    )


def require_schema(programme: Programme, model: LearnedModel) -> None:
    """Refuse a model that was trained on other links or lists than a programme reads.

    Raises:
        ModelMismatchError: says on what it was trained, and what the programme has.
    """
    told, own = model.trained_on.schema, schema_of(programme)
    if told != own:
        raise ModelMismatchError(
            f"model {model.fingerprint[:12]} was trained on other evidence than programme "
            f"{programme.name} reads: on {told or 'plain arrays, of which nothing is known'}; the "
            f"programme has {own}. It was trained on {model.trained_on}"
        )


def learned_probability(snapshot: Snapshot, programme: Programme, as_of: datetime) -> Floats | None:
    """Return every subject's probability, float64 (n,); None where the programme names no model.

    Raises:
        ModelMissingError: the model is not there.
        ModelMismatchError: it was trained on other evidence.
    """
    if programme.learned is None:
        return None
    model = model_of(programme.learned)
    require_schema(programme, model)
    with span("kernel.learned", subjects=snapshot.n, links=snapshot.m):
        return score(model, Told.of(evidence_at(snapshot, programme, as_of))).probability


def evidence_at(snapshot: Snapshot, programme: Programme, as_of: datetime) -> Evidence:
    """Return what a model is told at a time: links that conduct, and who was listed.

    Times are days. A link's weight is that of its kind's conductance, without decay: its age is
    told apart. Subjects without a start of any link are told of without ages.
    """
    as_of_us, links = to_microseconds(as_of), snapshot.links
    src = np.repeat(np.arange(snapshot.n), np.diff(links.indptr))
    valid = (links.valid_from_us <= as_of_us) & (as_of_us < links.valid_to_us)
    weight = np.zeros(snapshot.m)
    for kind, rule in sorted(programme.conductances.items()):
        chosen = np.flatnonzero(valid & (links.kind == LINK_KIND_CODES[kind]))
        size = np.abs(links.weight[chosen]) / rule.weight_scale
        whole = np.full(chosen.size, rule.conductance)
        strength = algorithms.conductance(whole, size, 0.0, np.inf, rule.weight)
        weight[chosen] = np.where(links.weight[chosen] < 0.0, -strength, strength)
    told = np.flatnonzero(weight != 0.0)
    start = links.valid_from_us[told]
    has_start = start != NO_START_US
    time = None
    if has_start.any():
        earliest = start[has_start].min()
        time = np.where(has_start, start, earliest) / MICROSECONDS_PER_DAY
    return Evidence(
        snapshot.n, src[told], links.dst[told].astype(np.int64), weight[told], time,
        _listed(snapshot, programme.exposure.blacklists, ListKind.BLACKLIST, as_of_us),
        _listed(snapshot, programme.trust.allowlists, ListKind.ALLOWLIST, as_of_us),
    )  # fmt: skip


def _listed(
    snapshot: Snapshot, names: frozenset[str], kind: ListKind, as_of_us: int
) -> NDArray[np.int64]:
    _, entries = listing_weights(snapshot, dict.fromkeys(names, 1.0), kind, as_of_us)
    return np.flatnonzero(joint_severity(entries, snapshot.n) > 0.0)
