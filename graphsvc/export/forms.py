"""The formats that a graph's links are written in: those of tables, and those of graphs."""

from __future__ import annotations

from enum import StrEnum

from graphsvc.export.graph import GraphFormat
from graphsvc.export.tables import TableFormat


class ExportForm(StrEnum):
    """The format of exported files."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"
    GRAPHML = "graphml"
    GEXF = "gexf"

    def for_graph(self) -> TableFormat | GraphFormat:
        """Return the format for who writes a graph."""
        if self.value in set(GraphFormat):
            return GraphFormat(self.value)
        return TableFormat(self.value)
