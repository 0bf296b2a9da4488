"""What other processes do to a store in these tests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from graphsvc.model import Record
from graphsvc.store.ports import AppendOutcome
from tests.contract.evidence import link, person
from tests.contract.openers import Opener

KILLED_BATCH = 400


def append_in_step(
    opener: Opener, batches: Sequence[Sequence[Record]], start: Barrier, answer: Connection
) -> None:
    """Append the batches as soon as all processes are ready; send the outcomes."""
    outcomes: list[list[AppendOutcome]] = []
    with closing(opener()) as store:
        start.wait()
        outcomes.extend(store.append(batch) for batch in batches)
    answer.send(outcomes)
    answer.close()


def append_until_killed(opener: Opener, life: int, answer: Connection) -> None:
    """Append batch after batch; send each one's number once it is acknowledged."""
    with closing(opener()) as store:
        for number in count():
            store.append(killed_batch(life, number))
            answer.send(number)


def killed_batch(life: int, number: int) -> list[Record]:
    """Return the records of one batch; each names its batch."""
    return [
        link(f"{life}/{number}/{n}", person(f"p{life}.{number}.{n}"), person(f"q{n}"))
        for n in range(KILLED_BATCH)
    ]
