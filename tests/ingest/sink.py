"""A store in memory that keeps the promises an import relies on, and shorthands for mappings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from graphsvc.errors import StoreUnavailableError
from graphsvc.ingest import ImportSummary, Mapping, import_files, parse_mapping
from graphsvc.model import Record
from graphsvc.store.ports import AppendOutcome, AppendStatus

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class MemorySink:
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    fails_after_batches: int | None = None

    def append(self, records: Sequence[Record]) -> list[AppendOutcome]:
        if len(self.batches) == self.fails_after_batches:
            raise StoreUnavailableError("the store is gone")
        self.batches.append(len(records))
        return [self._outcome(record, self.records) for record in records]

    def check(self, records: Sequence[Record]) -> list[AppendOutcome]:
        known = dict(self.records)
        return [self._outcome(record, known) for record in records]

    @staticmethod
    def _outcome(record: Record, known: dict[tuple[str, str], Record]) -> AppendOutcome:
        identity = (record.source, record.external_id)
        there = known.setdefault(identity, record)
        if there is record:
            return AppendOutcome(AppendStatus.ACCEPTED)
        if there == record:
            return AppendOutcome(AppendStatus.UNCHANGED)
        return AppendOutcome(AppendStatus.CONFLICT, None, "external_id", "is another record's")

    def set_of_records(self) -> set[Record]:
        return set(self.records.values())


RATINGS = parse_mapping(
    """
name: ratings
source: test
files:
  - match: "ratings.*"
    records:
      - type: link
        external_id: "{source}-{target}"
        fields:
          kind: rates
          src: {kind: account, key: $source}
          dst: {kind: account, key: $target}
          weight: $rating
          valid_from: {column: time, time: epoch_s}
""",
    "ratings.yaml",
)

HEADER = "source,target,rating,time\n"


def mapping(section: str) -> Mapping:
    """A mapping with one section, that takes any file."""
    lines = section.strip("\n").split("\n")
    body = "\n".join(f"    {line}" for line in lines)
    return parse_mapping(f"name: m\nsource: test\nfiles:\n  -\n{body}\n", "m.yaml")


def link_mapping(fields: str = "", section: str = "", kind: str = "trusts") -> Mapping:
    """A mapping of columns a, b, … to links of one kind."""
    return mapping(
        f"""
{section}
records:
  - type: link
    fields:
      kind: {kind}
      src: {{kind: account, key: $a}}
      dst: {{kind: account, key: $b}}
      {fields}
"""
    )


def load(
    path: Path, by: Mapping, sink: MemorySink | None = None, **options: object
) -> tuple[ImportSummary, MemorySink]:
    sink = sink or MemorySink()
    return import_files([path], by, sink, now=NOW, **options), sink  # type: ignore[arg-type]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rejects_of(path: Path) -> list[dict[str, object]]:
    text = path.with_name(path.name + ".rejects.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
