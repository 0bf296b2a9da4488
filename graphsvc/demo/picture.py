"""A picture of one subject's neighbourhood, coloured by exposure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np

from graphsvc.explain import Explanation
from graphsvc.model import Link, SubjectRef
from graphsvc.runs import PublishedScores

MOST_CONTACTS = 9
LAYOUT_SEED = 3


def neighbourhood(
    explanation: Explanation,
    links_of: Callable[[SubjectRef], list[Link]],
    scores: PublishedScores,
) -> nx.DiGraph[SubjectRef]:
    """Return the strongest paths to a subject and the most exposed contacts along them."""
    graph: nx.DiGraph[SubjectRef] = nx.DiGraph()
    graph.add_node(explanation.subject)
    for path in explanation.exposure.paths:
        nx.add_path(graph, path.subjects[::-1], on_path=True)
    for member in list(graph):
        contacts = {link.dst if link.src == member else link.src for link in links_of(member)}
        ranked = sorted(contacts, key=lambda ref: (-scores.score(ref).exposure, ref))
        for contact in ranked[:MOST_CONTACTS]:
            if not graph.has_edge(contact, member) and not graph.has_edge(member, contact):
                graph.add_edge(contact, member, on_path=False)
    for subject in graph:
        graph.nodes[subject]["exposure"] = scores.score(subject).exposure
        graph.nodes[subject]["listed"] = scores.score(subject).own_listing_points < 0
    return graph


def draw(graph: nx.DiGraph[SubjectRef], subject: SubjectRef, title: str, path: Path) -> None:
    """Save the neighbourhood as a picture: listed subjects as squares, colour by exposure."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.colors import LogNorm

    layout = nx.spring_layout(graph.to_undirected(), seed=LAYOUT_SEED, k=1.6 / np.sqrt(len(graph)))
    exposures = [max(graph.nodes[node]["exposure"], 1e-6) for node in graph]
    norm = LogNorm(vmin=max(min(exposures), 1e-5), vmax=1.0)
    figure, axes = pyplot.subplots(figsize=(10, 7.5), layout="constrained")
    on_path = [edge for edge in graph.edges if graph.edges[edge]["on_path"]]
    others = [edge for edge in graph.edges if not graph.edges[edge]["on_path"]]
    nx.draw_networkx_edges(graph, layout, others, edge_color="#c8ccd4", arrows=False, ax=axes)
    nx.draw_networkx_edges(
        graph, layout, on_path, edge_color="#b3261e", width=2.2, arrowsize=14, ax=axes
    )
    drawn = None
    for shape, listed in (("o", False), ("s", True)):
        nodes = [node for node in graph if graph.nodes[node]["listed"] is listed]
        if not nodes:
            continue
        drawn = nx.draw_networkx_nodes(
            graph,
            layout,
            nodes,
            node_shape=shape,
            node_size=[700 if node == subject else 330 for node in nodes],
            node_color=[max(graph.nodes[node]["exposure"], 1e-6) for node in nodes],
            cmap="YlOrRd",
            linewidths=[2.5 if node == subject else 0.8 for node in nodes],
            edgecolors="#1f2430",
            ax=axes,
        )
        drawn.set_norm(norm)
    below = {node: (x, y - 0.06) for node, (x, y) in layout.items()}
    nx.draw_networkx_labels(graph, below, {node: node.key for node in graph}, font_size=8, ax=axes)
    if drawn is not None:
        figure.colorbar(drawn, ax=axes, shrink=0.7, label="exposure (logarithmic)")
    axes.set_title(title, loc="left", fontsize=13)
    axes.text(
        0.0,
        -0.02,
        "Squares are on a blacklist. Red arrows: the strongest paths by which exposure reaches the "
        "subject (thick rim).",
        transform=axes.transAxes,
        fontsize=9,
        color="#555b66",
    )
    axes.set_axis_off()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
