"""One purpose's graph at a time: as networkx in code, as GraphML or GEXF written piece by piece.

GraphML: http://graphml.graphdrawing.org/specification.html; GEXF 1.2: https://gexf.net. Nodes carry
their published scores, links their kind, weight and period. The files are written as they are read,
so that no graph is in memory twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from graphsvc.export.tables import link_batches, score_batches
from graphsvc.model.checks import to_microseconds
from graphsvc.runs import PublishedScores
from graphsvc.snapshot import Snapshot

if TYPE_CHECKING:
    import networkx

Values = Mapping[str, str | float | int]
_NODE_TEXTS = ("kind", "key", "band")
_NODE_NUMBERS = ("score", "exposure", "trust", "width", "association_points")
_LINK_TYPES = {
    "link_kind": "string",
    "weight": "double",
    "count": "long",
    "valid_from": "string",
    "valid_to": "string",
    "sequence": "long",
}
_NODE_TYPES = dict.fromkeys(_NODE_TEXTS, "string") | dict.fromkeys(_NODE_NUMBERS, "double")


class GraphFormat(StrEnum):
    """Formats of graphs."""

    GRAPHML = "graphml"
    GEXF = "gexf"


def nodes(scores: PublishedScores) -> Iterator[tuple[str, Values]]:
    """Return kind:key of every scored subject, with its values; None is left out."""
    wanted = [*_NODE_TEXTS, *_NODE_NUMBERS]
    for batch in score_batches(scores):
        for row in batch.select(wanted).to_pylist():
            yield f"{row['kind']}:{row['key']}", _given(row)


def links(snapshot: Snapshot, as_of_us: int) -> Iterator[tuple[str, str, Values]]:
    """Return both ends of every link that is valid at a time, with its values."""
    for batch in link_batches(snapshot, as_of_us):
        for row in batch.to_pylist():
            src = f"{row.pop('src_kind')}:{row.pop('src_key')}"
            dst = f"{row.pop('dst_kind')}:{row.pop('dst_key')}"
            for name in ("valid_from", "valid_to"):
                row[name] = row[name].isoformat() if row[name] is not None else None
            yield src, dst, _given(row)


def to_networkx(snapshot: Snapshot, scores: PublishedScores) -> networkx.MultiDiGraph[str]:
    """Return a run's graph for networkx: nodes kind:key with scores, links valid at its time.

    Args:
        snapshot: the run's evidence.
        scores: the run.
    """
    import networkx

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph.add_nodes_from((name, dict(values)) for name, values in nodes(scores))
    as_of_us = to_microseconds(scores.run.as_of)
    # Of a subject that was taken out of the run, nothing is shown.
    graph.add_edges_from(
        (src, dst, dict(values))
        for src, dst, values in links(snapshot, as_of_us)
        if src in graph and dst in graph
    )
    return graph


def write_graph(
    path: Path, form: GraphFormat, snapshot: Snapshot, scores: PublishedScores
) -> tuple[int, int]:
    """Write a run's graph; return how many nodes and links."""
    as_of_us = to_microseconds(scores.run.as_of)
    with path.open("w", encoding="utf-8") as file:
        xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        xml.startDocument()
        if form is GraphFormat.GRAPHML:
            return _write_graphml(xml, nodes(scores), links(snapshot, as_of_us))
        return _write_gexf(xml, nodes(scores), links(snapshot, as_of_us))


def _write_graphml(
    xml: XMLGenerator,
    all_nodes: Iterator[tuple[str, Values]],
    all_links: Iterator[tuple[str, str, Values]],
) -> tuple[int, int]:
    _open(xml, "graphml", {"xmlns": "http://graphml.graphdrawing.org/xmlns"})
    for owner, types in (("node", _NODE_TYPES), ("edge", _LINK_TYPES)):
        for name, kind in types.items():
            key = {"id": f"{owner}_{name}", "for": owner, "attr.name": name, "attr.type": kind}
            _leaf(xml, "key", key)
    _open(xml, "graph", {"edgedefault": "directed"})
    known: set[str] = set()
    for name, values in all_nodes:
        known.add(name)
        _open(xml, "node", {"id": name})
        _graphml_data(xml, "node", values)
        xml.endElement("node")
    written = 0
    for src, dst, values in all_links:
        if src not in known or dst not in known:
            continue
        _open(xml, "edge", {"id": str(written), "source": src, "target": dst})
        _graphml_data(xml, "edge", values)
        xml.endElement("edge")
        written += 1
    xml.endElement("graph")
    xml.endElement("graphml")
    xml.endDocument()
    return len(known), written


def _graphml_data(xml: XMLGenerator, owner: str, values: Values) -> None:
    for name, value in values.items():
        _open(xml, "data", {"key": f"{owner}_{name}"})
        xml.characters(_text(value))
        xml.endElement("data")


def _write_gexf(
    xml: XMLGenerator,
    all_nodes: Iterator[tuple[str, Values]],
    all_links: Iterator[tuple[str, str, Values]],
) -> tuple[int, int]:
    _open(xml, "gexf", {"xmlns": "http://www.gexf.net/1.2draft", "version": "1.2"})
    _open(xml, "graph", {"defaultedgetype": "directed", "mode": "static"})
    for owner, types in (("node", _NODE_TYPES), ("edge", _LINK_TYPES)):
        _open(xml, "attributes", {"class": owner, "mode": "static"})
        for name, kind in types.items():
            _leaf(xml, "attribute", {"id": f"{owner}_{name}", "title": name, "type": kind})
        xml.endElement("attributes")
    known: set[str] = set()
    _open(xml, "nodes")
    for name, values in all_nodes:
        known.add(name)
        _open(xml, "node", {"id": name, "label": name})
        _gexf_values(xml, "node", values)
        xml.endElement("node")
    xml.endElement("nodes")
    _open(xml, "edges")
    written = 0
    for src, dst, values in all_links:
        if src not in known or dst not in known:
            continue
        weight = _text(values["weight"])
        ends = {"id": str(written), "source": src, "target": dst, "weight": weight}
        _open(xml, "edge", ends)
        _gexf_values(xml, "edge", values)
        xml.endElement("edge")
        written += 1
    xml.endElement("edges")
    xml.endElement("graph")
    xml.endElement("gexf")
    xml.endDocument()
    return len(known), written


def _gexf_values(xml: XMLGenerator, owner: str, values: Values) -> None:
    _open(xml, "attvalues")
    for name, value in values.items():
        if name != "weight":
            _leaf(xml, "attvalue", {"for": f"{owner}_{name}", "value": _text(value)})
    xml.endElement("attvalues")


def _leaf(xml: XMLGenerator, name: str, attributes: Mapping[str, str]) -> None:
    _open(xml, name, attributes)
    xml.endElement(name)


def _open(xml: XMLGenerator, name: str, attributes: Mapping[str, str] | None = None) -> None:
    xml.startElement(name, AttributesImpl(dict(attributes or {})))


def _given(row: Mapping[str, str | float | int | None]) -> Values:
    return {name: value for name, value in row.items() if value is not None}


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)
