"""Neighbour sampling: a few messages for each subject that is asked about, a few for each of those.

Hamilton, Ying & Leskovec, Inductive representation learning on large graphs, NIPS 2017, § 3.1.
A subject's draw depends on the seed, the hop and the subject, not on who else is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import Int64s, whole_number
from algorithms.errors import InvalidArgumentError
from algorithms.learned import _sampling_kernels as kernels
from algorithms.learned.messages import Messages
from algorithms.ratings import subject_ids

# Odd numbers without pattern: neighbouring seeds and hops start far apart.
SEEDS_APART, HOPS_APART = 0x9E3779B97F4A7C15, 0x632BE59BD9B4E019


@dataclass(frozen=True, eq=False)
class Hop:
    """Messages to the first ``listeners`` subjects of a sample.

    Attributes:
        listeners: how many listen; they are a prefix of the sample's subjects.
        listener, sender: int64 (k,), places among the sample's subjects.
        place: int64 (k,), which message it is, ascending within a listener.
    """

    listeners: int
    listener: Int64s
    sender: Int64s
    place: Int64s


@dataclass(frozen=True, eq=False)
class Sample:
    """Subjects (the asked first), and the hops, the nearest to the asked first."""

    subjects: Int64s
    hops: tuple[Hop, ...]


def sample_neighbours(
    messages: Messages, asked: ArrayLike, fan_out: Sequence[int], seed: int
) -> Sample:
    """Return a sample of the neighbourhood of the asked subjects.

    Args:
        messages: who hears from whom.
        asked: subjects, each once.
        fan_out: for each hop, how many messages a listener hears at most; drawn without
            replacement, all of them where there are no more.
        seed: decides every draw.

    Raises:
        InvalidArgumentError: an id is out of range or comes twice, or a fan-out is below 1.

    >>> from algorithms.learned import Evidence
    >>> star = Messages.of(Evidence(4, [1, 2, 3], [0, 0, 0], [1.0, 1.0, 1.0], None, [], []))
    >>> sample_neighbours(star, [0], [2], seed=1).hops[0].listener
    array([0, 0])
    """
    subjects = subject_ids("asked", asked, messages.n).astype(np.int64)
    if np.unique(subjects).size != subjects.size:
        raise InvalidArgumentError("asked", "holds a subject twice; each once is right")
    found = []
    for hop, most in enumerate(fan_out):
        limit = whole_number("fan_out", most, low=1)
        listeners = subjects
        starts = np.empty(listeners.size + 1, np.int64)
        kernels.sampled_counts(messages.indptr, listeners, limit, starts)
        place = np.empty(int(starts[-1]), np.int64)
        of_hop = np.uint64((seed * SEEDS_APART + hop * HOPS_APART) % 2**64)
        kernels.sampled_places(messages.indptr, listeners, starts, of_hop, place)
        heard = messages.sender[place].astype(np.int64)
        subjects = np.concatenate([listeners, np.setdiff1d(heard, listeners)])
        listener = np.repeat(np.arange(listeners.size), np.diff(starts))
        found.append(Hop(listeners.size, listener, _places_in(subjects, heard), place))
    return Sample(subjects, tuple(found))


def _places_in(subjects: Int64s, wanted: Int64s) -> Int64s:
    order = np.argsort(subjects, kind="stable")
    found: Int64s = order[np.searchsorted(subjects, wanted, sorter=order)]
    return found
