"""What a mapping says: which columns of which files become which records.

The documents are checked here; `mapping_file` reads them from YAML and `compiling` turns them into
functions; `cell_origins` holds how one value is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from graphsvc.ingest.cell_origins import (
    AnyCell,
    EndCell,
    NumberCell,
    Part,
    SubjectCell,
    TextCell,
    TimeCell,
    constant_text,
)
from graphsvc.model import RecordType
from graphsvc.model.definition import Name

FileFormat = Literal["csv", "jsonl", "parquet", "lines"]

LINES_COLUMNS = ("value", "line")
"""The columns of format `lines`: one blank-separated value, and the number of its line."""

_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class SubjectFields(Part):
    """Fields of a subject record."""

    subject: SubjectCell
    display_name: TextCell | None = None


class LinkFields(Part):
    """Fields of a link record."""

    kind: TextCell
    src: SubjectCell
    dst: SubjectCell
    weight: NumberCell | None = None
    count: NumberCell | None = None
    currency: TextCell | None = None
    valid_from: TimeCell | None = None
    valid_to: EndCell | None = None


class EventFields(Part):
    """Fields of an event record."""

    kind: TextCell
    subject: SubjectCell
    occurred_at: TimeCell
    value: NumberCell | None = None


class ReportFields(Part):
    """Fields of a report record."""

    category: TextCell
    subject: SubjectCell
    reporter: SubjectCell | None = None
    severity: NumberCell
    reported_at: TimeCell
    status: TextCell | None = None
    text: TextCell | None = None
    evidence: tuple[TextCell, ...] | None = None


class ListingFields(Part):
    """Fields of a listing record."""

    subject: SubjectCell
    list_name: TextCell
    list_kind: TextCell
    severity: NumberCell | None = None
    reason_code: TextCell
    authority: TextCell
    effective_from: TimeCell
    until: EndCell


class Condition(Part):
    """Something that a column of the row must fulfil; exactly one test.

    `positive`, `negative`, `above` and `below` need a finite number there: a row without one is
    rejected rather than passed over.
    """

    column: str
    equals: str | None = None
    among: tuple[str, ...] | None = Field(default=None, alias="in")
    positive: Literal[True] | None = None
    negative: Literal[True] | None = None
    above: float | None = None
    below: float | None = None
    present: bool | None = None

    @field_validator("equals", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        return constant_text(given)

    @field_validator("among", mode="before")
    @classmethod
    def _as_texts(cls, given: object) -> object:
        return [constant_text(item) for item in given] if isinstance(given, list) else given

    @model_validator(mode="after")
    def _require_one_test(self) -> Self:
        if len(self.model_fields_set - {"column"}) != 1:
            raise ValueError(
                "give exactly one of equals, in, positive, negative, above, below and present"
            )
        return self


class _Rule(Part):
    when: tuple[Condition, ...] = ()
    external_id: TextCell | None = None
    number_repeats: bool = False

    @field_validator("when", mode="before")
    @classmethod
    def _accept_one_condition(cls, given: object) -> object:
        return [given] if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _require_identity_of_the_whole_row(self) -> Self:
        if self.number_repeats and self.external_id is not None:
            raise ValueError(
                "number_repeats makes the external id from the whole row; leave external_id out"
            )
        return self


class SubjectRule(_Rule):
    """A row that registers a subject."""

    type: Literal["subject"]
    fields: SubjectFields


class LinkRule(_Rule):
    """A row that is a link."""

    type: Literal["link"]
    fields: LinkFields


class EventRule(_Rule):
    """A row that is an event."""

    type: Literal["event"]
    fields: EventFields


class ReportRule(_Rule):
    """A row that is a report."""

    type: Literal["report"]
    fields: ReportFields


class ListingRule(_Rule):
    """A row that is a listing."""

    type: Literal["listing"]
    fields: ListingFields


RecordRule = SubjectRule | LinkRule | EventRule | ReportRule | ListingRule

RULE_FIELDS: dict[RecordType, type[Part]] = {
    RecordType.SUBJECT: SubjectFields,
    RecordType.LINK: LinkFields,
    RecordType.EVENT: EventFields,
    RecordType.REPORT: ReportFields,
    RecordType.LISTING: ListingFields,
}


class FileSection(Part):
    """How files of one name are read and what their rows become.

    `match` is a glob on the file's name without `.gz`. A section with `skip` says why its files
    are not imported. `otherwise` says what becomes of a row that no rule takes.
    """

    match: str = "*"
    skip: str | None = None
    format: FileFormat | None = None
    delimiter: Literal["comma", "tab", "space", "semicolon"] = "comma"
    header: bool | None = None
    columns: tuple[str, ...] | None = None
    comment: tuple[str, ...] = ()
    records: tuple[Annotated[RecordRule, Field(discriminator="type")], ...] = ()
    otherwise: Literal["reject", "skip"] = "reject"

    @field_validator("comment", mode="before")
    @classmethod
    def _accept_one_prefix(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given

    @model_validator(mode="after")
    def _require_whole_section(self) -> Self:
        if self.skip is None and not self.records:
            raise ValueError("needs records, or skip with the reason why not")
        if self.skip is not None and self.records:
            raise ValueError("has both records and skip; leave one out")
        if self.header and self.columns is not None:
            raise ValueError("has both header and columns; leave one out")
        if self.header is False and self.columns is None and self.format != "lines":
            raise ValueError("has no header; name the columns in columns: [...]")
        if any(not prefix for prefix in self.comment):
            raise ValueError("an empty comment prefix would drop every line")
        return self

    def matches(self, name: str) -> bool:
        """Say whether a file of this name belongs to this section."""
        return fnmatchcase(name.removesuffix(".gz"), self.match)

    def format_of(self, name: str) -> FileFormat:
        """Return the declared format, or else the one that the file's name tells."""
        suffix = PurePath(name.removesuffix(".gz")).suffix.lower()
        return self.format or _FORMATS.get(suffix, "csv")

    def mentioned_columns(self) -> list[str]:
        """Return every column that a rule of the section uses, each once."""
        names = [name for rule in self.records for name in rule_columns(rule)]
        return list(dict.fromkeys(names))


class Mapping(Part):
    """A whole mapping: the source that its records carry, and a section for each kind of file."""

    name: Name
    source: str
    description: str = ""
    files: Annotated[tuple[FileSection, ...], Field(min_length=1)]

    def section_of(self, name: str) -> tuple[int, FileSection] | None:
        """Return the first section for a file of this name, with its place."""
        for place, section in enumerate(self.files):
            if section.matches(name):
                return place, section
        return None


def cells_of(rule: RecordRule) -> Iterator[tuple[str, AnyCell]]:
    """Return each given field's name and cell, a tuple's members one by one."""
    for name in type(rule.fields).model_fields:
        value = getattr(rule.fields, name)
        for cell in value if isinstance(value, tuple) else (value,):
            if cell is not None:
                yield name, cell


def rule_columns(rule: RecordRule) -> list[str]:
    """Return every column that a rule uses, conditions first, each once."""
    names = [condition.column for condition in rule.when]
    for _, cell in cells_of(rule):
        names.extend(cell.columns())
    if rule.external_id is not None:
        names.extend(rule.external_id.columns())
    return list(dict.fromkeys(names))
