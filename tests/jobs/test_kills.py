"""Killed at any moment, a job goes on: each run is published once, with the same bits."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from graphsvc.app import Service
from graphsvc.jobs.model import JobKind
from tests.jobs.killing import ask, assert_finished_once, do_all, reference
from tests.jobs.zygote import Zygote
from tests.service.samples import PURPOSE

ROUNDS = 50
LEASE_S = 60.0
STEPS = {
    "take",
    "enter",
    "save",
    "leave",
    "take_run",
    "stage_run_chunk",
    "publish_run",
    "append_audit",
    "save_spread",
    "save_payload",
    "drop",
}


def test_a_job_that_died_before_or_after_any_of_its_steps_publishes_once(
    service: Service, plain_settings: dict[str, str], zygote: Zygote
) -> None:
    champion = service.library.champion(PURPOSE).name
    checksums = reference(service, champion)
    died: list[str] = []
    while True:
        job = ask(service, JobKind.RECOMPUTE, champion)
        with zygote.child("die_at_call", plain_settings, len(died)) as child:
            said = child.said()
            if said == "done":
                break
            child.kill()
            assert child.signal == signal.SIGKILL, said
        died.append(said)
        do_all(service)
        assert_finished_once(service, job, checksums)
    assert set(died) == {f"{when} {name}" for when in ("before", "after") for name in STEPS}


def test_fifty_kills_at_random_moments_leave_every_run_published_once(
    service: Service, plain_settings: dict[str, str], zygote: Zygote
) -> None:
    checksums = reference(service)
    chance = random.Random(11)
    job = ask(service)
    with zygote.child("work_until_killed", plain_settings, LEASE_S) as child:
        assert child.said() == "begun"
        begun = time.perf_counter()
        assert child.said() == "done"
        took_s = time.perf_counter() - begun
    stages: Counter[str | None] = Counter()
    while stages.total() < ROUNDS:
        if service.jobs.job(job.job_id).state.is_over:
            assert_finished_once(service, job, checksums)
            job = ask(service)
        with zygote.child("work_until_killed", plain_settings, LEASE_S) as child:
            assert child.said() == "begun"
            child.hears(chance.uniform(0.0, took_s))
            child.kill()
            if child.signal == signal.SIGKILL:
                stages[service.jobs.job(job.job_id).stage] += 1
    do_all(service)
    assert_finished_once(service, job, checksums)
    assert len(stages) > 2, stages
