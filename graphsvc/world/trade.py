"""Orders and what comes of them: payments, completions, refunds, chargebacks, ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphsvc.model import EventKind, LinkKind
from graphsvc.world.columns import NEVER, Bools, Events, Floats, Ints, Links, Table, joined
from graphsvc.world.population import Population
from graphsvc.world.randomness import DAY_S, Segments, draw_by_weight, later, stream
from graphsvc.world.roles import ROLES, Role, Scheme

COMPLETED, SHOP_CANCELLED, BUYER_CANCELLED, NOT_DELIVERED, CARD_STOLEN = range(5)
_OUTCOMES = 5
_RATED_BACK = 0.5
"""How often shops rate, beside how often customers do."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders(Table):
    """Orders in order of time; `outcome` is one of the five above, `amount` in euros."""

    at_s: Ints
    buyer: Ints
    shop: Ints
    amount: Floats
    outcome: Ints


def place_orders(world: Population, listed_s: Ints) -> Orders:
    """Return all orders: customers at shops, and shops at their suppliers, until one is listed."""
    rng = stream(world.settings.seed, "orders")
    orders = joined([_customers(world, rng), _supplies(world, rng)])
    allowed = (orders.buyer != world.holder[orders.shop]) & (orders.buyer != orders.shop)
    allowed &= orders.at_s < np.minimum(listed_s[orders.buyer], listed_s[orders.shop])
    allowed &= orders.at_s < world.calendar.end_s
    orders = orders.take(allowed)
    return orders.take(np.argsort(orders.at_s, kind="stable"))


def outcome_of_orders(world: Population, orders: Orders) -> tuple[Links, Events]:
    """Return the links and events that the orders leave behind."""
    rng = stream(world.settings.seed, "outcomes")
    done = orders.take(orders.outcome == COMPLETED)
    done_s = later(rng, done.at_s, 1, 6)
    broken = orders.take((orders.outcome == SHOP_CANCELLED) | (orders.outcome == BUYER_CANCELLED))
    by_shop = broken.outcome == SHOP_CANCELLED
    broken_s = later(rng, broken.at_s, 0.2, 4)
    clawed = orders.take(orders.outcome >= NOT_DELIVERED)
    guilty = np.where(clawed.outcome == NOT_DELIVERED, clawed.shop, clawed.buyer)
    events = [
        Events.of(EventKind.ORDER_COMPLETED, done.shop, done_s, done.amount),
        Events.of(EventKind.ORDER_COMPLETED, done.buyer, done_s, done.amount),
        Events.of(
            EventKind.ORDER_CANCELLED,
            np.where(by_shop, broken.shop, broken.buyer),
            broken_s,
            broken.amount,
        ),
        Events.of(EventKind.CHARGEBACK, guilty, later(rng, clawed.at_s, 8, 40), clawed.amount),
    ]
    links = [
        Links.of(LinkKind.PAID, orders.buyer, orders.shop, orders.at_s, orders.amount),
        Links.of(
            LinkKind.REFUNDED,
            broken.shop,
            broken.buyer,
            later(rng, broken_s, 0.5, 8),
            broken.amount,
        ),
        _ratings(world, rng, orders),
    ]
    return joined(links), joined(events)


def _customers(world: Population, rng: np.random.Generator) -> Orders:
    """Draw shoppers by activity and shops by popularity, in one's community more often."""
    settings, shops = world.settings, world.businesses()
    n = round(settings.orders_per_person * world.counts.people)
    reporters = np.flatnonzero(world.role == ROLES.index(Role.FALSE_REPORTER))
    shoppers = np.concatenate([world.people(), reporters])
    person = shoppers[draw_by_weight(rng, world.activity[shoppers], n)]
    popularity = world.activity[shops]
    by_community = Segments.of(world.community[shops], popularity, world.communities)
    near = by_community.draw(rng, np.maximum(world.community[person], 0))
    far = draw_by_weight(rng, popularity, n)
    stays = (
        (rng.random(n) < settings.within_community) & (near >= 0) & (world.community[person] >= 0)
    )
    shop = shops[np.where(stays, near, far)]
    buyer = world.face[person]
    ready_s = np.maximum(world.joined_s[buyer], world.joined_s[shop])
    at_s = world.calendar.between(rng, ready_s, world.calendar.end_s)
    amount = np.round(np.exp(rng.normal(3.7, 0.9, n)) + 1.0, 2)
    own = world.holder[shop] == person
    return Orders(at_s, buyer, shop, amount, _outcomes(world, rng, buyer, shop, at_s)).take(~own)


def _supplies(world: Population, rng: np.random.Generator) -> Orders:
    """Have each shop order about monthly from one to three suppliers, popular ones more often."""
    shops = world.businesses()
    suppliers = rng.integers(1, 4, len(shops))
    shop = np.repeat(shops, suppliers)
    supplier = shops[draw_by_weight(rng, world.activity[shops], len(shop))]
    supplier = np.concatenate([supplier, np.full(_dependents(world).size, world.notorious)])
    shop = np.concatenate([shop, _dependents(world)])
    begun_s = np.maximum(world.joined_s[shop], world.joined_s[supplier])
    months = -(-world.settings.days // 30)
    at_s = (begun_s[:, None] + (30 * DAY_S) * np.arange(months)).ravel()
    at_s = at_s + rng.integers(0, 20 * DAY_S, len(at_s))
    buyer, seller = np.repeat(shop, months), np.repeat(supplier, months)
    amount = np.round(np.exp(rng.normal(6.8, 0.7, len(at_s))) + 1.0, 2)
    outcome = _outcomes(world, rng, buyer, seller, at_s)
    kept = at_s < world.calendar.end_s
    return Orders(at_s, buyer, seller, amount, outcome).take(kept)


def _dependents(world: Population) -> Ints:
    """Return honest shops, early and well visited, that buy from the notorious supplier."""
    shops = world.businesses()
    honest = shops[world.turned_s[shops] == NEVER]
    early = honest[np.argsort(world.joined_s[honest], kind="stable")][: max(6, len(honest) // 3)]
    visited: Ints = early[np.argsort(-world.activity[early], kind="stable")]
    return visited[: max(3, len(visited) // 8)]


def _outcomes(
    world: Population, rng: np.random.Generator, buyer: Ints, shop: Ints, at_s: Ints
) -> Ints:
    """Draw what becomes of each order from how trustworthy both sides are at that time."""
    n = len(at_s)
    shop_fails = 1.0 - world.trust_at(shop, at_s)
    buyer_fails = 1.0 - world.trust_at(buyer, at_s)
    cheats = world.follows_scheme(shop, at_s, Scheme.NON_DELIVERY, Scheme.COLLUSION)
    steals = world.follows_scheme(buyer, at_s, Scheme.STOLEN_CARDS)
    chance = np.empty((_OUTCOMES, n))
    chance[SHOP_CANCELLED] = 0.005 + 0.06 * shop_fails
    chance[BUYER_CANCELLED] = 0.005 + 0.05 * buyer_fails
    chance[NOT_DELIVERED] = np.where(cheats, 0.5, 0.001 + 0.02 * shop_fails**2)
    chance[CARD_STOLEN] = np.where(steals, 0.4, 0.0005 + 0.005 * buyer_fails**2)
    chance[COMPLETED] = 0.0
    chance[COMPLETED] = np.maximum(1.0 - chance.sum(axis=0), 0.05)
    edges = np.cumsum(chance, axis=0)
    drawn = rng.random(n) * edges[-1]
    outcome: Ints = (drawn >= edges[:-1]).sum(axis=0).astype(np.int64)
    return outcome


def _ratings(world: Population, rng: np.random.Generator, orders: Orders) -> Links:
    """Have sides rate each other: well by the other's nature, badly if it broke its word."""
    rated = orders.take(rng.random(len(orders)) < world.settings.rating_share)
    back = orders.take(rng.random(len(orders)) < _RATED_BACK * world.settings.rating_share)
    let_down = np.isin(rated.outcome, (NOT_DELIVERED, SHOP_CANCELLED))
    cheated = np.isin(back.outcome, (CARD_STOLEN, BUYER_CANCELLED))
    return joined(
        [
            _rating(world, rng, rated.buyer, rated.shop, rated.at_s, let_down),
            _rating(world, rng, back.shop, back.buyer, back.at_s, cheated),
        ]
    )


def _rating(
    world: Population, rng: np.random.Generator, rater: Ints, rated: Ints, at_s: Ints, broken: Bools
) -> Links:
    n = len(rater)
    well = 3.0 + 7.0 * world.trust_at(rated, at_s) + rng.normal(0.0, 1.5, n)
    score = np.where(broken, rng.uniform(-10.0, -4.0, n), np.clip(well, 1.0, 10.0))
    return Links.of(LinkKind.RATES, rater, rated, later(rng, at_s, 2, 20), np.round(score))
