"""Picks, from any world, the case that the terminal story tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graphsvc.model import EventKind, LinkKind, ListKind, RecordType, SubjectRef
from graphsvc.world.columns import EVENT_KINDS, LINK_KINDS, NEVER, Bools, Floats, Ints
from graphsvc.world.lists import LISTS
from graphsvc.world.population import Population
from graphsvc.world.records import external_id
from graphsvc.world.truth import utc
from graphsvc.world.world import World

LIST_NAME = "marketplace-fraud"
_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Story:
    """An honest shop that buys from a supplier, which is blacklisted.

    Attributes:
        shop: the shop; it never turns bad and is on no blacklist at `moment`.
        shop_name: its name.
        supplier: whom it pays; dishonest, and listed for it.
        supplier_name: its name.
        listing_id: external id of the supplier's listing.
        before: a day before the listing takes effect.
        moment: a day after, when the listing is in force.
        orders: how many orders the shop had completed by `before`.
        payments: how many times it had paid the supplier by then.
    """

    shop: SubjectRef
    shop_name: str
    supplier: SubjectRef
    supplier_name: str
    listing_id: str
    before: datetime
    moment: datetime
    orders: int
    payments: int


def story_shop(world: World) -> Story:
    """Return the shop on which its supplier's listing weighs most, of the busy and unblemished.

    Every world has one: a popular supplier turns bad half-way and is found out. Weight is the
    supplier's share in the logarithms of all payments that the shop made or got by then.
    """
    population, links = world.population, world.maker.links
    supplier = population.notorious
    listing = _listing_of(world, supplier)
    listed_s = int(world.maker.listings.from_s[listing])
    is_paid = (links.kind == LINK_KINDS.index(LinkKind.PAID)) & (links.from_s < listed_s)
    paid = links.take(is_paid)
    n = population.settings.subjects
    size = np.log1p(paid.weight)
    turnover = _sum(paid.src, size, n) + _sum(paid.dst, size, n)
    to_supplier = paid.dst == supplier
    supplied = _sum(paid.src[to_supplier], size[to_supplier], n)
    orders = _completed_orders(world, listed_s)
    eligible = _eligible(world, listed_s) & (supplied > 0)
    customers = np.flatnonzero(eligible)
    # The busier half of its customers: a story needs a shop with a record of its own.
    busy = customers[orders[customers] >= np.median(orders[customers])]
    # An unblemished record keeps other reasons out of the story.
    blemishes = _blemishes(world, listed_s)[busy]
    clean = busy[blemishes == blemishes.min()]
    shop = int(clean[np.argmax(supplied[clean] / turnover[clean])])
    effective_from = utc(listed_s)
    return Story(
        shop=world.maker.refs[shop],
        shop_name=_name(world, shop),
        supplier=world.maker.refs[supplier],
        supplier_name=_name(world, supplier),
        listing_id=external_id(RecordType.LISTING, listing),
        before=effective_from - _WAIT,
        moment=effective_from + _WAIT,
        orders=int(orders[shop]),
        payments=int((to_supplier & (paid.src == shop)).sum()),
    )


def _sum(subject: Ints, size: Floats, n: int) -> Floats:
    return np.bincount(subject, weights=size, minlength=n).astype(np.float64)


def _name(world: World, number: int) -> str:
    return world.maker.names[number] or world.maker.refs[number].key


def _listing_of(world: World, supplier: int) -> int:
    listings = world.maker.listings
    name = next(place for place, item in enumerate(LISTS) if item.name == LIST_NAME)
    found = np.flatnonzero((listings.subject == supplier) & (listings.list == name))
    return int(found[0])


def _completed_orders(world: World, before_s: int) -> Ints:
    events = world.maker.events
    completed = events.kind == EVENT_KINDS.index(EventKind.ORDER_COMPLETED)
    completed &= events.at_s < before_s
    return np.bincount(events.subject[completed], minlength=world.settings.subjects)


def _blemishes(world: World, before_s: int) -> Ints:
    events, reports = world.maker.events, world.maker.reports
    clawed = events.kind == EVENT_KINDS.index(EventKind.CHARGEBACK)
    clawed &= events.at_s < before_s
    subjects = [events.subject[clawed], reports.subject[reports.at_s < before_s]]
    return np.bincount(np.concatenate(subjects), minlength=world.settings.subjects)


def _eligible(world: World, listed_s: int) -> Bools:
    """Say which subjects are businesses that stay honest and are not blacklisted then."""
    population: Population = world.population
    listings = world.maker.listings
    eligible = np.zeros(population.settings.subjects, np.bool_)
    eligible[population.businesses()] = True
    eligible &= population.turned_s == NEVER
    black = [place for place, item in enumerate(LISTS) if item.kind is ListKind.BLACKLIST]
    eligible[listings.subject[np.isin(listings.list, black) & (listings.from_s <= listed_s)]] = (
        False
    )
    return eligible
