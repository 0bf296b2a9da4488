"""Graphs for the property tests: small, and drawn to be awkward."""

import numpy as np
from hypothesis import strategies as st

from algorithms import CSRGraph, Ratings, SignedGraph

SAFE_WEIGHTS = st.floats(0.01, 100.0)
WILD_WEIGHTS = st.sampled_from([1e-300, 1e-30, 0.1, 1.0, 3.0, 1e30, 1e300])
DAMPINGS = st.sampled_from([0.0, 0.3, 0.5, 0.85, 0.99, 0.999])


@st.composite
def graphs(draw, weights=SAFE_WEIGHTS, most=8):
    n = draw(st.integers(1, most))
    subject = st.integers(0, n - 1)
    links = draw(st.lists(st.tuples(subject, subject), max_size=3 * n, unique=True))
    src, dst = [i for i, _ in links], [j for _, j in links]
    if draw(st.booleans()):
        return CSRGraph.from_edges(src, dst, n=n)
    loads = draw(st.lists(weights, min_size=len(links), max_size=len(links)))
    return CSRGraph.from_edges(src, dst, loads, n)


def risks(n):
    return st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)


@st.composite
def problems(draw, weights=SAFE_WEIGHTS, most=8):
    graph = draw(graphs(weights, most))
    return graph, np.array(draw(risks(graph.n))), draw(DAMPINGS)


@st.composite
def rated(draw, most=7):
    """Ratings, and the same as rows (source, target, score)."""
    n = draw(st.integers(2, most))
    subject = st.integers(0, n - 1)
    rows = draw(
        st.lists(st.tuples(subject, subject, st.floats(-1.0, 1.0)), min_size=1, max_size=4 * n)
    )
    source, target, score = zip(*rows, strict=True)
    return Ratings(np.array(source), np.array(target), np.array(score), n), rows


@st.composite
def undirected(draw, weights=SAFE_WEIGHTS, most=8):
    """A graph with every link in both directions, weighing the same."""
    directed = draw(graphs(weights, most))
    rows = np.repeat(np.arange(directed.n), directed.out_degree)
    keep = rows < directed.indices
    src, dst = rows[keep], directed.indices[keep]
    loads = np.ones(src.size) if directed.weights is None else directed.weights[keep]
    return CSRGraph.from_edges(
        np.concatenate([src, dst]), np.concatenate([dst, src]), np.tile(loads, 2), directed.n
    )


@st.composite
def signed(draw, most=7):
    n = draw(st.integers(1, most))
    subject = st.integers(0, n - 1)
    weight = st.floats(0.1, 3.0).flatmap(lambda w: st.sampled_from([w, w, -w]))
    rows = draw(st.lists(st.tuples(subject, subject, weight), min_size=0, max_size=3 * n))
    src, dst, loads = zip(*rows, strict=True) if rows else ((), (), ())
    return SignedGraph.from_edges(
        np.array(src, np.int64), np.array(dst, np.int64), np.array(loads), n
    )
