"""A subject's own record: how much each event and listing weighs, and what they are worth together.

Joint points saturate: points · s / (s + half) for the weights s of one kind of event, and
P · (1 − Π (1 − w)) for listings, where w is severity times the list's points over the largest, P.
Sums run over the snapshot's order of content, never over the order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.model import EventKind, EventRule, ListKind, Programme, Valence
from graphsvc.scoring.saturation import saturated
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import EVENT_KINDS

MICROSECONDS_PER_DAY = 86_400_000_000

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RecordWeights:
    """Rows of one of a snapshot's tables that count, whom they count for, and how much.

    Attributes:
        place: int64 (k,), rows of the table.
        subject: int32 (k,), index of the subject that each counts for.
        weight: float64 (k,), >= 0.
        freshness: float64 (k,), 2^(−age / half-life), in (0, 1].
    """

    place: Int64s
    subject: NDArray[np.int32]
    weight: Floats
    freshness: Floats

    def joint(self, n: int) -> Floats:
        """Return the weights of every subject's records added up, float64 (n,)."""
        return np.bincount(self.subject, self.weight, minlength=n).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class OwnRecord:
    """What every subject's own events and listings are worth, float64 (n,) each.

    Attributes:
        good_events: points of what speaks for it, >= 0.
        bad_events: points of what speaks against it, <= 0.
        allowlistings: points of its entries on allowlists, >= 0.
        blacklistings: points of its entries on blacklists, <= 0.
        amount: how many records count, each by its freshness.
        most_records: how many records the subject with most of them has.
    """

    good_events: Floats
    bad_events: Floats
    allowlistings: Floats
    blacklistings: Floats
    amount: Floats
    most_records: int

    @classmethod
    def derive(cls, snapshot: Snapshot, programme: Programme, as_of_us: int) -> OwnRecord:
        """Return what `programme` makes of the events up to, and the listings at, a time."""
        good, bad, amount = (np.zeros(snapshot.n) for _ in range(3))
        count = np.zeros(snapshot.n, np.int64)
        for kind, rule in sorted(programme.events.items()):
            found = event_weights(snapshot, kind, rule, as_of_us)
            points = rule.points * saturated(found.joint(snapshot.n), rule.half_points_at)
            if kind.valence is Valence.GOOD:
                good += points
            else:
                bad += points
            amount += np.bincount(found.subject, found.freshness, minlength=snapshot.n)
            count += np.bincount(found.subject, minlength=snapshot.n)
        listings = []
        for kind_of_list, points_of in (
            (ListKind.ALLOWLIST, programme.allowlist_points()),
            (ListKind.BLACKLIST, programme.blacklist_points()),
        ):
            worth, listed = listing_weights(snapshot, points_of, kind_of_list, as_of_us)
            listings.append(worth * joint_severity(listed, snapshot.n))
            entries = np.bincount(listed.subject, minlength=snapshot.n)
            amount += entries
            count += entries
        return cls(good, bad, listings[0], listings[1], amount, int(count.max(initial=0)))

    @classmethod
    def nothing(cls, n: int) -> OwnRecord:
        """Return the record of n subjects that have none."""
        none = np.zeros(n)
        return cls(none, none, none, none, none, 0)

    @property
    def events(self) -> Floats:
        """Points of all events."""
        return self.good_events + self.bad_events

    @property
    def listings(self) -> Floats:
        """Points of all listings."""
        return self.allowlistings + self.blacklistings


def event_weights(
    snapshot: Snapshot, kind: EventKind, rule: EventRule, as_of_us: int
) -> RecordWeights:
    """Return f(value) · 2^(−age / half-life) for each event of a kind up to a time."""
    events = snapshot.events
    happened = (events.kind == EVENT_KINDS.index(kind)) & (events.occurred_at_us <= as_of_us)
    place = np.flatnonzero(happened)
    fresh = freshness(events.occurred_at_us[place], as_of_us, rule.half_life_days)
    size = np.maximum(events.value[place], 0.0) / rule.weight_scale
    size = np.where(events.has_value[place], size, 1.0)
    if rule.weight == "constant":
        size = np.ones(place.size)
    elif rule.weight == "log1p":
        size = np.log1p(size)
    return RecordWeights(place, events.subject[place], size * fresh, fresh)


def freshness(since_us: Int64s, as_of_us: int, half_life_days: float | None) -> Floats:
    """Return 2^(−age / half-life) of records as old as that; 1 where nothing decays."""
    if half_life_days is None:
        return np.ones(since_us.size)
    return algorithms.decay_factor((as_of_us - since_us) / MICROSECONDS_PER_DAY, half_life_days)


def standing_listings(
    snapshot: Snapshot, list_names: frozenset[str], kind: ListKind, as_of_us: int
) -> NDArray[np.int64]:
    """Return the places of the listings on these lists that are in force at a time.

    An entry that says of itself that it is of the other kind counts for nothing: a slip in a file
    must not turn praise into blame.
    """
    listings = snapshot.listings
    codes = [code for code, name in enumerate(snapshot.facts.list_names) if name in list_names]
    in_force = (listings.effective_from_us <= as_of_us) & (as_of_us < listings.until_us)
    as_declared = listings.is_blacklisting == (kind is ListKind.BLACKLIST)
    return np.flatnonzero(in_force & as_declared & np.isin(listings.list_code, codes))


def listing_weights(
    snapshot: Snapshot, points_of: Mapping[str, float], kind: ListKind, as_of_us: int
) -> tuple[float, RecordWeights]:
    """Return the points P of the list that weighs most, and severity · points / P of each entry.

    Args:
        snapshot: where the listings are.
        points_of: points of lists that all point the same way; of the others nothing is read.
        kind: which way.
        as_of_us: the time at which they are in force.
    """
    worth = max(points_of.values(), key=abs, default=0.0)
    if worth == 0.0:
        points_of = {}
    place = standing_listings(snapshot, frozenset(points_of), kind, as_of_us)
    listings = snapshot.listings
    ratio = np.array(
        [points_of.get(name, 0.0) / worth if points_of else 0.0 for name in _names(snapshot)]
    )
    weight = listings.severity[place] * ratio[listings.list_code[place]]
    return worth, RecordWeights(place, listings.subject[place], weight, np.ones(place.size))


def joint_severity(entries: RecordWeights, n: int) -> Floats:
    """Return 1 − Π (1 − weight) over each subject's entries, float64 (n,), each in [0, 1]."""
    spared = np.ones(n, np.float64)
    np.multiply.at(spared, entries.subject, 1.0 - entries.weight)
    return 1.0 - spared


def _names(snapshot: Snapshot) -> tuple[str, ...]:
    # One name more, so that a purpose without lists has something to look up in.
    return (*snapshot.facts.list_names, "")
