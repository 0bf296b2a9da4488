"""What a recompute will take, before it is run: memory by counting arrays, time by rule of thumb.

It starts from a snapshot that is there. Reading a store into a new one holds every event, report
and listing as a Python object besides, which counts alone don't tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from algorithms import memory_estimate
from graphsvc.model import Direction, Programme, RecordType
from graphsvc.store.ports import Reader

# Bytes that deriving the graphs holds at its peak. A link of the snapshot: its row, its conductance
# and its place, and all of it again for those that conduct. Each side that feels it: its ends and
# its conductance, and twice what a weighted graph holds while links are sorted. Where kinds differ
# in the way that risk goes, each way's links are copied out first.
CONDUCTING_BYTES = 4 + 4 + 1 + 8
LINK_BYTES = (4 + 8 + 8) + CONDUCTING_BYTES
SIDE_BYTES = (4 + 4 + 8) + 2 * (4 + 8)
# Row pointers while links are sorted, and the inputs that are there already.
ROW_BYTES = 4 * 8
# Inputs, values, own record and points, for each subject.
SUBJECT_BYTES = 208
# What a process keeps beyond its arrays: pages that are free again in parts, and what a stage
# hands to the next.
KEPT = 1.1
# Seconds for each link: deriving its graphs, sweeping it once. Exposure and trust take up to thirty
# sweeps each on real graphs.
DERIVING_S, SWEEP_S, SWEEPS = 0.5e-6, 1.5e-9, 60


@dataclass(frozen=True, slots=True)
class RecomputeEstimate:
    """What one recompute holds at its peak, and about how long it runs on one thread.

    Attributes:
        subjects: as given.
        links: as given.
        sides: those that feel a link: two for each where exposure goes both ways.
        deriving_bytes: peak while the graphs are made from the snapshot.
        propagating_bytes: peak while values are propagated on them.
        seconds: about how long; the first run after an installation compiles for some seconds more.
    """

    subjects: int
    links: int
    sides: int
    deriving_bytes: int
    propagating_bytes: int
    seconds: float

    @property
    def peak_bytes(self) -> int:
        """The larger of the two peaks, as a process holds it: one is over when the other begins."""
        return round(KEPT * max(self.deriving_bytes, self.propagating_bytes))


def recompute_estimate(subjects: int, links: int, programme: Programme) -> RecomputeEstimate:
    """Return what a recompute of a programme takes on so many subjects and links.

    All links are taken to conduct, and to carry trust where any kind does; what is not so makes the
    run smaller.
    """
    rules = programme.conductances.values()
    directions = {rule.exposure_direction for rule in rules}
    sides = links * (2 if Direction.BOTH in directions else 1)
    copied = CONDUCTING_BYTES * sides if len(directions) > 1 else 0
    vouching = links if any(rule.carries_trust for rule in rules) else 0
    felt = memory_estimate(subjects, sides, weighted=True)
    vouched = memory_estimate(subjects, vouching, weighted=True)
    deriving = LINK_BYTES * links + SIDE_BYTES * sides + copied + ROW_BYTES * subjects
    # Trust reads its graph and keeps the reverse beside it.
    held = felt.graph + 2 * vouched.graph + SUBJECT_BYTES * subjects
    return RecomputeEstimate(
        subjects,
        links,
        sides,
        deriving,
        held + max(felt.working, vouched.working),
        DERIVING_S * (links + sides) + SWEEPS * SWEEP_S * (sides + vouching),
    )


def counts(store: Reader) -> tuple[int, int]:
    """Return how many subjects and links a store has; links that were superseded count too."""
    return store.count_subjects(), store.count_records()[RecordType.LINK]
