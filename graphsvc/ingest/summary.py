"""What an import did, in numbers: by file, by record type and by reason of rejection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is; `bytes_read` counts bytes as they lie on the disk, of all files."""

    phase: Literal["check", "load"]
    file: Path
    rows: int
    bytes_read: int
    bytes_total: int


@dataclass(slots=True)
class FileSummary:
    """What became of one file.

    `rows` = rows loaded + `rejected` + `passed_over`. The records made of rows that could be read
    are `accepted` + `unchanged` + `conflicts`; a row with a conflict counts as rejected, too.
    `rejected_by_reason` and `accepted_by_type` break two of the numbers down.
    """

    path: Path
    rows: int = 0
    rejected: int = 0
    passed_over: int = 0
    accepted: int = 0
    unchanged: int = 0
    conflicts: int = 0
    accepted_by_type: Counter[str] = field(default_factory=Counter)
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    rejects_path: Path | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file of a folder that the mapping doesn't import, and why not."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of all files; `refused` where `strict` found a bad row and nothing was loaded."""

    mapping: str
    files: tuple[FileSummary, ...]
    skipped_files: tuple[SkippedFile, ...]
    refused: bool
    seconds: float

    @property
    def rows(self) -> int:
        """Return how many rows were read."""
        return sum(file.rows for file in self.files)

    @property
    def accepted(self) -> int:
        """Return how many records are new in the store."""
        return sum(file.accepted for file in self.files)

    @property
    def unchanged(self) -> int:
        """Return how many records were there already."""
        return sum(file.unchanged for file in self.files)

    @property
    def rejected(self) -> int:
        """Return how many rows were rejected."""
        return sum(file.rejected for file in self.files)

    @property
    def conflicts(self) -> int:
        """Return how many records the store refused; their rows count as rejected."""
        return sum(file.conflicts for file in self.files)

    @property
    def passed_over(self) -> int:
        """Return how many rows the mapping leaves out on purpose."""
        return sum(file.passed_over for file in self.files)

    @property
    def accepted_by_type(self) -> dict[str, int]:
        """Return how many records of each type are new, most first."""
        return _sum(file.accepted_by_type for file in self.files)

    @property
    def rejected_by_reason(self) -> dict[str, int]:
        """Return how many rows were rejected for each reason, most first."""
        return _sum(file.rejected_by_reason for file in self.files)

    @property
    def rejects_paths(self) -> list[Path]:
        """Return where the rejected rows are written."""
        return [file.rejects_path for file in self.files if file.rejects_path is not None]

    def as_dict(self) -> dict[str, object]:
        """Return the summary as plain values, for JSON."""
        return {
            "mapping": self.mapping,
            "refused": self.refused,
            "rows": self.rows,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "conflicts": self.conflicts,
            "passed_over": self.passed_over,
            "accepted_by_type": self.accepted_by_type,
            "rejected_by_reason": self.rejected_by_reason,
            "seconds": round(self.seconds, 3),
            "files": [_file_as_dict(file) for file in self.files],
            "skipped_files": [
                {"path": str(skipped.path), "reason": skipped.reason}
                for skipped in self.skipped_files
            ],
        }


def _file_as_dict(file: FileSummary) -> dict[str, object]:
    return {
        "path": str(file.path),
        "rows": file.rows,
        "accepted": file.accepted,
        "unchanged": file.unchanged,
        "rejected": file.rejected,
        "conflicts": file.conflicts,
        "passed_over": file.passed_over,
        "accepted_by_type": dict(file.accepted_by_type.most_common()),
        "rejected_by_reason": dict(file.rejected_by_reason.most_common()),
        "rejects_path": None if file.rejects_path is None else str(file.rejects_path),
        "seconds": round(file.seconds, 3),
    }


def _sum(counters: Iterable[Counter[str]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return dict(total.most_common())
