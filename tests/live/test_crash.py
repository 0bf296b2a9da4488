"""Killed at any moment, nothing that was acknowledged is lost, and live scores come back right."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from graphsvc.app import Service
from tests.jobs.zygote import Zygote
from tests.live.killing import engine_of, settings_in
from tests.live.test_live_scores import assert_live
from tests.service.samples import AS_OF

ROUNDS = 50


def test_nothing_acknowledged_is_lost_in_fifty_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged = 0
    with Zygote("tests.live.killing") as zygote:
        for turn in range(ROUNDS):
            with zygote.child("write_and_follow", str(tmp_path), turn) as child:
                assert child.said() == "0"
                time.sleep(chance.uniform(0.0, 0.06))
                child.kill()
                assert child.signal == signal.SIGKILL
                while said := child.said():
                    acknowledged = max(acknowledged, int(said))
            if turn % 10 == 9:
                with Service.open(settings_in(tmp_path)) as service:
                    assert service.store.last_sequence() >= acknowledged
                    engine = engine_of(service)
                    assert_live(service, engine, AS_OF)
    assert acknowledged > ROUNDS
