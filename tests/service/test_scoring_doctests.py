from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from graphsvc import breakdown
from graphsvc.scoring import reports, saturation


@pytest.mark.parametrize("module", [breakdown, reports, saturation], ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
