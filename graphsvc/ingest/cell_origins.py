"""How a mapping says where one value comes from.

A value may be written short: `$time` is the column `time`, `otc-{source}` a template, anything else
a constant.
"""

from __future__ import annotations

import re
from datetime import date
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from graphsvc.model import SubjectKind

_COLUMN_SHORTHAND = re.compile(r"\$(?=\S)")


class Part(BaseModel):
    """A part of a mapping: immutable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(Part):
    """Where one value comes from: exactly one of a column, a template and a constant."""

    column: str | None = None
    template: str | None = None
    constant: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand_shorthand(cls, given: object) -> object:
        if isinstance(given, dict):
            constant = given.get("constant")
            return given if constant is None else {**given, "constant": constant_text(constant)}
        if isinstance(given, str) and _COLUMN_SHORTHAND.match(given):
            return {"column": given[1:]}
        if isinstance(given, str) and ("{" in given or "}" in given):
            return {"template": given}
        return {"constant": constant_text(given)}

    @model_validator(mode="after")
    def _require_one_origin(self) -> Self:
        if sum(part is not None for part in (self.column, self.template, self.constant)) != 1:
            raise ValueError("give exactly one of column, template and constant")
        if self.template is not None:
            check_template(self.template)
        return self

    def columns(self) -> list[str]:
        """Return the columns that the value is made of, in order."""
        if self.template is not None:
            return [name for _, name in template_parts(self.template) if name is not None]
        return [] if self.column is None else [self.column]


class TextCell(Cell):
    """A text, with its case folded where `case` says so; empty means `default`."""

    case: Literal["lower", "upper"] | None = None
    default: str | None = None


class NumberCell(Cell):
    """A number: absolute value first, then scaled, then clipped; empty means `default`."""

    abs: bool = False
    scale: float = 1.0
    clip: tuple[float, float] | None = None
    default: float | None = None


class TimeCell(Cell):
    """A time. `plus_seconds` names a column whose seconds are added; empty there means no time.

    `epoch_s`, `epoch_ms`: seconds or milliseconds since 1970 UTC; `iso`: ISO 8601 with a zone;
    `iso_utc`: ISO 8601, in UTC where no zone is given; `days_since`: days after midnight UTC of
    that date.
    """

    time: Literal["epoch_s", "epoch_ms", "iso", "iso_utc"] = "iso"
    days_since: date | None = None
    plus_seconds: str | None = None

    def columns(self) -> list[str]:
        """Return the columns that the value is made of, in order."""
        return super().columns() + ([] if self.plus_seconds is None else [self.plus_seconds])


class EndCell(TimeCell):
    """An end of validity; it may be given as a number of days after the start."""

    days_after_start: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_days_alone(cls, given: object) -> object:
        if isinstance(given, dict) and set(given) == {"days_after_start"}:
            return {**given, "constant": ""}
        return given

    @model_validator(mode="after")
    def _require_one_end(self) -> Self:
        if self.days_after_start is not None and self.constant != "":
            raise ValueError("has both days_after_start and a time; leave one out")
        return self


class SubjectCell(Part):
    """A subject: its kind and its key. Written as one value, that holds `kind:key`."""

    kind: TextCell | None = None
    key: TextCell

    @model_validator(mode="before")
    @classmethod
    def _expand_shorthand(cls, given: object) -> object:
        return given if isinstance(given, dict) and "key" in given else {"key": given}

    @field_validator("kind")
    @classmethod
    def _require_known_kind(cls, kind: TextCell | None) -> TextCell | None:
        if kind is not None and kind.constant is not None:
            SubjectKind(kind.constant)
        return kind

    def columns(self) -> list[str]:
        """Return the columns that the subject is made of, in order."""
        return ([] if self.kind is None else self.kind.columns()) + self.key.columns()


AnyCell = Cell | SubjectCell


def template_parts(template: str) -> list[tuple[str, str | None]]:
    """Return the template's texts, each with the column that follows it."""
    return [(text, name) for text, name, _, _ in Formatter().parse(template)]


def check_template(template: str) -> None:
    """Require plain `{column}` placeholders.

    Raises:
        ValueError: a placeholder is empty, or has a format or conversion.
    """
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None and (not name or form or conversion):
            raise ValueError(f"template {template!r}: write {{column}} and nothing else in braces")


def constant_text(given: object) -> object:
    """Return a constant of a document as the text that a cell would hold."""
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given) if isinstance(given, int | float) else given
