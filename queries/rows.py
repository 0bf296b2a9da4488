"""What statements take and return: rows of plain values, the same words for every store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Row = dict[str, Any]
"""One row by column name, as the driver gives it."""

Parameters = Mapping[str, Any]
"""One row by parameter name, as the driver takes it."""


class LastRecordRow(NamedTuple):
    """The record with the highest sequence; zeros in an empty store."""

    sequence: int
    recorded_at_us: int


class IdentityRow(NamedTuple):
    """One (source, external id) that has been used, and what stands there."""

    external_id: str
    sequence: int
    record_type: str
    content_hash: str
    superseded_by: int | None


class HeadingRow(NamedTuple):
    """What one record is; `sort` is its kind, category or list, empty where it has none."""

    external_id: str
    sequence: int
    record_type: str
    sort: str


class SubjectRow(NamedTuple):
    """One subject and its number."""

    number: int
    kind: str
    key: str


class SupersessionRow(NamedTuple):
    """The sequences of a record and of the one that corrected or withdrew it."""

    superseded: int
    superseded_by: int


class DefinitionRow(NamedTuple):
    """One version of a declared document."""

    kind: str
    name: str
    version: int
    body: str


class LastAuditRow(NamedTuple):
    """The end of the audit chain."""

    position: int
    entry_hash: str


class AuditRow(NamedTuple):
    """One entry of the audit chain; `at` is the text that the hash covers."""

    position: int
    at: str
    actor: str
    action: str
    purpose: str | None
    subject: str | None
    detail: str
    previous_hash: str
    entry_hash: str
