"""Who is put on which list, when and until when; some by mistake, many too late, some never."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphsvc.model import ListKind
from graphsvc.world.columns import NEVER, Floats, Ints, Listings, joined
from graphsvc.world.population import Population
from graphsvc.world.randomness import DAY_S, stream
from graphsvc.world.roles import SCHEMES, Scheme


class NamedList(NamedTuple):
    """A list and who keeps it."""

    name: str
    kind: ListKind
    authority: str


LISTS = (
    NamedList("marketplace-fraud", ListKind.BLACKLIST, "marketplace trust desk"),
    NamedList("payment-fraud", ListKind.BLACKLIST, "payment network"),
    NamedList("hire-fraud", ListKind.BLACKLIST, "hire association"),
    NamedList("credit-fraud", ListKind.BLACKLIST, "credit bureau"),
    NamedList("marketplace-verified", ListKind.ALLOWLIST, "marketplace trust desk"),
    NamedList("payment-verified", ListKind.ALLOWLIST, "payment network"),
    NamedList("hire-verified", ListKind.ALLOWLIST, "hire association"),
    NamedList("credit-verified", ListKind.ALLOWLIST, "credit bureau"),
)
REASONS = (*(scheme.value.replace("_", "-") for scheme in Scheme), "verified")

_LIST_OF_SCHEME = {
    Scheme.NON_DELIVERY: "marketplace-fraud",
    Scheme.STOLEN_CARDS: "payment-fraud",
    Scheme.HIRED_GOODS: "hire-fraud",
    Scheme.BUST_OUT: "credit-fraud",
    Scheme.COLLUSION: "marketplace-fraud",
    Scheme.FAKE_ACCOUNTS: "marketplace-fraud",
    Scheme.FALSE_REPORTS: "marketplace-fraud",
}
_BLACKLIST_DAYS = (90, 180, 365)
_ALLOWLIST_DAYS = 365


def blacklistings(world: Population) -> Listings:
    """Return the blacklist entries, mistaken ones included, in no order."""
    rng = stream(world.settings.seed, "blacklistings")
    found = _found_out(world, rng)
    share = world.settings.mistaken_listing_share
    mistaken = _mistaken(world, rng, round(len(found) * share / (1.0 - share)))
    return joined([found, *_renewals(world, rng, found), mistaken])


def allowlistings(world: Population) -> Listings:
    """Return the allowlist entries, in no order: of those who had done no wrong by then."""
    rng = stream(world.settings.seed, "allowlistings")
    people, shops = world.people(), world.businesses()
    people = people[~world.is_thin[people]]
    parts = [
        _verified(world, rng, "marketplace-verified", shops, 0.25),
        _verified(world, rng, "marketplace-verified", people, 0.04),
        _verified(world, rng, "payment-verified", shops, 0.15),
        _verified(world, rng, "payment-verified", world.face[people], 0.03),
        _verified(world, rng, "hire-verified", people, 0.06),
        _verified(world, rng, "credit-verified", people, 0.05),
    ]
    return joined(parts)


def first_listed(world: Population, listings: Listings) -> Ints:
    """Return for each subject when it is first listed, NEVER where it isn't."""
    first = np.full(world.settings.subjects, NEVER, np.int64)
    np.minimum.at(first, listings.subject, listings.from_s)
    return first


def _list(name: str) -> int:
    return next(place for place, item in enumerate(LISTS) if item.name == name)


def _listings(
    subject: Ints, name: Ints, severity: Floats, reason: Ints, from_s: Ints, days: Ints
) -> Listings:
    return Listings(
        from_s=from_s,
        list=name,
        subject=subject,
        # Steps of 0.05, no more than a person would write down.
        severity=np.round(np.round(severity * 20) / 20, 2),
        reason=reason,
        to_s=from_s + days * DAY_S,
    )


def _found_out(world: Population, rng: np.random.Generator) -> Listings:
    members = world.members()
    bad = members[world.turned_s[members] != NEVER]
    settings = world.settings
    shortest = settings.shortest_delay_days
    delay_days = shortest + rng.gamma(2.0, (settings.listing_delay_days - shortest) / 2, len(bad))
    from_s = world.turned_s[bad] + np.ceil(delay_days * DAY_S).astype(np.int64)
    days = rng.choice(_BLACKLIST_DAYS, len(bad), p=(0.2, 0.3, 0.5))
    is_notorious = bad == world.notorious
    on_time = world.turned_s[bad] + int(settings.listing_delay_days * DAY_S)
    from_s, days = np.where(is_notorious, on_time, from_s), np.where(is_notorious, 365, days)
    severity = rng.uniform(0.6, 1.0, len(bad))
    severity[is_notorious] = 1.0
    caught = (rng.random(len(bad)) < settings.detection) | is_notorious
    listed = np.flatnonzero(caught & (from_s < world.calendar.end_s))
    name_of = np.array([_list(_LIST_OF_SCHEME[scheme]) for scheme in SCHEMES])
    scheme = world.scheme[bad]
    return _listings(bad, name_of[scheme], severity, scheme, from_s, days).take(listed)


def _renewals(world: Population, rng: np.random.Generator, found: Listings) -> list[Listings]:
    """Return what follows the entries that run out, for as long as any is renewed."""
    rounds: list[Listings] = []
    last = found
    while True:
        again = (last.to_s < world.calendar.end_s) & (
            rng.random(len(last)) < world.settings.renewal_share
        )
        if not again.any():
            return rounds
        ended = last.take(again)
        days = np.full(len(ended), 365)
        last = _listings(ended.subject, ended.list, ended.severity, ended.reason, ended.to_s, days)
        rounds.append(last)


def _mistaken(world: Population, rng: np.random.Generator, number: int) -> Listings:
    members = world.members()
    innocent = members[(world.turned_s[members] == NEVER) & ~world.is_thin[members]]
    subject = rng.permutation(innocent)[:number]
    n = len(subject)
    from_s = world.calendar.between(rng, world.joined_s[subject] + DAY_S, world.calendar.end_s)
    schemes = [Scheme.NON_DELIVERY, Scheme.STOLEN_CARDS, Scheme.HIRED_GOODS, Scheme.BUST_OUT]
    scheme = rng.choice([SCHEMES.index(item) for item in schemes], n)
    name_of = np.array([_list(_LIST_OF_SCHEME[item]) for item in SCHEMES])
    days = rng.choice(_BLACKLIST_DAYS, n)
    return _listings(subject, name_of[scheme], rng.uniform(0.3, 0.9, n), scheme, from_s, days)


def _verified(
    world: Population, rng: np.random.Generator, name: str, candidates: Ints, share: float
) -> Listings:
    """List a share of the candidates: those who seem best, as seen through noise."""
    seeming = world.trustworthiness[candidates] + rng.normal(0.0, 0.1, len(candidates))
    best = np.argsort(-seeming, kind="stable")[: max(1, round(share * len(candidates)))]
    subject = candidates[best]
    from_s = world.joined_s[subject] + (rng.uniform(30, 240, len(subject)) * DAY_S).astype(np.int64)
    end_s, n = world.calendar.end_s, len(subject)
    standing = np.flatnonzero((from_s < end_s) & (from_s < world.turned_s[subject]))
    listings = _listings(
        subject,
        np.full(n, _list(name)),
        rng.uniform(0.6, 1.0, n),
        np.full(n, len(SCHEMES)),
        from_s,
        np.full(n, _ALLOWLIST_DAYS),
    )
    return listings.take(standing)
