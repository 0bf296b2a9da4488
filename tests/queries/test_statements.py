"""Every statement is described, used, and understood by its database."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import queries
from queries._load import Statement, load, load_migrations
from queries.sqlite import schema

ROOT = Path(queries.__file__).parent
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("sqlite/*.sql"),
        *ROOT.glob("jobs/*.sql"),
        *ROOT.glob("neo4j/*.cypher"),
    ]
)
STATEMENTS = [(path, statement) for path in FILES for statement in load(path).values()]
SQL = [statement for path, statement in STATEMENTS if path.endswith(".sql")]
OF_STORE = [statement for path, statement in STATEMENTS if path.startswith("sqlite/")]
OF_JOBS = [statement for path, statement in STATEMENTS if path.startswith("jobs/")]


def words(folder: str) -> set[str]:
    """Return all string literals of the functions that run a store's statements."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.glob(f"{folder}/*.py")]
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def migrated(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in load_migrations(name):
        schema.apply(connection, migration.statements)
    return connection


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(migrated("sqlite")) as connection:
        yield connection


@pytest.mark.parametrize(
    ("path", "statement"), STATEMENTS, ids=[f"{path}:{s.name}" for path, s in STATEMENTS]
)
def test_a_statement_is_described_in_whole_sentences(path: str, statement: Statement) -> None:
    assert statement.doc[0].isupper()
    assert statement.doc.endswith(".")
    assert f"{statement.name}" in words(path.split("/", maxsplit=1)[0]), "no function runs it"


@pytest.mark.parametrize("statement", OF_JOBS, ids=[statement.name for statement in OF_JOBS])
def test_a_statement_is_understood_by_a_migrated_job_file(statement: Statement) -> None:
    named = dict.fromkeys(re.findall(r":([a-z_0-9]+)", statement.text))
    with closing(migrated("jobs")) as connection:
        connection.execute(f"EXPLAIN {statement.text}", named)


@pytest.mark.parametrize("statement", OF_STORE, ids=[statement.name for statement in OF_STORE])
def test_a_statement_is_understood_by_a_migrated_database(
    database: sqlite3.Connection, statement: Statement
) -> None:
    named = dict.fromkeys(re.findall(r":([a-z_0-9]+)", statement.text))
    numbered = [None] * len(set(re.findall(r"\?\d", statement.text)))
    numbered += [None] * len(re.findall(r"\?(?!\d)", statement.text))
    database.execute(f"EXPLAIN {statement.text}", numbered or named)


@pytest.mark.parametrize("statement", SQL, ids=[statement.name for statement in SQL])
def test_the_parameters_of_a_statement_are_all_described(statement: Statement) -> None:
    if "as the columns" in statement.doc:
        return
    for name in re.findall(r":([a-z_0-9]+)", statement.text):
        assert re.search(rf"\b{name}\b", statement.doc), name


LOOKUPS = {
    "records.sql": ["select_identities", "select_sequence_at", "select_last_record"],
    "subjects.sql": ["select_subject_numbers", "select_registrations_of_subject"],
    "links.sql": [
        "select_links_of_subject",
        "select_links",
        "select_link_columns",
        "select_standing_links_of_subjects",
    ],
    "events.sql": [
        "select_events_of_subject",
        "select_events",
        "select_standing_events_of_subjects",
    ],
    "reports.sql": ["select_reports_of_subject", "select_standing_reports_of_subjects"],
    "listings.sql": ["select_listings_of_subject", "select_standing_listings_of_subjects"],
    "score_runs.sql": [
        "select_score_run",
        "select_current_score_run",
        "select_next_chunk",
        "select_held_run",
        "select_next_held_chunk",
    ],
}


@pytest.mark.parametrize("name", [f"{file}:{n}" for file, names in LOOKUPS.items() for n in names])
def test_a_lookup_never_scans_a_table_from_its_start(
    database: sqlite3.Connection, name: str
) -> None:
    file, statement_name = name.split(":")
    text = load(f"sqlite/{file}")[statement_name].text
    named = dict.fromkeys(re.findall(r":([a-z_0-9]+)", text))
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {text}", named)]
    full_scans = [step for step in plan if re.match(r"SCAN (?!asked|json_each|record$)", step)]
    assert full_scans == [], plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
