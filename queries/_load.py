"""Turns a file of named statements into a mapping from name to statement.

A statement begins at a line `-- name: <name>` (`//` in Cypher); the comment lines right below it
are its description: what it does, its parameters, what it returns. All else up to the next name is
its text. A migration is a file of the same form, run from top to bottom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^(?:--|//) name: ([a-z][a-z0-9_]*)$", re.MULTILINE)
_COMMENT = ("--", "//")


@dataclass(frozen=True, slots=True)
class Statement:
    """One named text that a store runs, and what its header says about it."""

    name: str
    text: str
    doc: str


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that bring a schema from version `number - 1` to `number`."""

    number: int
    name: str
    statements: tuple[Statement, ...]


@cache
def load(path: str) -> dict[str, Statement]:
    """Return the statements of a file below `queries/`, in the file's order.

    Raises:
        ValueError: a name occurs twice, or a statement lacks its text or its description.

    >>> load("sqlite/store.sql")["select_store_id"].doc
    'The id that tells this store from every other. Returns one row: store_id.'
    """
    return parse(files("queries").joinpath(path).read_text(encoding="utf-8"), path)


def parse(content: str, path: str) -> dict[str, Statement]:
    """Return the statements in `content`; `path` is named in errors."""
    _, *parts = _NAME.split(content)
    statements: dict[str, Statement] = {}
    for name, block in zip(parts[::2], parts[1::2], strict=True):
        doc, text = _split_header(block)
        if name in statements:
            raise ValueError(f"{path}: statement {name!r} occurs twice; rename one")
        if not doc or not text:
            raise ValueError(f"{path}: statement {name!r} needs a comment below its name and text")
        statements[name] = Statement(name, text, doc)
    return statements


def load_migrations(store: str) -> list[Migration]:
    """Return the migrations in `queries/migrations/<store>/` by number.

    Raises:
        ValueError: the files are not numbered 0001, 0002, … without a gap.
    """
    folder = files("queries").joinpath("migrations", store)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name[:4].isdigit())
    migrations = [
        Migration(int(name[:4]), name, tuple(load(f"migrations/{store}/{name}").values()))
        for name in names
    ]
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError(f"migrations/{store}: {names} are not numbered from 0001 without gaps")
    return migrations


def _split_header(block: str) -> tuple[str, str]:
    lines = block.strip().splitlines()
    comments = next(
        (n for n, line in enumerate(lines) if not line.startswith(_COMMENT)), len(lines)
    )
    doc = " ".join(line[2:].strip() for line in lines[:comments])
    return doc, "\n".join(lines[comments:]).strip().removesuffix(";")
