"""`python -m benchmarks.methods`: every method's time on Epinions and hop-transfers, and rivals'.

Each rival must first give our values; then both are timed in turn. Times are processor time of one
thread, so that waiting on a busy machine is no property of a method; compilation, reading and the
building of each one's own graph are not timed. Ratios are the rival's time by ours.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numba
import numpy as np

import algorithms as a
from benchmarks import method_peers as peers
from benchmarks.machine import machine
from benchmarks.method_peers import DAMPING, TOLERANCE, Floats, Solve
from benchmarks.proof import data, methods
from benchmarks.proof.view import Links, View

SEEDS = 100
# Who takes longer has one run.
SLOW_S = 5.0


@dataclass(frozen=True)
class Rival:
    """A peer, built when it is wanted; ImportError where its package is absent."""

    name: str
    build: Callable[[], Solve]


@dataclass(frozen=True)
class Contest:
    """A method on a graph; ``allowed`` is how far values may be apart, of the largest."""

    method: str
    ours: Solve
    rivals: tuple[Rival, ...]
    allowed: float = 1e-4


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    method: str
    ours_s: float
    rival: str
    rival_s: float
    apart: float


def main() -> None:
    """Print one table for each graph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", nargs="*", help="parts of the names of graphs")
    parser.add_argument("--methods", nargs="*", help="parts of the names of methods")
    parser.add_argument("--trials", type=int, default=3)
    asked = parser.parse_args()
    numba.set_num_threads(1)
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}; processor time, one thread,")
    print(f"medians of {asked.trials} runs; all within {TOLERANCE:g} of what they solve")
    for name, make in (("Epinions", _epinions), ("hop-transfers", _hop)):
        if asked.graphs and not any(part in name for part in asked.graphs):
            continue
        if not data.available({"Epinions": "epinions-signed"}.get(name, name)):
            continue
        print(f"\n**{name}**\n\n| method | ours, s | rival | rival, s | ratio | apart |")
        print("|---|--:|---|--:|--:|--:|", flush=True)
        for contest in make():
            if asked.methods and not any(part in contest.method for part in asked.methods):
                continue
            for line in fought(contest, asked.trials):
                print(
                    f"| {line.method} | {line.ours_s:.4f} | {line.rival} | {line.rival_s:.3f} | "
                    f"{line.rival_s / line.ours_s:.1f} | {line.apart:.0e} |",
                    flush=True,
                )


def fought(contest: Contest, trials: int) -> Iterator[Line]:
    """Yield a line for each rival that is installed and agrees; say so of one that does not."""
    exact = contest.ours()
    for rival in contest.rivals:
        try:
            solve = rival.build()
        except ImportError as error:
            print(f"  left out: {error}")
            continue
        begun = time.process_time()
        apart = distance(exact, solve())
        first = time.process_time() - begun
        if not apart <= contest.allowed:
            print(f"  left out: {rival.name} on {contest.method} is {apart:.1e} away")
            continue
        runs = [(_seconds(contest.ours), first)]
        if first < SLOW_S:
            runs = [(_seconds(contest.ours), _seconds(solve)) for _ in range(trials)]
        ours, theirs = (statistics.median(column) for column in zip(*runs, strict=True))
        yield Line(contest.method, ours, rival.name, theirs, apart)


def distance(exact: Floats, values: Floats) -> float:
    """Return the largest difference, of the largest value; inf where they know other subjects."""
    if (np.isnan(exact) != np.isnan(values)).any():
        return float("inf")
    largest = max(float(np.nanmax(np.abs(exact))), 1e-300)
    return float(np.nanmax(np.abs(exact - values))) / largest


def _seconds(solve: Solve) -> float:
    begun = time.process_time()
    solve()
    return time.process_time() - begun


def _epinions() -> Iterator[Contest]:
    found = data.epinions()
    view = _view(found.links, found.n)
    yield from general_methods(view)
    yield from local_methods(view)
    yield from signed_methods(view)


def _hop() -> Iterator[Contest]:
    found = data.hop_transfers()
    view = _view(found.links, found.n)
    yield from general_methods(view)
    yield from taint_methods(view)


def _view(links: Links, n: int) -> View:
    """Everything is in sight: nothing is judged here but time."""
    rng = np.random.default_rng(0)
    sums = np.bincount(links.src, links.weight > 0.0, n)
    good = np.argsort(-sums, kind="stable")[:SEEDS]
    return View(n, links, rng.choice(np.flatnonzero(sums > 0.0), SEEDS, replace=False), good)


def general_methods(view: View) -> Iterator[Contest]:
    """Methods that any graph can have."""
    trust, back, contacts = view.trust.without_weights(), view.backwards, view.contacts
    back = trust.transpose()
    good, bad = view.marks(view.good) / view.good.size, view.marks(view.bad) / view.bad.size
    yield Contest(
        "trust mass (TrustRank, personalised PageRank)",
        lambda: _shared(a.trust_mass(trust, good, DAMPING, TOLERANCE, transposed=back).values),
        _pageranks(trust, good),
    )
    yield Contest(
        "distrust mass (Anti-TrustRank)",
        lambda: _shared(a.distrust_mass(trust, bad, DAMPING, TOLERANCE, transposed=back).values),
        _pageranks(back, bad),
    )
    yield Contest(
        "EigenTrust",
        lambda: a.eigentrust(trust, good, 1.0 - DAMPING, TOLERANCE, transposed=back).values,
        (Rival("scipy power iteration", lambda: peers.scipy_pagerank(trust, good)),),
    )
    own = view.marks(view.bad)
    yield Contest(
        "exposure",
        lambda: a.exposure(contacts, own, DAMPING, TOLERANCE).values,
        (Rival("scipy Jacobi", lambda: peers.scipy_exposure(contacts, own)),),
    )
    yield Contest(
        "SybilRank",
        lambda: a.sybil_rank(contacts, good).values,
        (Rival("scipy", lambda: peers.scipy_sybil_rank(contacts, good)),),
    )
    prior = 0.5 + 0.1 * (view.marks(view.bad) - view.marks(view.good))
    strength = 0.5 / float(contacts.out_degree[contacts.out_degree > 0].mean())
    for name, chosen in (("SybilSCAR-C", strength), ("SybilSCAR-D", None)):
        yield Contest(
            name,
            lambda chosen=chosen: a.sybil_scar(contacts, prior, strength=chosen).values,
            (
                Rival(
                    "scipy", lambda chosen=chosen: peers.scipy_sybil_scar(contacts, prior, chosen)
                ),
            ),
        )
    mark = prior - 0.5
    explicit = np.stack([mark, -mark], axis=1)
    coupling = methods.safe_coupling(view)
    yield Contest(
        "linearised BP",
        lambda: a.linear_beliefs(contacts, explicit, coupling, TOLERANCE).values[:, 0],
        (Rival("scipy", lambda: peers.scipy_beliefs(contacts, explicit, coupling)),),
    )


def _pageranks(graph: a.CSRGraph, seeds: Floats) -> tuple[Rival, ...]:
    return (
        Rival("igraph (PRPACK)", lambda: peers.igraph_pagerank(graph, seeds)),
        Rival("scikit-network", lambda: peers.scikit_network_pagerank(graph, seeds)),
        Rival("networkx", lambda: peers.networkx_pagerank(graph, seeds)),
        Rival("scipy power iteration", lambda: peers.scipy_pagerank(graph, seeds)),
    )


def _shared(mass: Floats) -> Floats:
    """A distribution, as the peers give: ours lets go at dead ends what they send back."""
    return mass / mass.sum()


def local_methods(view: View) -> Iterator[Contest]:
    """Methods in the eyes of one judge."""
    trust, judge = view.trust.without_weights(), int(view.good[0])
    yield Contest(
        "Appleseed, one judge",
        lambda: a.appleseed(trust, judge, 1.0, DAMPING, TOLERANCE).values,
        (Rival("scipy", lambda: peers.scipy_appleseed(trust, judge)),),
    )
    yield Contest(
        "MoleTrust, one judge",
        lambda: a.moletrust(trust, judge, horizon=3, threshold=0.1).values,
        (Rival("plain Python", lambda: peers.python_moletrust(trust, judge, 3, 0.1)),),
    )


def signed_methods(view: View) -> Iterator[Contest]:
    """Methods that read signs."""
    graph, ratings, judge = view.signed, view.ratings, int(view.good[0])
    back, good = graph.transpose(), view.marks(view.good) / view.good.size
    yield Contest(
        "Guha, one-step distrust, one judge",
        lambda: _to_one(a.guha_beliefs(graph, judge, rounds=5, transposed=back)),
        (Rival("scipy", lambda: peers.scipy_guha(graph, judge, 5)),),
    )
    yield Contest(
        "signed walk",
        lambda: a.signed_walk(graph, good, 0.15, TOLERANCE).values,
        (Rival("scipy", lambda: peers.scipy_signed_walk(graph, good)),),
    )
    yield Contest(
        "fairness–goodness",
        lambda: a.fairness_goodness(ratings, TOLERANCE).goodness,
        (Rival("numpy bincount", lambda: peers.numpy_fairness_goodness(ratings)),),
    )
    weights = a.Rev2Weights(1, 0, 1, 0, 1, 1, 0)
    yield Contest(
        "REV2",
        lambda: a.rev2(ratings, weights, TOLERANCE).goodness,
        (Rival("numpy bincount", lambda: peers.numpy_rev2(ratings)),),
    )


def _to_one(beliefs: Floats) -> Floats:
    return beliefs / np.abs(beliefs).max()


def taint_methods(view: View) -> Iterator[Contest]:
    """Taint on links as payments in the order of the file; amounts are weights."""
    payments, listed = view.payments, view.marks(view.bad) > 0.0
    for name, ours, rival in (
        ("poison", a.poison_taint, peers.python_poison),
        ("haircut", a.haircut_taint, peers.python_haircut),
        ("FIFO", a.fifo_taint, peers.python_fifo),
    ):
        yield Contest(
            name,
            lambda ours=ours: ours(payments, listed).received.astype(float),
            (Rival("plain Python", lambda rival=rival: rival(payments, listed)),),
        )


if __name__ == "__main__":
    main()
