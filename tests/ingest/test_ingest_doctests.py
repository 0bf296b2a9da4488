"""Every example in a docstring of the ingest package runs."""

import doctest
import importlib
import pkgutil

import pytest

from graphsvc import ingest


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules(ingest.__path__, "graphsvc.ingest.")]
)
def test_the_examples_of_a_module_give_what_they_show(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
