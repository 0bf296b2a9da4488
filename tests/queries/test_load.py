"""The loader: what it makes of a file, and what it refuses."""

from __future__ import annotations

import pytest

from queries._load import Statement, load, load_migrations, parse


def test_a_statement_has_its_name_its_text_and_its_description() -> None:
    content = "-- name: one\n-- Says one.\n-- Returns one row.\nSELECT 1;\n"
    assert parse(content, "x.sql") == {
        "one": Statement("one", "SELECT 1", "Says one. Returns one row.")
    }


def test_cypher_comments_begin_with_two_slashes() -> None:
    content = "// A file of statements.\n\n// name: one\n// Says one.\nRETURN 1\n"
    assert parse(content, "x.cypher")["one"] == Statement("one", "RETURN 1", "Says one.")


def test_statements_keep_their_order_and_their_inner_comments() -> None:
    content = "-- name: b\n-- B.\nSELECT 1 -- why\n, 2;\n\n-- name: a\n-- A.\nSELECT 3;"
    found = parse(content, "x.sql")
    assert list(found) == ["b", "a"]
    assert found["b"].text == "SELECT 1 -- why\n, 2"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("-- name: one\nSELECT 1;", "'one' needs a comment"),
        ("-- name: one\n-- Says one.\n", "'one' needs a comment"),
        ("-- name: a\n-- A.\nSELECT 1;\n-- name: a\n-- A.\nSELECT 1;", "'a' occurs twice"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(content, "x.sql")


def test_a_file_is_read_once() -> None:
    assert load("sqlite/store.sql") is load("sqlite/store.sql")


@pytest.mark.parametrize("store", ["sqlite", "neo4j", "jobs"])
def test_migrations_are_numbered_from_1(store: str) -> None:
    migrations = load_migrations(store)
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(migration.statements for migration in migrations)
