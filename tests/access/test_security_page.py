"""What docs/security.md says covers a threat is there, and its roles are the ones there are."""

from __future__ import annotations

import re
from pathlib import Path

from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Role

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_every_threat_names_tests_that_exist() -> None:
    threats = PAGE[PAGE.index("## Threats") :]
    rows = [line for line in threats.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.split(" | ")[-1])
        assert named, row
        for path, test in named:
            assert f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"


def test_what_it_says_of_reader_roles_is_what_ships() -> None:
    library = DefinitionLibrary.load()
    readers = {name: library.purpose(name).reader_roles for name in library.purpose_names()}
    people = {Role.ANALYST, Role.REVIEWER, Role.AUDITOR}
    assert readers.pop("thin-file-credit") == people
    assert set(readers.values()) == {frozenset(people | {Role.SERVICE})}


def test_every_path_that_it_names_is_there() -> None:
    for path in re.findall(r"`((?:gql|graphsvc)/\w+\.py)`", PAGE):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"\]\((\w+\.md)\)", PAGE):
        assert (ROOT / "docs" / path).is_file(), path
