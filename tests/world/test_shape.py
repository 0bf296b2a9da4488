"""The graph looks like one of people: heavy tails, communities, reciprocity, seasons, sharing."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from graphsvc.model import Link, LinkKind, Record, SubjectKind
from graphsvc.world import Role, SubjectTruth, World
from tests.world.reading import of_type

Truths = dict[str, SubjectTruth]


@pytest.fixture(scope="module")
def links(records: list[Record]) -> list[Link]:
    return of_type(records, Link)


@pytest.mark.parametrize(
    ("link_kind", "subject_kind"),
    [(LinkKind.KNOWS, SubjectKind.PERSON), (LinkKind.PAID, SubjectKind.BUSINESS)],
)
def test_degrees_have_a_heavier_tail_than_chance_would_give(
    world: World, links: list[Link], link_kind: LinkKind, subject_kind: SubjectKind
) -> None:
    met = Counter(
        str(end) for link in links if link.kind is link_kind for end in (link.src, link.dst)
    )
    subjects = [str(one.subject) for one in world.truth() if one.subject.kind == subject_kind]
    degree = np.array([met[who] for who in subjects])
    mean = degree.mean()
    # Poisson: variance = mean, and nobody among thousands is ten standard deviations out.
    assert degree.var() > 4 * mean
    assert degree.max() > mean + 10 * np.sqrt(mean)


def test_acquaintances_are_of_one_community_more_often_than_not(
    world: World, links: list[Link]
) -> None:
    number = {ref: place for place, ref in enumerate(world.maker.refs)}
    community = world.population.community
    knows = [link for link in links if link.kind is LinkKind.KNOWS]
    within = [community[number[link.src]] == community[number[link.dst]] for link in knows]
    assert np.mean(within) > 0.5


def test_acquaintances_are_returned_at_about_the_stated_rate(
    world: World, links: list[Link]
) -> None:
    knows = {(link.src, link.dst) for link in links if link.kind is LinkKind.KNOWS}
    returned = {pair for pair in knows if (pair[1], pair[0]) in knows}
    pairs = len(knows) - len(returned) / 2
    assert abs(len(returned) / 2 / pairs - world.settings.reciprocity) < 0.08


def test_devices_are_shared_in_households_and_rings_and_nowhere_else(
    world: World, links: list[Link], truth: Truths
) -> None:
    home = {link.src: link.dst for link in links if link.kind is LinkKind.USES_ADDRESS}
    users = defaultdict(set)
    for link in links:
        if link.kind is LinkKind.USES_DEVICE:
            users[link.dst].add(link.src)
    in_rings, in_homes = [], []
    for sharing in users.values():
        ones = [truth[str(user)] for user in sharing]
        if {one.role for one in ones} <= {Role.FAKE, Role.FALSE_REPORTER}:
            assert len({one.group for one in ones}) == 1
            in_rings.append(len(ones))
        elif len({one.group for one in ones} - {None}) == 0:
            holders = {one.holder or one.subject for one in ones}
            assert len({home[holder] for holder in holders}) == 1
            in_homes.append(len(holders))
    assert len(users) == world.population.counts.devices
    assert np.mean(in_rings) > 3
    assert 1.2 < np.mean(in_homes) < 4


def test_there_is_more_trade_before_christmas_and_more_from_year_to_year(
    links: list[Link],
) -> None:
    months = Counter(
        f"{link.valid_from:%Y-%m}"
        for link in links
        if link.kind is LinkKind.PAID
        and link.valid_from
        and link.dst.kind == SubjectKind.BUSINESS
        and link.src.kind != SubjectKind.BUSINESS
    )
    assert months["2024-12"] > 1.2 * months["2024-10"]
    assert months["2025-12"] > 1.2 * months["2025-10"]
    assert months["2025-06"] > months["2024-06"]


def test_there_is_less_trade_at_night(links: list[Link]) -> None:
    hours = Counter(
        link.valid_from.hour
        for link in links
        if link.kind is LinkKind.PAID
        and link.valid_from
        and link.dst.kind == SubjectKind.BUSINESS
        and link.src.kind != SubjectKind.BUSINESS
    )
    assert hours[3] < hours[18] / 3


def test_records_come_in_order_of_their_ids_within_a_type(records: list[Record]) -> None:
    ids: dict[str, list[str]] = defaultdict(list)
    for record in records:
        ids[record.record_type].append(record.external_id)
    for of_one_type in ids.values():
        assert all(one < other for one, other in pairwise(of_one_type))
