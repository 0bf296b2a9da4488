"""Makes the world from its settings: who is there, who is found out, and what they all do."""

from __future__ import annotations

import numpy as np

from graphsvc.model import EventKind
from graphsvc.world.accusations import accusations
from graphsvc.world.casting import populate
from graphsvc.world.columns import EVENT_KINDS, joined
from graphsvc.world.conduct import conduct_events
from graphsvc.world.identifiers import identifier_links
from graphsvc.world.lists import allowlistings, blacklistings, first_listed
from graphsvc.world.names import shop_names
from graphsvc.world.population import Population
from graphsvc.world.records import RecordMaker
from graphsvc.world.rings import ring_links
from graphsvc.world.settings import WorldSettings
from graphsvc.world.social import social_links
from graphsvc.world.trade import outcome_of_orders, place_orders
from graphsvc.world.truth import subject_refs
from graphsvc.world.world import World


def generate(settings: WorldSettings | None = None) -> World:
    """Return the world that these settings give (None: the defaults), the same every time.

    >>> world = generate(WorldSettings(subjects=1_000, seed=7))
    >>> next(world.records()).external_id
    'subject-00000001'
    """
    settings = settings or WorldSettings()
    population = populate(settings)
    blacklisted = blacklistings(population)
    listed_s = first_listed(population, blacklisted)
    orders = place_orders(population, listed_s)
    order_links, order_events = outcome_of_orders(population, orders)
    own_events = conduct_events(population)
    links = joined(
        [
            order_links,
            social_links(population),
            ring_links(population, listed_s),
            identifier_links(population),
        ]
    )
    events = joined([order_events, own_events])
    forfeits = own_events.take(own_events.kind == _FORFEITED)
    reports = accusations(population, orders, forfeits)
    listings = joined([blacklisted, allowlistings(population)])
    end_s = population.calendar.end_s
    links, events = links.take(links.from_s < end_s), events.take(events.at_s < end_s)
    listings = listings.take(listings.from_s < end_s)
    maker = RecordMaker(
        source=settings.source,
        refs=subject_refs(population),
        names=_names(population),
        subject_joined_s=population.joined_s,
        subject_order=np.argsort(population.joined_s, kind="stable"),
        links=links.take(np.argsort(links.from_s, kind="stable")),
        events=events.take(np.argsort(events.at_s, kind="stable")),
        reports=reports.take(np.argsort(reports.at_s, kind="stable")),
        listings=listings.take(np.argsort(listings.from_s, kind="stable")),
    )
    return World(settings, population, maker)


_FORFEITED = EVENT_KINDS.index(EventKind.DEPOSIT_FORFEITED)


def _names(population: Population) -> list[str | None]:
    names: list[str | None] = [None] * population.settings.subjects
    first = population.first.businesses
    names[first : first + population.counts.businesses] = shop_names(population)
    return names
