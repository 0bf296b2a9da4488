"""Tables of equally long columns: the form in which the world is made, sorted and kept.

Subjects are indices; times are whole seconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphsvc.model import EventKind, LinkKind, ListKind, ReportCategory, ReportStatus

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).max)
"""A time that doesn't come: an open end, or the turn of a subject that stays honest."""

NOBODY = -1
"""No subject: an analyst's report, or an account that nobody stands behind."""

LINK_KINDS = tuple(LinkKind)
EVENT_KINDS = tuple(EventKind)
CATEGORIES = tuple(ReportCategory)
STATUSES = tuple(ReportStatus)
LIST_KINDS = tuple(ListKind)

Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Behaviour that every table has; subclasses are frozen dataclasses of arrays."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self: TableT, places: NDArray[np.int64] | NDArray[np.bool_]) -> TableT:
        """Return the rows at these places, or where the mask is true."""
        names = [field.name for field in fields(self)]
        return type(self)(**{name: getattr(self, name)[places] for name in names})


TableT = TypeVar("TableT", bound=Table)


def joined(tables: Sequence[TableT]) -> TableT:
    """Return the rows of all tables of one type, one after another."""
    names = [field.name for field in fields(tables[0])]
    columns = {name: np.concatenate([getattr(table, name) for table in tables]) for name in names}
    return type(tables[0])(**columns)


@dataclass(frozen=True, slots=True, eq=False)
class Links(Table):
    """Links; `kind` is a place in LINK_KINDS, `to_s` NEVER where open, `weight` 1 unless stated."""

    from_s: Ints
    kind: Ints
    src: Ints
    dst: Ints
    weight: Floats
    to_s: Ints

    @classmethod
    def of(
        cls,
        kind: LinkKind,
        src: Ints,
        dst: Ints,
        from_s: Ints,
        weight: ArrayLike | None = None,
        to_s: Ints | None = None,
    ) -> Links:
        """Return links of one kind."""
        n = len(src)
        return cls(
            from_s=from_s,
            kind=np.full(n, LINK_KINDS.index(kind), np.int64),
            src=src,
            dst=dst,
            weight=np.ones(n) if weight is None else np.asarray(weight, np.float64),
            to_s=np.full(n, NEVER, np.int64) if to_s is None else to_s,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Events(Table):
    """Events; `kind` is a place in EVENT_KINDS, `value` NaN where there is none."""

    at_s: Ints
    kind: Ints
    subject: Ints
    value: Floats

    @classmethod
    def of(
        cls, kind: EventKind, subject: Ints, at_s: Ints, value: ArrayLike | None = None
    ) -> Events:
        """Return events of one kind."""
        n = len(subject)
        code = np.full(n, EVENT_KINDS.index(kind), np.int64)
        stated = np.full(n, np.nan) if value is None else np.asarray(value, np.float64)
        return cls(at_s, code, subject, stated)


@dataclass(frozen=True, slots=True, eq=False)
class Reports(Table):
    """Reports with what is true of them; `status` is the last one, reached at `decided_s`.

    `order` numbers the order that is the evidence, −1 where there is none.
    """

    at_s: Ints
    category: Ints
    subject: Ints
    reporter: Ints
    severity: Floats
    order: Ints
    status: Ints
    decided_s: Ints
    is_true: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Listings(Table):
    """Entries on lists; `list` is a place in `lists.LISTS`, `reason` one in `lists.REASONS`."""

    from_s: Ints
    list: Ints
    subject: Ints
    severity: Floats
    reason: Ints
    to_s: Ints
