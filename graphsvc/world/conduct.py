"""What people do by themselves: open accounts, prove who they are, pay bills, hire, save."""

from __future__ import annotations

import numpy as np

from graphsvc.model import EventKind
from graphsvc.world.columns import NOBODY, Bools, Events, Floats, Ints, joined
from graphsvc.world.population import Population
from graphsvc.world.randomness import DAY_S, later, stream
from graphsvc.world.roles import Scheme

_MONTH_DAYS = 30


def conduct_events(world: Population) -> Events:
    """Return the events that need no other subject, until the end."""
    parts = [
        _openings(world),
        _identity(world, stream(world.settings.seed, "identity")),
        *_bills(world, stream(world.settings.seed, "bills")),
        *_hires(world, stream(world.settings.seed, "hires")),
        _savings(world, stream(world.settings.seed, "savings")),
    ]
    return joined(parts)


def _openings(world: Population) -> Events:
    """Open the relationship with accounts and shops, and with people who hold no account."""
    members = world.members()
    opened = members[world.face[members] == members]
    return Events.of(EventKind.ACCOUNT_OPENED, opened, world.joined_s[opened])


def _identity(world: Population, rng: np.random.Generator) -> Events:
    members = world.members()
    chance = 0.3 + 0.4 * world.trustworthiness[members]
    chance = np.where(members >= world.first.accounts, 0.35, chance)
    unheld = (members >= world.first.accounts) & (world.holder[members] == NOBODY)
    chance = np.where(unheld, 0.04, chance)
    proved = members[rng.random(len(members)) < chance]
    at_s = later(rng, world.joined_s[proved], 0, 40)
    return Events.of(EventKind.IDENTITY_VERIFIED, proved, at_s)


def _regular(
    world: Population, rng: np.random.Generator, people: Ints, every_days: int
) -> tuple[Ints, Ints]:
    """Return each person once in every period after joining, a few days apart from the even."""
    periods = world.settings.days // every_days
    first_s = world.joined_s[people] + rng.integers(0, every_days * DAY_S, len(people))
    at_s = (first_s[:, None] + every_days * DAY_S * np.arange(periods)).ravel()
    person = np.repeat(people, periods)
    at_s = at_s + rng.integers(0, 4 * DAY_S, len(at_s))
    kept = at_s < world.calendar.end_s
    return person[kept], at_s[kept]


def _bills(world: Population, rng: np.random.Generator) -> list[Events]:
    """Have most people pay monthly bills, the careless late; thin files pay one or two, if any."""
    people = world.people()
    has_bills = people[(rng.random(len(people)) < 0.55) & ~world.is_thin[people]]
    person, due_s = _regular(world, rng, has_bills, _MONTH_DAYS)
    thin = people[world.is_thin[people] & (rng.random(len(people)) < 0.2)]
    thin_due_s = later(rng, world.joined_s[thin], 5, 55)
    person, due_s = np.concatenate([person, thin]), np.concatenate([due_s, thin_due_s])
    fails = 1.0 - world.trust_at(person, due_s)
    busts = world.follows_scheme(person, due_s, Scheme.BUST_OUT)
    drawn = rng.random(len(person))
    defaults = drawn < np.where(busts, 0.5, 0.02 * fails**2)
    is_late = ~defaults & (drawn < 0.01 + 0.35 * fails)
    paid = ~defaults & ~is_late
    days_late = 1.0 + rng.geometric(0.12, len(person))
    amount = np.round(np.exp(rng.normal(4.3, 0.6, len(person))) + 1.0, 2)
    late_s = due_s + (days_late * DAY_S).astype(np.int64)
    return [
        Events.of(EventKind.BILL_PAID, person[paid], due_s[paid], amount[paid]),
        Events.of(EventKind.LATE_PAYMENT, person[is_late], late_s[is_late], days_late[is_late]),
        Events.of(
            EventKind.DEFAULT,
            person[defaults],
            due_s[defaults] + 30 * DAY_S,
            amount[defaults] * np.where(busts[defaults], 20.0, 1.0).round(2),
        ),
    ]


def _hires(world: Population, rng: np.random.Generator) -> list[Events]:
    """Have some people hire goods against a deposit, which most give back."""
    people = world.people()
    keen = np.where(world.is_thin[people], 0.0, rng.gamma(0.4, 2.2, len(people)))
    keeps = world.follows_scheme(people, np.full(len(people), world.calendar.end_s), *_HIRING)
    hires = rng.poisson(np.where(keeps, keen + 6.0, keen))
    person = np.repeat(people, hires)
    back_s = world.calendar.between(rng, world.joined_s[person] + DAY_S, world.calendar.end_s)
    lost = _keeps_goods(world, rng, person, back_s)
    deposit = 10.0 * rng.integers(2, 31, len(person))
    return [
        Events.of(EventKind.DEPOSIT_RETURNED, person[~lost], back_s[~lost], deposit[~lost]),
        Events.of(EventKind.DEPOSIT_FORFEITED, person[lost], back_s[lost], deposit[lost]),
    ]


_HIRING = (Scheme.HIRED_GOODS,)


def _keeps_goods(world: Population, rng: np.random.Generator, person: Ints, back_s: Ints) -> Bools:
    fails: Floats = 1.0 - world.trust_at(person, back_s)
    keeps = world.follows_scheme(person, back_s, *_HIRING)
    return rng.random(len(person)) < np.where(keeps, 0.6, 0.003 + 0.08 * fails**2)


def _savings(world: Population, rng: np.random.Generator) -> Events:
    people = world.people()
    savers = people[(rng.random(len(people)) < 0.22) & ~world.is_thin[people]]
    person, at_s = _regular(world, rng, savers, 91)
    level = rng.normal(6.0, 1.0, len(people)) + 2.0 * world.trustworthiness[people]
    balance = np.exp(level[person] + rng.normal(0.0, 0.15, len(person)))
    balance *= np.where(world.follows_scheme(person, at_s, Scheme.BUST_OUT), 0.02, 1.0)
    return Events.of(EventKind.SAVINGS_BALANCE, person, at_s, np.round(balance, 2))
