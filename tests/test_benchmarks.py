"""Benchmarks that need nothing but this environment can at least begin."""

from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "attack_curves",
        "batch",
        "importing",
        "live",
        "live_service",
        "methods",
        "neo4j_snapshot",
        "proof.__main__",
        "propagation",
        "scaling",
    ],
)
def test_a_benchmark_can_be_imported(name):
    assert callable(import_module(f"benchmarks.{name}").main)
