"""The graphs that every solver gets: seeded generators, and real ones where their files are."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import algorithms

DATA = Path(os.environ.get("GRAPHSVC_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
Ids = NDArray[np.int64]


def graphs(names: list[str] | None = None) -> Iterator[tuple[str, algorithms.CSRGraph]]:
    """Yield each graph with its name, subjects in locality order as snapshots have them."""
    for name, make in _MAKERS.items():
        if names and not any(wanted in name for wanted in names):
            continue
        made = make()
        if made is None:
            continue
        src, dst, n = made
        graph = algorithms.CSRGraph.from_edges(src, dst, n=n)
        yield name, graph.relabel(algorithms.locality_order(graph))


def rmat(scale: int, both_ways: bool) -> algorithms.CSRGraph:
    """Return one R-MAT graph in locality order, with or without the way back of each link."""
    src, dst, n = _both_ways(scale) if both_ways else _rmat(scale)
    graph = algorithms.CSRGraph.from_edges(src, dst, n=n)
    return graph.relabel(algorithms.locality_order(graph))


def _rmat(scale: int) -> tuple[Ids, Ids, int]:
    return *algorithms.rmat(scale, 16, seed=1), 1 << scale


def _both_ways(scale: int) -> tuple[Ids, Ids, int]:
    # What contact graphs mostly are: payments and friendships are felt on both sides.
    src, dst, n = _rmat(scale)
    return np.concatenate([src, dst]), np.concatenate([dst, src]), n


def _attachment() -> tuple[Ids, Ids, int]:
    src, dst = algorithms.barabasi_albert(1 << 18, 8, seed=1)
    return np.concatenate([src, dst]), np.concatenate([dst, src]), 1 << 18


def _hyperbolic() -> tuple[Ids, Ids, int] | None:
    try:
        import networkit
    except ImportError:
        print("hyperbolic: skipped, networkit is not installed")
        return None
    networkit.setSeed(1, False)
    made = networkit.generators.HyperbolicGenerator(1 << 18, 16, 2.8).generate()
    ends = np.array([(u, v) for u, v in made.iterEdges()], dtype=np.int64)
    return (
        np.concatenate([ends[:, 0], ends[:, 1]]),
        np.concatenate([ends[:, 1], ends[:, 0]]),
        1 << 18,
    )


def _epinions() -> tuple[Ids, Ids, int] | None:
    path = DATA / "epinions-signed" / "soc-sign-epinions.txt.gz"
    if not path.exists():
        print(f"Epinions: skipped, {path} is not there (set GRAPHSVC_DATA)")
        return None
    with gzip.open(path, "rt") as lines:
        ends = np.array(
            [line.split()[:2] for line in lines if not line.startswith("#")], dtype=np.int64
        )
    return ends[:, 0], ends[:, 1], int(ends.max()) + 1


def _hop() -> tuple[Ids, Ids, int] | None:
    path = DATA / "hop-transfers" / "hop_edges.csv.gz"
    if not path.exists():
        print(f"hop-transfers: skipped, {path} is not there (set GRAPHSVC_DATA)")
        return None
    names: dict[str, int] = {}
    src, dst = [], []
    with gzip.open(path, "rt") as lines:
        next(lines)
        for line in lines:
            _, _, payer, payee, _ = line.split(",")
            src.append(names.setdefault(payer, len(names)))
            dst.append(names.setdefault(payee, len(names)))
    # Contacts both ways, as programmes take payments.
    ends = np.array([src, dst], dtype=np.int64)
    return np.concatenate([ends[0], ends[1]]), np.concatenate([ends[1], ends[0]]), len(names)


_MAKERS = {
    "R-MAT 2^18": lambda: _rmat(18),
    "R-MAT 2^18, both ways": lambda: _both_ways(18),
    "R-MAT 2^20": lambda: _rmat(20),
    "R-MAT 2^20, both ways": lambda: _both_ways(20),
    "Barabási–Albert 2^18": _attachment,
    "hyperbolic 2^18": _hyperbolic,
    "Epinions": _epinions,
    "hop-transfers": _hop,
}
