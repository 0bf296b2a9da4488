"""Every method and baseline as a function from a view to suspicion: larger is more suspicious.

Parameters are the papers' where they give them, and the same for every set: nothing is tuned here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import algorithms as a
from benchmarks.proof.view import Floats, View

Score = Callable[[View], Floats]
DAMPING = 0.85
TOLERANCE = 1e-8
KINDS = frozenset({"signed", "social", "payments"})
NOT_PAID_CAUTIOUSLY = 1e-9


@dataclass(frozen=True)
class Method:
    """A named score.

    Attributes:
        kinds: which sets it can be asked on.
        needs: "bad" and "good": labels without which it has nothing to say.
        is_baseline: whether it is there to be beaten.
        has_direction: False where the calibration labels decide which end is suspicious.
    """

    name: str
    score: Score
    kinds: frozenset[str] = KINDS
    needs: frozenset[str] = frozenset()
    is_baseline: bool = False
    has_direction: bool = True


def _baseline(name: str, score: Score, *kinds: str, needs: str = "") -> Method:
    wanted = frozenset(needs.split())
    return Method(name, score, frozenset(kinds) or KINDS, wanted, True, bool(wanted))


def _with(labels: str, name: str, score: Score, *kinds: str) -> Method:
    return Method(name, score, frozenset(kinds) or KINDS, frozenset(labels.split()))


def degree_in(view: View) -> Floats:
    """Links that lead to each subject."""
    return np.bincount(view.links.dst, minlength=view.n).astype(float)


def degree_out(view: View) -> Floats:
    """Links that leave each subject."""
    return np.bincount(view.links.src, minlength=view.n).astype(float)


def amount_in(view: View) -> Floats:
    """Money received."""
    return np.bincount(view.links.dst, view.links.weight, view.n).astype(float)


def amount_out(view: View) -> Floats:
    """Money paid."""
    return np.bincount(view.links.src, view.links.weight, view.n).astype(float)


def balance(view: View) -> Floats:
    """Money received, less money paid, as a share of both."""
    received, paid = amount_in(view), amount_out(view)
    return (received - paid) / np.maximum(received + paid, NOT_PAID_CAUTIOUSLY)


def labels_around(hops: int) -> Score:
    """Share of bad among the labels within one or two hops, with a pinch of both."""

    def score(view: View) -> Floats:
        degree = np.maximum(view.contacts.out_degree, 1)
        bad, good = view.marks(view.bad), view.marks(view.good)
        for hop in range(hops):
            share = 1.0 / degree if hop else np.ones(view.n)
            bad, good = (_spread(view, values * share) for values in (bad, good))
        return (bad + 0.1) / (bad + good + 0.2)

    return score


def bad_share_of_contacts(view: View) -> Floats:
    """Known bad among all contacts, with a pinch of nothing."""
    return _spread(view, view.marks(view.bad)) / (view.contacts.out_degree + 1.0)


def _spread(view: View, values: Floats) -> Floats:
    rows = np.repeat(np.arange(view.n), view.contacts.out_degree)
    return np.bincount(rows, values[view.contacts.indices], view.n).astype(float)


def exposure(view: View) -> Floats:
    """Exposure to the known bad over contacts."""
    return a.exposure(view.contacts, view.marks(view.bad), DAMPING, TOLERANCE).values


def trust(view: View) -> Floats:
    """Trust mass from the known good (TrustRank)."""
    seeds = view.marks(view.good) / view.good.size
    return -a.trust_mass(view.trust, seeds, DAMPING, TOLERANCE, transposed=view.backwards).values


def distrust(view: View) -> Floats:
    """Distrust mass from the known bad (Anti-TrustRank)."""
    seeds = view.marks(view.bad) / view.bad.size
    return a.distrust_mass(view.trust, seeds, DAMPING, TOLERANCE, transposed=view.backwards).values


def contact_trust(view: View) -> Floats:
    """Trust mass over contacts, divided by degree: the walk of SybilRank, with restart."""
    seeds = view.marks(view.good) / view.good.size
    values = a.trust_mass(view.contacts, seeds, DAMPING, TOLERANCE).values
    return -values / np.maximum(view.contacts.out_degree, 1)


def eigentrust(view: View) -> Floats:
    """EigenTrust with the known good as pre-trusted."""
    return -a.eigentrust(
        view.trust, view.marks(view.good), 1.0 - DAMPING, TOLERANCE, transposed=view.backwards
    ).values


def sybil_rank(view: View) -> Floats:
    """SybilRank from the known good."""
    return -a.sybil_rank(view.contacts, view.marks(view.good)).values


def sybil_scar(is_constant: bool) -> Score:
    """SybilSCAR with θ = 0.1, strength 1/(2 mean degree) or 1/(2 degree)."""

    def score(view: View) -> Floats:
        graph = view.contacts
        prior = 0.5 + 0.1 * (view.marks(view.bad) - view.marks(view.good))
        linked = max(int((graph.out_degree > 0).sum()), 1)
        strength = linked / (2.0 * max(graph.m, 1)) if is_constant else None
        return a.sybil_scar(graph, prior, strength=strength).values

    return score


def beliefs(view: View) -> Floats:
    """Linearised belief propagation, two classes, at seven tenths of what surely converges."""
    mark = 0.1 * (view.marks(view.bad) - view.marks(view.good))
    explicit = np.stack([mark, -mark], axis=1)
    return a.linear_beliefs(view.contacts, explicit, safe_coupling(view), 1e-6).values[:, 0]


def safe_coupling(view: View) -> Floats:
    """Return the coupling of two classes at seven tenths of what surely converges."""
    radius = max(_spectral_radius(view), 1.0)
    degree = max(int(view.contacts.out_degree.max()), 1)
    # 2 h ρ(A) for what neighbours say and 4 h² deg for the echo come to 0.7 together.
    h = (np.sqrt(radius**2 + 2.8 * degree) - radius) / (4.0 * degree)
    return np.array([[h, -h], [-h, h]])


def _spectral_radius(view: View) -> float:
    x, radius = np.ones(view.n), 1.0
    for _ in range(50):
        y = x + _spread(view, x)
        radius = float(np.linalg.norm(y) / np.linalg.norm(x)) - 1.0
        x = y / np.linalg.norm(y)
    return radius


def taint(rule: Callable[..., a.Taint], *, is_forward: bool) -> Score:
    """Tainted share of what came in; backwards in time, of what went out to the listed."""

    def score(view: View) -> Floats:
        payments = view.payments
        if not is_forward:
            payments = a.Payments(
                payments.payee[::-1], payments.payer[::-1], payments.amount[::-1], view.n
            )
        found = rule(payments, view.marks(view.bad) > 0.0)
        whole = np.bincount(payments.payee, payments.amount, view.n)
        return found.received / np.maximum(whole, 1.0)

    return score


GENERAL = (
    _baseline("links in", degree_in),
    _baseline("links out", degree_out),
    _baseline("labels within two hops", labels_around(2), needs="bad good"),
    _baseline("share of contacts known bad", bad_share_of_contacts, "payments", needs="bad"),
    _baseline("amount in", amount_in, "payments"),
    _baseline("amount out", amount_out, "payments"),
    _baseline("balance", balance, "payments"),
    _with("bad", "exposure", exposure),
    _with("good", "trust mass (TrustRank)", trust),
    _with("bad", "distrust mass (Anti-TrustRank)", distrust),
    _with("good", "trust over contacts / degree", contact_trust),
    _with("good", "EigenTrust", eigentrust),
    _with("good", "SybilRank", sybil_rank),
    _with("bad", "SybilSCAR-C", sybil_scar(True)),
    _with("bad", "SybilSCAR-D", sybil_scar(False)),
    _with("bad", "linearised BP", beliefs),
    _with("bad", "poison", taint(a.poison_taint, is_forward=True), "payments"),
    _with("bad", "haircut", taint(a.haircut_taint, is_forward=True), "payments"),
    _with("bad", "FIFO", taint(a.fifo_taint, is_forward=True), "payments"),
    _with("bad", "haircut, backwards", taint(a.haircut_taint, is_forward=False), "payments"),
    _with("bad", "FIFO, backwards", taint(a.fifo_taint, is_forward=False), "payments"),
)
