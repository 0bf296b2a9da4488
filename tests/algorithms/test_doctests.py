"""Every example in a docstring runs, and every public callable has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import algorithms

MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(algorithms.__path__, "algorithms.")
    if not module.ispkg
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, raise_on_error=False).failed == 0


def test_every_public_function_shows_an_example():
    functions = [each for each in vars(algorithms).values() if inspect.isfunction(each)]
    assert [each.__name__ for each in functions if ">>> " not in (each.__doc__ or "")] == []


def test_all_names_what_the_package_offers():
    assert sorted(algorithms.__all__) == sorted(set(algorithms.__all__))
    assert all(hasattr(algorithms, name) for name in algorithms.__all__)
