"""Writes the world as files: records with their mapping for the import, and the truth apart."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import cast

from graphsvc.model import Event, Link, Listing, Record, RecordType, Report, Subject, SubjectRef
from graphsvc.world.truth import TRUTH_COLUMNS, SubjectTruth
from graphsvc.world.world import ReportTruth, World

MAPPING_FILE = "mapping.yaml"
TRUTH_FILE = "truth.csv"
REPORT_TRUTH_FILE = "report-truth.csv"
SETTINGS_FILE = "settings.json"

_Row = tuple[str | float | int | None, ...]

_COLUMNS: dict[RecordType, tuple[str, ...]] = {
    RecordType.SUBJECT: ("external_id", "kind", "key", "display_name"),
    RecordType.LINK: (
        *("external_id", "kind", "src_kind", "src_key", "dst_kind", "dst_key"),
        *("weight", "count", "currency", "valid_from", "valid_to"),
    ),
    RecordType.EVENT: (
        *("external_id", "kind", "subject_kind", "subject_key", "occurred_at", "value"),
    ),
    RecordType.REPORT: (
        *("external_id", "category", "subject_kind", "subject_key"),
        *("reporter_kind", "reporter_key", "severity", "reported_at", "status", "evidence"),
    ),
    RecordType.LISTING: (
        *("external_id", "subject_kind", "subject_key", "list_name", "list_kind", "severity"),
        *("reason_code", "authority", "effective_from", "until"),
    ),
}

_MAPPING = """\
# The demonstration world; graphsvc import FOLDER --mapping FOLDER/mapping.yaml
name: demo-world
source: {source}
description: A generated marketplace. Nobody in it exists.
files:
  - match: subjects.csv
    records:
      - type: subject
        external_id: $external_id
        fields:
          subject: {{kind: $kind, key: $key}}
          display_name: $display_name

  - match: links.csv
    records:
      - type: link
        external_id: $external_id
        fields:
          kind: $kind
          src: {{kind: $src_kind, key: $src_key}}
          dst: {{kind: $dst_kind, key: $dst_key}}
          weight: $weight
          count: $count
          currency: $currency
          valid_from: {{column: valid_from, time: iso}}
          valid_to: {{column: valid_to, time: iso}}

  - match: events.csv
    records:
      - type: event
        when: {{column: value, present: true}}
        external_id: $external_id
        fields: &event
          kind: $kind
          subject: {{kind: $subject_kind, key: $subject_key}}
          occurred_at: {{column: occurred_at, time: iso}}
          value: $value
      - type: event
        when: {{column: value, present: false}}
        external_id: $external_id
        fields: {{<<: *event, value: null}}

  - match: reports.csv
    records:
      - type: report
        external_id: $external_id
        fields:
          category: $category
          subject: {{kind: $subject_kind, key: $subject_key}}
          reporter: {{kind: $reporter_kind, key: $reporter_key}}
          severity: $severity
          reported_at: {{column: reported_at, time: iso}}
          status: $status
          evidence: [$evidence]

  - match: listings.csv
    records:
      - type: listing
        external_id: $external_id
        fields:
          subject: {{kind: $subject_kind, key: $subject_key}}
          list_name: $list_name
          list_kind: $list_kind
          severity: $severity
          reason_code: $reason_code
          authority: $authority
          effective_from: {{column: effective_from, time: iso}}
          until: {{column: until, time: iso}}

  - match: "*truth.csv"
    skip: the ground truth, to measure scores by; no score may know it
  - match: "*.yaml"
    skip: this mapping
  - match: "*.json"
    skip: the settings that made this world
"""


def write_world(world: World, folder: Path, *, known_at: datetime | None = None) -> list[Path]:
    """Write the world's records, mapping, truth and settings; return the files.

    The same world gives the same bytes. `graphsvc import FOLDER --mapping FOLDER/mapping.yaml`
    gives the records that `load_world` gives. The truth is whole even where `known_at` cuts the
    records (see `World.records`).

    Raises:
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for record_type, columns in _COLUMNS.items():
        path = folder / f"{record_type.value}s.csv"
        rows = map(_row, world.records_of_type(record_type, known_at))
        written.append(_write_rows(path, columns, rows))
    subjects = map(_truth_row, world.truth())
    written.append(_write_rows(folder / TRUTH_FILE, TRUTH_COLUMNS, subjects))
    reports = map(_report_truth_row, world.report_truth())
    columns = ("external_id", "is_true", "decided_at")
    written.append(_write_rows(folder / REPORT_TRUTH_FILE, columns, reports))
    texts = {
        MAPPING_FILE: _MAPPING.format(source=world.settings.source),
        SETTINGS_FILE: json.dumps(world.settings.as_json(), indent=2) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


def _write_rows(path: Path, columns: tuple[str, ...], rows: Iterable[_Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(chain([columns], rows))
    return path


def _row(record: Record) -> _Row:
    match record:
        case Link():
            return (
                *(record.external_id, record.kind.value, *record.src, *record.dst),
                *(record.weight, record.count, record.currency),
                *(_time(record.valid_from), _time(record.valid_to)),
            )
        case Event():
            return (
                *(record.external_id, record.kind.value, *record.subject),
                *(_time(record.occurred_at), record.value),
            )
        case Report():
            return (
                *(record.external_id, record.category.value, *record.subject),
                *(record.reporter or (None, None)),
                *(record.severity, _time(record.reported_at), record.status.value),
                record.evidence[0] if record.evidence else None,
            )
        case Listing():
            return (
                *(record.external_id, *record.subject, record.list_name, record.list_kind.value),
                *(record.severity, record.reason_code, record.authority),
                *(_time(record.effective_from), _time(record.until)),
            )
    subject = cast(Subject, record)
    return (subject.external_id, *subject.subject, subject.display_name)


def _truth_row(truth: SubjectTruth) -> _Row:
    return tuple(_cells(getattr(truth, name) for name in TRUTH_COLUMNS))


def _report_truth_row(truth: ReportTruth) -> _Row:
    return tuple(_cells((truth.external_id, truth.is_true, truth.decided_at)))


def _cells(values: Iterable[object]) -> Iterator[str]:
    """Return texts: subjects as `kind:key`, times as ISO 8601, truth as true and false."""
    for value in values:
        if value is None:
            yield ""
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, datetime):
            yield value.isoformat()
        elif isinstance(value, SubjectRef):
            yield str(value)
        else:
            yield str(value)


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
