"""What every test may use, and a closing line that says which stores were tested."""

from __future__ import annotations

from collections import Counter

import pytest

from graphsvc.logs import configure_logs

pytest_plugins = ["tests.neo4j_fixture"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many contract cases passed on each store."""
    passed: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        if report.nodeid.startswith("tests/contract/"):
            store = "neo4j" if "neo4j" in report.nodeid else "sqlite"
            passed[store] += 1
    for store in ("sqlite", "neo4j"):
        terminalreporter.write_line(f"contract suite on {store}: {passed[store]} cases passed")


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs() -> None:
    configure_logs("console", "warning")
