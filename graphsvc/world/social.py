"""Ties between people: households, acquaintances, vouching, trust, followers, staff."""

from __future__ import annotations

import numpy as np

from graphsvc.model import LinkKind
from graphsvc.world.columns import NEVER, NOBODY, Ints, Links, joined
from graphsvc.world.population import Population, segments_of_people
from graphsvc.world.randomness import draw_by_weight, heavy_tailed, later, stream


def social_links(world: Population) -> Links:
    """Return all social links of people, and those by which they stand for their accounts."""
    rng = stream(world.settings.seed, "social")
    first, second = _acquaintances(world, rng)
    close = rng.random(len(first)) < 0.15
    return joined(
        [
            _households(world, rng),
            _stated(world, rng, LinkKind.KNOWS, first, second),
            _vouching(world, rng, first[close], second[close]),
            _trust(world, rng, first, second),
            _lending(world, rng, first, second),
            _holders(world, rng),
            _followers(world, rng),
            _staff(world, rng),
        ]
    )


def _acquaintances(world: Population, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw pairs of people with a chance ∝ both sides' sociability, each pair once."""
    settings, people = world.settings, world.people()
    sociability = heavy_tailed(rng, len(people), settings.degree_exponent)
    sociability[world.is_thin[people]] = 0.03
    n = round(settings.acquaintances_per_person * len(people) / 2)
    first = draw_by_weight(rng, sociability, n)
    near = segments_of_people(world, sociability).draw(rng, world.community[first])
    far = draw_by_weight(rng, sociability, n)
    second = np.where(rng.random(n) < settings.within_community, near, far)
    low, high = np.minimum(first, second), np.maximum(first, second)
    pairs = np.unique(low[low != high] * len(people) + high[low != high])
    one, other = pairs // len(people), pairs % len(people)
    turned = rng.random(len(pairs)) < 0.5
    return np.where(turned, other, one), np.where(turned, one, other)


def _met(world: Population, rng: np.random.Generator, first: Ints, second: Ints) -> Ints:
    ready_s = np.maximum(world.joined_s[first], world.joined_s[second])
    return world.calendar.between(rng, ready_s, world.calendar.end_s)


def _stated(
    world: Population, rng: np.random.Generator, kind: LinkKind, first: Ints, second: Ints
) -> Links:
    """Have the first side state each tie, and the second return it at the rate of reciprocity."""
    met_s = _met(world, rng, first, second)
    back = rng.random(len(first)) < world.settings.reciprocity
    back_s = later(rng, met_s, 0, 30)
    back &= back_s < world.calendar.end_s
    return joined(
        [
            Links.of(kind, first, second, met_s),
            Links.of(kind, second[back], first[back], back_s[back]),
        ]
    )


def _households(world: Population, rng: np.random.Generator) -> Links:
    people = world.people()
    by_home = people[np.argsort(world.home[people], kind="stable")]
    parts = []
    for apart in (1, 2, 3):
        one, other = by_home[:-apart], by_home[apart:]
        together = world.home[one] == world.home[other]
        one, other = one[together], other[together]
        from_s = np.maximum(world.joined_s[one], world.joined_s[other])
        parts += [
            Links.of(LinkKind.HOUSEHOLD, one, other, from_s),
            Links.of(LinkKind.HOUSEHOLD, other, one, from_s),
        ]
    return joined(parts)


def _vouching(world: Population, rng: np.random.Generator, first: Ints, second: Ints) -> Links:
    """Have close acquaintances vouch for each other; and somebody at home for many thin files."""
    people = world.people()
    by_home = people[np.argsort(world.home[people], kind="stable")]
    one, other = by_home[:-1], by_home[1:]
    helped = (world.home[one] == world.home[other]) & world.is_thin[other]
    helped &= rng.random(len(other)) < 0.6
    helpers, helped_ones = one[helped], other[helped]
    return joined(
        [
            _stated(world, rng, LinkKind.VOUCHES_FOR, first, second),
            Links.of(
                LinkKind.VOUCHES_FOR, helpers, helped_ones, _met(world, rng, helpers, helped_ones)
            ),
        ]
    )


def _trust(world: Population, rng: np.random.Generator, first: Ints, second: Ints) -> Links:
    """Have acquaintances who trade say how far they trust the other, as they see it then."""
    chosen = rng.random(len(first)) < 0.3
    one, other = world.face[first[chosen]], world.face[second[chosen]]
    met_s = _met(world, rng, one, other)
    seen = 2.0 + 8.0 * world.trust_at(other, met_s) + rng.normal(0.0, 1.2, len(one))
    return Links.of(LinkKind.TRUSTS, one, other, met_s, np.round(np.clip(seen, 1.0, 10.0)))


def _lending(world: Population, rng: np.random.Generator, first: Ints, second: Ints) -> Links:
    """Have some acquaintances pay each other now and then."""
    chosen = rng.random(len(first)) < 0.12
    one, other = world.face[first[chosen]], world.face[second[chosen]]
    paid_s = _met(world, rng, one, other)
    back_s = later(rng, paid_s, 1, 60)
    back = (rng.random(len(one)) < world.settings.reciprocity) & (back_s < world.calendar.end_s)
    amount = np.round(np.exp(rng.normal(3.2, 0.8, len(one))) + 1.0, 2)
    return joined(
        [
            Links.of(LinkKind.PAID, one, other, paid_s, amount),
            Links.of(LinkKind.PAID, other[back], one[back], back_s[back], amount[back]),
        ]
    )


def _holders(world: Population, rng: np.random.Generator) -> Links:
    """Have most people certify the accounts that they hold."""
    accounts = world.accounts()
    stated = (world.holder[accounts] != NOBODY) & (rng.random(len(accounts)) < 0.7)
    held = accounts[stated]
    return Links.of(LinkKind.VOUCHES_FOR, world.holder[held], held, world.joined_s[held])


def _followers(world: Population, rng: np.random.Generator) -> Links:
    people, shops = world.people(), world.businesses()
    n = round(0.8 * len(people))
    person = draw_by_weight(rng, world.activity[people], n)
    shop = shops[draw_by_weight(rng, world.activity[shops], n)]
    pairs = np.unique(person * world.settings.subjects + shop)
    person, shop = pairs // world.settings.subjects, pairs % world.settings.subjects
    follower = world.face[person]
    return Links.of(LinkKind.FOLLOWS, follower, shop, _met(world, rng, follower, shop))


def _staff(world: Population, rng: np.random.Generator) -> Links:
    """Employ a third of the people, larger shops more of them; some leave before the end."""
    people, shops = world.people(), world.businesses()
    employed = people[(rng.random(len(people)) < 0.33) & ~world.is_thin[people]]
    shop = shops[draw_by_weight(rng, world.activity[shops], len(employed))]
    own = world.holder[shop] == employed
    employed, shop = employed[~own], shop[~own]
    worker, employer = (
        np.concatenate([world.holder[shops], employed]),
        np.concatenate([shops, shop]),
    )
    from_s = np.maximum(world.joined_s[worker], world.joined_s[employer])
    hired = np.arange(len(worker)) >= len(shops)
    from_s = np.where(hired, later(rng, from_s, 0, 50), from_s)
    left_s = later(rng, from_s, 60, 900)
    leaves = hired & (rng.random(len(worker)) < 0.4) & (left_s < world.calendar.end_s)
    to_s = np.where(leaves, left_s, NEVER)
    return Links.of(LinkKind.WORKS_AT, worker, employer, from_s, to_s=to_s)
