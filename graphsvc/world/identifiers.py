"""Devices and addresses, and who uses them: shared in households, and in rings."""

from __future__ import annotations

import numpy as np

from graphsvc.model import LinkKind
from graphsvc.world.columns import NOBODY, Ints, Links, joined
from graphsvc.world.population import Population, homes_of
from graphsvc.world.randomness import stream
from graphsvc.world.roles import Role

_ACCOUNTS_PER_RING_DEVICE = 5


def identifier_links(world: Population) -> Links:
    """Return who uses which device and address, each from the day of joining.

    Every device and address gets a user. A ring of accounts shares few devices; a colluding group
    has one in common beside its members' own.
    """
    rng = stream(world.settings.seed, "identifiers")
    devices = rng.permutation(
        np.arange(world.first.devices, world.first.devices + world.counts.devices)
    )
    ring_users, ring_devices, used = _ring_devices(world, rng, devices)
    own_users, own_devices = _household_devices(world, rng, devices[used:])
    users = np.concatenate([ring_users, own_users])
    user, address = _addresses(world, rng)
    links = joined(
        [
            Links.of(
                LinkKind.USES_DEVICE,
                users,
                np.concatenate([ring_devices, own_devices]),
                world.joined_s[users],
            ),
            Links.of(LinkKind.USES_ADDRESS, user, address, world.joined_s[user]),
        ]
    )
    np.minimum.at(world.joined_s, links.dst, links.from_s)
    return links


def _ring_devices(
    world: Population, rng: np.random.Generator, devices: Ints
) -> tuple[Ints, Ints, int]:
    users, shared, used = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for group in world.groups:
        actors = world.face[group.members]
        colludes = group.role is Role.COLLUDER
        own = 1 if colludes else -(-len(actors) // _ACCOUNTS_PER_RING_DEVICE)
        pool = devices[used : used + own]
        used += own
        users.append(actors)
        shared.append(pool[rng.permutation(np.arange(len(actors)) % len(pool))])
    return np.concatenate(users), np.concatenate(shared), used


def _household_devices(
    world: Population, rng: np.random.Generator, devices: Ints
) -> tuple[Ints, Ints]:
    """Give each household one device, and each further device to somebody for himself."""
    homes, people = homes_of(world), world.people()
    shared_at = _lookup(homes, devices[: len(homes)], world.settings.subjects)
    extra = devices[len(homes) :]
    owner = rng.permutation(people)[: len(extra)]
    own = np.full(len(people), NOBODY, np.int64)
    own[owner] = extra[: len(owner)]
    shared = shared_at[world.home[people]]
    first_at_home = np.zeros(len(people), np.bool_)
    first_at_home[np.unique(world.home[people], return_index=True)[1]] = True
    shares = (own == NOBODY) | first_at_home | (rng.random(len(people)) < 0.3)
    person = np.concatenate([people[shares], owner])
    device = np.concatenate([shared[shares], own[owner]])
    # What a person uses, the account and the shop that the person runs use too, mostly.
    usual = np.where(own == NOBODY, shared, own)
    run = np.concatenate([world.accounts(), world.businesses()])
    run = run[world.holder[run] != NOBODY]
    run = run[rng.random(len(run)) < 0.8]
    return np.concatenate([person, run]), np.concatenate([device, usual[world.holder[run]]])


def _lookup(keys: Ints, values: Ints, size: int) -> Ints:
    """Return an array that leads from each key to its value."""
    table = np.full(size, NOBODY, np.int64)
    table[keys] = values
    return table


def _addresses(world: Population, rng: np.random.Generator) -> tuple[Ints, Ints]:
    people, shops = world.people(), world.businesses()
    premises = np.arange(world.first.addresses, homes_of(world)[0])
    places = rng.permutation(shops)
    rented = min(len(shops), max(len(premises), round(0.6 * len(shops))))
    at_premises, at_home = places[:rented], places[rented:]
    held = world.accounts()[world.holder[world.accounts()] != NOBODY]
    held = held[rng.random(len(held)) < 0.6]
    user = np.concatenate([people, at_premises, at_home, held])
    address = np.concatenate(
        [
            world.home[people],
            np.resize(premises, rented),
            world.home[world.holder[at_home]],
            world.home[world.holder[held]],
        ]
    )
    rented_region = world.region[at_premises[: len(premises)]]
    world.region[premises[: len(rented_region)]] = rented_region
    return user, address
