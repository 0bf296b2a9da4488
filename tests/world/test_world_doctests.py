"""Every example in a docstring of the world package runs."""

import doctest
import importlib
import pkgutil

import pytest

import graphsvc.world as package


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules(package.__path__, "graphsvc.world.")]
)
def test_the_examples_of_a_module_give_what_they_show(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
