"""Works on jobs until it is told to stop: asks for what is scheduled, and does what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from graphsvc.errors import GraphsvcError
from graphsvc.jobs.model import Job
from graphsvc.jobs.runner import LEASE_S, Runner
from graphsvc.jobs.schedule import Schedules

if TYPE_CHECKING:
    from graphsvc.app import Service

log = structlog.get_logger(__name__)

POLL_S = 1.0


def work(
    service: Service,
    stop: threading.Event,
    *,
    until_idle: bool = False,
    poll_s: float = POLL_S,
    lease_s: float = LEASE_S,
    watch: Callable[[Job], None] = lambda _: None,
) -> int:
    """Do jobs one after the other; return how often one was taken.

    Args:
        service: what jobs work on.
        stop: once set, the stage at hand is finished, and its job left to others.
        until_idle: end as soon as no job is due.
        poll_s: how often the job file is looked at, in seconds.
        lease_s: for how long a runner may stand still before others take its job.
        watch: called with a job each time that it has come further.

    Raises:
        DefinitionError: the schedule file is wrong.
    """
    schedules = Schedules.load(service.settings.schedule_file)
    taken = 0
    with Runner(service, lease_s=lease_s, stop=stop, watch=watch) as runner:
        while not stop.is_set():
            try:
                schedules.ask_for_due(service.jobs, datetime.now(UTC))
                job = runner.run_next()
            except GraphsvcError as error:
                log.warning("the job file can't be used, trying again", why=str(error))
                job = None
            if job is not None:
                taken += 1
                continue
            if until_idle:
                break
            stop.wait(poll_s)
    return taken


@contextmanager
def working_beside(service: Service) -> Iterator[None]:
    """Do jobs in a thread of this process for as long as the block lasts, if the settings say so.

    Leaving the block waits until the stage at hand is finished.

    Raises:
        DefinitionError: the schedule file is wrong.
    """
    if not service.settings.jobs_in_server:
        yield
        return
    Schedules.load(service.settings.schedule_file)
    stop = threading.Event()
    thread = threading.Thread(target=work, args=[service, stop], name="jobs")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
