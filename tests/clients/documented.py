"""The examples of docs/clients.md, by the file name in their first line."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.conftest import ROOT

PAGE = ROOT / "docs" / "clients.md"
_EXAMPLE = re.compile(r"^```\w+\n(?:#|//) (?P<name>\S+\.\w+)\n(?P<code>.*?)^```$", re.M | re.S)


def examples() -> dict[str, str]:
    """Return the code of each example by its file name."""
    found = [(match["name"], match["code"]) for match in _EXAMPLE.finditer(PAGE.read_text())]
    assert len(found) == len(dict(found)), "two examples have one name"
    return dict(found)


def write_examples(folder: Path) -> None:
    """Write every example into a folder."""
    for name, code in examples().items():
        (folder / name).write_text(code)
