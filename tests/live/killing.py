"""What is done in a process that is killed, and the engine that must then be right."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from graphsvc.app import Service
from graphsvc.live.engine import LiveEngine
from graphsvc.model import Record
from graphsvc.settings import Settings
from tests.service.samples import AS_OF, PURPOSE, listed, trusts


def settings_in(folder: Path) -> Settings:
    return Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")


def engine_of(service: Service) -> LiveEngine:
    purpose = service.library.purpose(PURPOSE)
    return LiveEngine(
        service.store,
        service.snapshots,
        [(purpose, [service.library.champion(PURPOSE)])],
        now=AS_OF,
    )


def warm_up(service: Service) -> None:
    """Do once what children will do."""
    service.store.append([trusts(1, 2, 1.0), trusts(2, 1, 1.0)])
    engine = engine_of(service)
    service.store.append([trusts(2, 3, 1.0), listed(2, "marketplace-fraud", 0.5)])
    engine.catch_up(AS_OF)


def write_and_follow(tell: Callable[[str], None], folder: str, turn: int) -> None:
    """Append, follow in every fifth turn, tell what was acknowledged; until killed."""
    with Service.open(settings_in(Path(folder))) as service:
        engine = engine_of(service) if turn % 5 == 0 else None
        tell("0")
        chance = random.Random(turn)
        for number in range(100_000):
            name = f"{turn}:{number}"
            src, dst = chance.sample(range(40), 2)
            records: list[Record] = [
                trusts(src, dst, chance.uniform(1, 10), external_id=f"t{name}")
            ]
            if chance.random() < 0.2:
                records.append(listed(src, "marketplace-fraud", 0.5, external_id=f"l{name}"))
            outcomes = service.store.append(records)
            tell(str(outcomes[-1].sequence))
            if engine is not None and chance.random() < 0.3:
                engine.catch_up(AS_OF)
