"""Killed at any moment, nothing that was acknowledged is lost, and live scores come back right."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from graphsvc.app import Service
from graphsvc.live.engine import LiveEngine
from graphsvc.model import Record
from graphsvc.settings import Settings
from tests.live.test_live_scores import assert_live
from tests.service.samples import AS_OF, PURPOSE, listed, trusts

ROUNDS = 50


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


def write_and_follow(folder: Path, turn: int, told: Connection) -> None:
    """Append, follow in every fifth turn, tell what was acknowledged; until killed."""
    with Service.open(settings_in(folder)) as service:
        engine = engine_of(service) if turn % 5 == 0 else None
        told.send(0)
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
            told.send(outcomes[-1].sequence)
            if engine is not None and chance.random() < 0.3:
                engine.catch_up(AS_OF)


def test_nothing_acknowledged_is_lost_in_fifty_kills(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    chance = random.Random(7)
    acknowledged = 0
    for turn in range(ROUNDS):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=write_and_follow, args=[tmp_path, turn, theirs])
        child.start()
        theirs.close()
        assert ours.recv() == 0
        time.sleep(chance.uniform(0.0, 0.06))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        try:
            while True:
                acknowledged = max(acknowledged, ours.recv())
        except EOFError:
            pass
        if turn % 10 == 9:
            with Service.open(settings_in(tmp_path)) as service:
                assert service.store.last_sequence() >= acknowledged
                engine = engine_of(service)
                assert_live(service, engine, AS_OF)
    assert acknowledged > ROUNDS
