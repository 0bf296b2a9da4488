"""One small world and one of middling size, made once for all tests; and every record of each."""

from __future__ import annotations

import pytest

from graphsvc.model import Record
from graphsvc.world import SubjectTruth, World, WorldSettings, generate


@pytest.fixture(scope="session")
def small() -> World:
    return generate(WorldSettings(subjects=1_000, seed=5))


@pytest.fixture(scope="session")
def world() -> World:
    return generate(WorldSettings(subjects=12_000, seed=3))


@pytest.fixture(scope="session")
def records(world: World) -> list[Record]:
    return list(world.records())


@pytest.fixture(scope="session")
def truth(world: World) -> dict[str, SubjectTruth]:
    return {str(one.subject): one for one in world.truth()}
