"""From files to validated records in a store: mappings, readers, rejects. Knows no query."""

from graphsvc.ingest.importer import BATCH_SIZE, RecordSink, import_files
from graphsvc.ingest.mapping import Mapping
from graphsvc.ingest.mapping_file import load_mapping, parse_mapping, shipped_mappings
from graphsvc.ingest.rejects import REJECTS_SUFFIX
from graphsvc.ingest.summary import FileSummary, ImportProgress, ImportSummary, SkippedFile

__all__ = [
    "BATCH_SIZE",
    "REJECTS_SUFFIX",
    "FileSummary",
    "ImportProgress",
    "ImportSummary",
    "Mapping",
    "RecordSink",
    "SkippedFile",
    "import_files",
    "load_mapping",
    "parse_mapping",
    "shipped_mappings",
]
