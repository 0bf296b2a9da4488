"""What groups do among themselves: praise, wash payments, and few links into the honest region."""

from __future__ import annotations

import numpy as np

from graphsvc.model import LinkKind
from graphsvc.world.columns import NEVER, Ints, Links, joined
from graphsvc.world.population import Group, Population
from graphsvc.world.randomness import DAY_S, stream
from graphsvc.world.roles import Role

_PRAISE_EACH = 4
_WASH_EACH = 5


def ring_links(world: Population, listed_s: Ints) -> Links:
    """Return the links within groups, to the shops that they prop up, and from the deceived.

    A blacklisted member makes no more links.
    """
    rng = stream(world.settings.seed, "ring links")
    people = world.people()
    honest = world.face[people[(world.turned_s[people] == NEVER) & ~world.is_thin[people]]]
    parts = [Links.of(LinkKind.TRUSTS, people[:0], people[:0], people[:0])]
    for group in world.groups:
        actors = world.face[group.members]
        parts += _praise(world, rng, actors)
        if group.role is Role.FAKE:
            parts.append(_attack(world, rng, group, honest))
        if group.role is not Role.FALSE_REPORTER:
            parts.append(_wash(world, rng, actors))
            parts.append(_prop_up(world, rng, group, actors))
    links = joined(parts)
    is_attack = world.turned_s[links.src] == NEVER
    stopped_s = np.minimum(listed_s[links.src], world.calendar.end_s)
    return links.take(is_attack | (links.from_s < stopped_s))


def _pairs(rng: np.random.Generator, actors: Ints, each: int) -> tuple[Ints, Ints]:
    """Return for each actor up to `each` others of the group, each pair once."""
    n = len(actors)
    shift = rng.integers(1, n, (n, each))
    one = np.repeat(np.arange(n), each)
    pairs = np.unique(one * n + (one + shift.ravel()) % n)
    return actors[pairs // n], actors[pairs % n]


def _soon(world: Population, rng: np.random.Generator, one: Ints, other: Ints) -> Ints:
    ready_s = np.maximum(world.joined_s[one], world.joined_s[other])
    return ready_s + rng.integers(0, 25 * DAY_S, len(one))


def _praise(world: Population, rng: np.random.Generator, actors: Ints) -> list[Links]:
    one, other = _pairs(rng, actors, _PRAISE_EACH)
    stated_s = _soon(world, rng, one, other)
    weight = rng.integers(8, 11, len(one)).astype(np.float64)
    return [Links.of(LinkKind.TRUSTS, one, other, stated_s, weight)]


def _wash(world: Population, rng: np.random.Generator, actors: Ints) -> Links:
    """Send money around in the group; amounts are rounder than those of real orders."""
    one, other = _pairs(rng, actors, _WASH_EACH)
    amount = 5.0 * rng.integers(2, 60, len(one))
    paid_s = _soon(world, rng, one, other) + rng.integers(0, 60 * DAY_S, len(one))
    return Links.of(LinkKind.PAID, one, other, paid_s, amount)


def _prop_up(world: Population, rng: np.random.Generator, group: Group, actors: Ints) -> Links:
    shops = group.shops if group.role is Role.COLLUDER else np.array([group.target])
    rater = np.repeat(actors, len(shops))
    shop = np.tile(shops, len(actors))
    apart = rater != shop
    rater, shop = rater[apart], shop[apart]
    weight = rng.integers(9, 11, len(rater)).astype(np.float64)
    return Links.of(LinkKind.RATES, rater, shop, _soon(world, rng, rater, shop), weight)


def _attack(world: Population, rng: np.random.Generator, group: Group, honest: Ints) -> Links:
    """Have some honest members be taken in: each trusts one fake of the ring."""
    wanted = min(world.settings.attack_links_per_ring, len(honest))
    deceived = rng.choice(honest, wanted, replace=False)
    fake = rng.choice(group.members, wanted)
    weight = rng.integers(3, 9, wanted).astype(np.float64)
    return Links.of(LinkKind.TRUSTS, deceived, fake, _soon(world, rng, deceived, fake), weight)
