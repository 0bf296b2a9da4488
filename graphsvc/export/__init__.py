"""Scores, reasons, runs and the graph of one purpose, for tools that read files."""

from graphsvc.export.graph import to_networkx
from graphsvc.export.tables import TableFormat, TableWriter
from graphsvc.export.use_case import Exports

__all__ = ["Exports", "TableFormat", "TableWriter", "to_networkx"]
