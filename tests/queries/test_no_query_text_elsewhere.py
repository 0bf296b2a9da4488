"""Query text lives in `queries/` only, and only the store adapters reach for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphsvc

ROOT = Path(graphsvc.__file__).parent.parent
MODULES = sorted(path for package in ("graphsvc", "gql") for path in (ROOT / package).rglob("*.py"))
QUERY = re.compile(
    r"\bSELECT\b[\s\S]+\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bDELETE\s+FROM\b"
    r"|\bUPDATE\s+\w+\s+SET\b|\b(CREATE|DROP|ALTER)\s+(TABLE|INDEX|VIEW|CONSTRAINT|TRIGGER)\b"
    r"|\bPRAGMA\s+\w+|\bBEGIN\s+(IMMEDIATE|DEFERRED|EXCLUSIVE)\b"
    r"|\b(MATCH|MERGE|UNWIND)\s*[($\[]|\bDETACH\s+DELETE\b|\bCALL\s+\{"
)


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string literal that is no docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.lineno, node.value


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level packages that a module imports."""
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_holds_no_query_text(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [(line, text) for line, text in texts(tree) if QUERY.search(text)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_store_adapters_import_queries(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    is_adapter = re.match(r"graphsvc/store/(sqlite|neo4j|rows\.py)", str(path.relative_to(ROOT)))
    assert is_adapter or not imported(tree) & {"queries", "sqlite3"}


def test_queries_import_nothing_of_ours() -> None:
    for path in (ROOT / "queries").rglob("*.py"):
        found = imported(ast.parse(path.read_text(encoding="utf-8")))
        assert not found & {"graphsvc", "gql", "algorithms"}, path


@pytest.mark.parametrize(
    "text",
    ["SELECT 1 FROM x", "INSERT INTO x", "MATCH (n)", "MERGE (n)", "UNWIND $rows", "PRAGMA x"],
)
def test_the_net_catches_queries(text: str) -> None:
    assert QUERY.search(text)


@pytest.mark.parametrize("text", ["select one from the list", "No match (yet)", "Selected FROM"])
def test_the_net_lets_plain_words_pass(text: str) -> None:
    assert not QUERY.search(text)
