"""Every world has the case that the terminal story tells."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from graphsvc.model import Event, EventKind, Link, LinkKind, Listing, ListKind, Record
from graphsvc.world import Role, World, WorldSettings, generate, story_shop
from tests.world.reading import of_type


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), detection=st.floats(0, 1), shops=st.floats(0.02, 0.1))
def test_every_world_has_an_honest_shop_with_a_listed_supplier(
    seed: int, detection: float, shops: float
) -> None:
    world = generate(
        WorldSettings(subjects=1_000, seed=seed, detection=detection, business_share=shops)
    )
    story = story_shop(world)
    truth = {one.subject: one for one in world.truth()}
    assert truth[story.shop].role is Role.HONEST
    assert truth[story.supplier].is_bad_at(story.before)
    assert world.settings.start < story.before < story.moment < world.settings.end
    check_what_the_story_says_against(list(world.records()), world)


def test_the_story_of_a_larger_world_has_a_busy_shop(world: World, records: list[Record]) -> None:
    check_what_the_story_says_against(records, world)
    assert story_shop(world).orders >= 50


def check_what_the_story_says_against(records: list[Record], world: World) -> None:
    story = story_shop(world)
    listing = next(
        item for item in of_type(records, Listing) if item.external_id == story.listing_id
    )
    assert listing.subject == story.supplier
    assert listing.list_name == "marketplace-fraud"
    assert story.before < listing.effective_from <= story.moment < listing.until
    payments = [
        link
        for link in of_type(records, Link)
        if (link.kind, link.src, link.dst) == (LinkKind.PAID, story.shop, story.supplier)
        and link.valid_from
        and link.valid_from < listing.effective_from
    ]
    assert len(payments) == story.payments > 0
    orders = [
        event
        for event in of_type(records, Event)
        if (event.kind, event.subject) == (EventKind.ORDER_COMPLETED, story.shop)
        and event.occurred_at < listing.effective_from
    ]
    assert len(orders) == story.orders > 0
    assert not any(
        item.subject == story.shop and item.list_kind is ListKind.BLACKLIST
        for item in of_type(records, Listing)
        if item.effective_from <= story.moment
    )
    names = {
        getattr(record, "subject", None): record.display_name
        for record in records
        if hasattr(record, "display_name")
    }
    assert (story.shop_name, story.supplier_name) == (names[story.shop], names[story.supplier])
