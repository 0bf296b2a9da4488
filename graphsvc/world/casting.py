"""Makes the population, step by step: homes, groups, turning points, owners, accounts, rings."""

from __future__ import annotations

import numpy as np

from graphsvc.model import SubjectKind
from graphsvc.world.columns import NEVER, NOBODY, Ints
from graphsvc.world.population import (
    SUBJECT_KINDS,
    Counts,
    Group,
    Population,
    homes_of,
    who_stay_honest,
)
from graphsvc.world.randomness import DAY_S, Calendar, heavy_tailed, later, stream
from graphsvc.world.roles import (
    AGE_BANDS,
    AGE_SHARES,
    NO_SCHEME,
    REGIONS,
    ROLES,
    SCHEMES,
    Role,
    Scheme,
)
from graphsvc.world.settings import WorldSettings

LAST_JOINING_DAYS = 60
"""Nobody joins later than so many days before the end."""


def populate(settings: WorldSettings) -> Population:
    """Return the subjects of the world; groups, schemes and turning points included."""
    world = _blank(settings)
    _settle(world, stream(settings.seed, "settle"))
    _join(world, stream(settings.seed, "join"))
    _form_colluding_groups(world, stream(settings.seed, "colluders"))
    _turn_loners(world, stream(settings.seed, "fraudsters"))
    _give_shops_owners(world, stream(settings.seed, "owners"))
    fakes, reporters = _give_accounts_holders(world, stream(settings.seed, "holders"))
    _form_account_rings(world, fakes, reporters, stream(settings.seed, "rings"))
    _mark_thin_files(world, stream(settings.seed, "thin"))
    return world


def _blank(settings: WorldSettings) -> Population:
    counts = Counts.of(settings)
    n = settings.subjects
    rng = stream(settings.seed, "nature")
    kind = np.repeat(np.arange(len(counts)), counts)
    activity = np.exp(rng.normal(0.0, 0.9, n))
    first = counts.first()
    shops = slice(first.businesses, first.accounts)
    activity[shops] = heavy_tailed(rng, counts.businesses, settings.degree_exponent - 0.4)
    people_or_shop = kind < SUBJECT_KINDS.index(SubjectKind.DEVICE)
    return Population(
        settings=settings,
        counts=counts,
        first=first,
        calendar=Calendar.of(settings),
        kind=kind,
        joined_s=np.full(n, NEVER, np.int64),
        community=np.full(n, -1, np.int64),
        region=np.full(n, -1, np.int64),
        age_band=np.full(n, -1, np.int64),
        trustworthiness=np.where(people_or_shop, rng.beta(7.0, 1.6, n), np.nan),
        once_bad=np.where(people_or_shop, rng.beta(1.5, 9.0, n), np.nan),
        role=np.where(people_or_shop, ROLES.index(Role.HONEST), ROLES.index(Role.IDENTIFIER)),
        scheme=np.full(n, NO_SCHEME, np.int64),
        group=np.full(n, -1, np.int64),
        turned_s=np.full(n, NEVER, np.int64),
        is_thin=np.zeros(n, np.bool_),
        activity=activity,
        holder=np.full(n, NOBODY, np.int64),
        home=np.full(n, NOBODY, np.int64),
        face=np.arange(n),
        communities=max(4, round(counts.people / settings.people_per_community)),
        groups=[],
        notorious=NOBODY,
    )


def _settle(world: Population, rng: np.random.Generator) -> None:
    """Give every home a community by its size, and every home at least one person."""
    homes, people = homes_of(world), world.people()
    size = heavy_tailed(rng, world.communities, 2.2)
    region_of = rng.integers(0, len(REGIONS), world.communities)
    community = rng.choice(world.communities, len(homes), p=size / size.sum())
    dwellers = rng.permutation(people)
    alone, others = dwellers[: len(homes)], dwellers[len(homes) :]
    world.home[alone] = homes[: len(alone)]
    world.home[others] = rng.choice(homes, len(others))
    world.community[homes] = community
    world.community[people] = world.community[world.home[people]]
    world.region[homes] = region_of[community]
    world.region[people] = region_of[world.community[people]]
    world.age_band[people] = rng.choice(len(AGE_BANDS), len(people), p=AGE_SHARES)


def _join(world: Population, rng: np.random.Generator) -> None:
    calendar = world.calendar
    joiners = np.arange(world.first.accounts)
    start = np.full(len(joiners), calendar.start_s)
    last = calendar.end_s - LAST_JOINING_DAYS * DAY_S
    early = rng.random(len(joiners)) < world.settings.early_share
    # Shops are there before their customers, mostly.
    early |= (joiners >= world.first.businesses) & (rng.random(len(joiners)) < 0.6)
    world.joined_s[joiners] = np.where(
        early, later(rng, start, 0, 30), calendar.between(rng, start, last)
    )


def _turning_point(world: Population, rng: np.random.Generator, ready_s: Ints) -> Ints:
    """Return a time after some months of good conduct, with time left for what follows."""
    left = world.calendar.end_s - ready_s
    return ready_s + (left * rng.uniform(0.25, 0.75, len(ready_s))).astype(np.int64)


def _form_colluding_groups(world: Population, rng: np.random.Generator) -> None:
    """Take neighbours of one community for each group, and one or two shops."""
    settings = world.settings
    total = round(settings.colluder_share * world.counts.people)
    if total == 0:
        return
    groups = max(1, round(total / settings.colluding_group_size))
    people = world.people()
    by_community = people[np.lexsort((rng.random(len(people)), world.community[people]))]
    # Shops that are left over stay honest, or turn bad by themselves.
    shops = rng.permutation(world.businesses())[: world.counts.businesses // 3]
    taken = 0
    for number, block in enumerate(np.array_split(by_community, groups)):
        size = int(np.clip(rng.poisson(settings.colluding_group_size - 3) + 3, 3, len(block)))
        start = int(rng.integers(0, len(block) - size + 1))
        wanted = int(rng.integers(1, 3))
        own_shops = shops[taken : taken + wanted]
        taken += wanted
        gang = block[start : start + size]
        members = np.concatenate([gang, own_shops])
        # The shops were founded for it: they joined soon after their people.
        world.joined_s[own_shops] = world.joined_s[gang].min() + 10 * DAY_S
        turns = int(_turning_point(world, rng, world.joined_s[members].max(keepdims=True))[0])
        world.holder[own_shops] = gang[: len(own_shops)]
        world.community[own_shops] = world.community[gang[0]]
        world.region[own_shops] = world.region[gang[0]]
        group = Group(f"collusion-{number + 1:04d}", Role.COLLUDER, members, own_shops, turns)
        _enlist(world, group, Scheme.COLLUSION)
        world.turned_s[members] = turns + rng.integers(0, 7 * DAY_S, len(members))


def _enlist(world: Population, group: Group, scheme: Scheme) -> None:
    world.role[group.members] = ROLES.index(group.role)
    world.scheme[group.members] = SCHEMES.index(scheme)
    world.group[group.members] = len(world.groups)
    world.groups.append(group)


def _turn_loners(world: Population, rng: np.random.Generator) -> None:
    settings = world.settings
    people = rng.permutation(who_stay_honest(world, world.people()))
    people = people[: round(settings.lone_fraudster_share * world.counts.people)]
    schemes = np.array(
        [SCHEMES.index(item) for item in (Scheme.STOLEN_CARDS, Scheme.HIRED_GOODS, Scheme.BUST_OUT)]
    )
    world.scheme[people] = rng.choice(schemes, len(people), p=(0.4, 0.3, 0.3))
    shops = rng.permutation(who_stay_honest(world, world.businesses()))
    shops = shops[: max(1, round(settings.fraudulent_shop_share * world.counts.businesses))]
    world.scheme[shops] = SCHEMES.index(Scheme.NON_DELIVERY)
    bad = np.concatenate([people, shops])
    world.role[bad] = ROLES.index(Role.FRAUDSTER)
    world.turned_s[bad] = _turning_point(world, rng, world.joined_s[bad])
    world.notorious = int(shops[0])
    start_s, end_s = world.calendar.start_s, world.calendar.end_s
    world.joined_s[world.notorious] = start_s + 5 * DAY_S
    world.turned_s[world.notorious] = start_s + int(0.55 * (end_s - start_s))


def _give_shops_owners(world: Population, rng: np.random.Generator) -> None:
    """Give each shop without one an owner; a dishonest shop's owner is as dishonest."""
    shops = world.businesses()
    shops = shops[world.holder[shops] == NOBODY]
    owners = rng.permutation(who_stay_honest(world, world.people()))[: len(shops)]
    world.holder[shops] = owners
    world.community[shops] = world.community[owners]
    world.region[shops] = world.region[owners]
    world.joined_s[owners] = np.minimum(world.joined_s[owners], world.joined_s[shops])
    bad = world.turned_s[shops] != NEVER
    for column in (world.role, world.scheme, world.turned_s):
        column[owners[bad]] = column[shops[bad]]


def _give_accounts_holders(world: Population, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Give most accounts a person, whose nature they share; return the fakes and false reporters.

    Accounts too few for a ring of three have a holder like all others.
    """
    settings, accounts = world.settings, rng.permutation(world.accounts())
    shares = settings.fake_account_share, settings.false_reporter_share
    sizes = [round(share * len(accounts)) for share in shares]
    fakes, reporters, held = np.split(accounts, np.cumsum([n if n >= 3 else 0 for n in sizes]))
    holders = np.resize(rng.permutation(world.people()), len(held))
    world.holder[held] = holders
    world.face[holders] = held
    for column in (
        world.community,
        world.region,
        world.trustworthiness,
        world.once_bad,
        world.role,
        world.scheme,
        world.group,
    ):
        column[held] = column[holders]
    last = world.calendar.end_s - LAST_JOINING_DAYS * DAY_S
    joined_s = later(rng, world.joined_s[holders], 0, 30)
    world.joined_s[held] = np.maximum(np.minimum(joined_s, last), world.joined_s[holders])
    turned_s = world.turned_s[holders]
    world.turned_s[held] = np.where(
        turned_s == NEVER, NEVER, np.maximum(turned_s, world.joined_s[held])
    )
    return fakes, reporters


def _form_account_rings(
    world: Population, fakes: Ints, reporters: Ints, rng: np.random.Generator
) -> None:
    settings = world.settings
    dishonest = world.businesses()[world.turned_s[world.businesses()] != NEVER]
    honest = who_stay_honest(world, world.businesses())
    popular = honest[np.argsort(-world.activity[honest], kind="stable")][: len(honest) // 2 + 1]
    for number, members in enumerate(_rings(rng, fakes, settings.fake_ring_size)):
        begun = _some_time(world, rng)
        world.joined_s[members] = begun + rng.integers(0, 14 * DAY_S, len(members))
        target = int(rng.choice(dishonest))
        name = f"fakes-{number + 1:04d}"
        group = Group(name, Role.FAKE, members, members[:0], begun, target)
        _enlist(world, group, Scheme.FAKE_ACCOUNTS)
        world.turned_s[members] = world.joined_s[members]
    rings = _rings(rng, reporters, settings.false_reporter_ring_size)
    for number, members in enumerate(rings):
        begun = _some_time(world, rng)
        world.joined_s[members] = begun - rng.integers(1, 30 * DAY_S, len(members))
        name = f"reporters-{number + 1:04d}"
        target = int(rng.choice(popular))
        begun = max(begun, int(world.joined_s[target]) + DAY_S)
        group = Group(name, Role.FALSE_REPORTER, members, members[:0], begun, target)
        _enlist(world, group, Scheme.FALSE_REPORTS)
        world.turned_s[members] = begun + rng.integers(0, 14 * DAY_S, len(members))


def _some_time(world: Population, rng: np.random.Generator) -> int:
    """Return a time that leaves room for what comes before and after."""
    calendar = world.calendar
    return int(calendar.start_s + rng.uniform(0.2, 0.8) * (calendar.end_s - calendar.start_s))


def _rings(rng: np.random.Generator, accounts: Ints, mean_size: float) -> list[Ints]:
    """Cut the accounts into rings of uneven size, each of three at least."""
    if not len(accounts):
        return []
    rings = max(1, round(len(accounts) / mean_size))
    share = rng.lognormal(0.0, 0.5, rings)
    spare = len(accounts) - 3 * rings
    cuts = 3 * np.arange(1, rings) + np.floor(spare * np.cumsum(share)[:-1] / share.sum())
    return np.split(accounts, cuts.astype(np.int64))


def _mark_thin_files(world: Population, rng: np.random.Generator) -> None:
    owners = world.holder[world.businesses()]
    eligible = np.setdiff1d(who_stay_honest(world, world.people()), owners)
    thin = rng.permutation(eligible)[: round(world.settings.thin_file_share * world.counts.people)]
    world.is_thin[thin] = True
    held = world.accounts()[world.holder[world.accounts()] != NOBODY]
    world.is_thin[held] = world.is_thin[world.holder[held]]
    world.activity[thin] = 0.02
