"""Who is there: subjects by kind, households, communities, who owns what, who is of what nature.

Subjects are numbered by kind: people, businesses, accounts, devices, addresses. Within a kind, the
number says nothing of the role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from graphsvc.model import SubjectKind
from graphsvc.world.columns import NEVER, NOBODY, Bools, Floats, Ints
from graphsvc.world.randomness import Calendar, Segments
from graphsvc.world.roles import SCHEMES, Role, Scheme
from graphsvc.world.settings import WorldSettings


class Counts(NamedTuple):
    """How many subjects there are of each kind, in the order of their numbers."""

    people: int
    businesses: int
    accounts: int
    devices: int
    addresses: int

    @classmethod
    def of(cls, settings: WorldSettings) -> Counts:
        """Return counts that add up to exactly the number of subjects asked for."""
        n = settings.subjects
        shares = (
            settings.business_share,
            settings.account_share,
            settings.device_share,
            settings.address_share,
        )
        others = [round(share * n) for share in shares]
        return cls(n - sum(others), *others)

    def first(self) -> Counts:
        """Return the number of the first subject of each kind."""
        return Counts(*np.concatenate([[0], np.cumsum(self)[:-1]]).tolist())


SUBJECT_KINDS = (
    SubjectKind.PERSON,
    SubjectKind.BUSINESS,
    SubjectKind.ACCOUNT,
    SubjectKind.DEVICE,
    SubjectKind.ADDRESS,
)


@dataclass(frozen=True, slots=True)
class Group:
    """A group that acts together; `members` are subjects, `shops` those of them that trade.

    `target` is the shop that a ring of fakes props up, or that false reporters report.
    """

    name: str
    role: Role
    members: Ints
    shops: Ints
    turns_s: int
    target: int = NOBODY


@dataclass(slots=True, eq=False)
class Population:
    """All subjects, one place of every array for each; filled step by step, then only read.

    Attributes:
        kind: place in SUBJECT_KINDS.
        joined_s: when a member joined; for devices and addresses when it was first used.
        community: place of the community, −1 for what has none.
        region: place in REGIONS; devices and addresses too, by where they are, −1 if nowhere.
        age_band: place in AGE_BANDS for people, else −1.
        trustworthiness: 0 to 1, drives behaviour as long as the subject is not bad.
        once_bad: 0 to 1, drives it afterwards.
        role, scheme, group: places in ROLES, SCHEMES (or NO_SCHEME) and `groups` (or −1).
        turned_s: time of the first misdeed, NEVER for who stays honest.
        is_thin: leaves hardly any record.
        activity: relative number of orders (people) or popularity (businesses).
        holder: the person behind an account or business, NOBODY if none is.
        home: for people, their address.
        face: for people, the account that they trade with, or themselves.
        groups: groups that act together.
        notorious: a popular supplier that turns bad half-way and is found out, in every world.
    """

    settings: WorldSettings
    counts: Counts
    first: Counts
    calendar: Calendar
    kind: Ints
    joined_s: Ints
    community: Ints
    region: Ints
    age_band: Ints
    trustworthiness: Floats
    once_bad: Floats
    role: Ints
    scheme: Ints
    group: Ints
    turned_s: Ints
    is_thin: Bools
    activity: Floats
    holder: Ints
    home: Ints
    face: Ints
    communities: int
    groups: list[Group]
    notorious: int

    def people(self) -> Ints:
        """Return the numbers of all people."""
        return np.arange(self.counts.people)

    def businesses(self) -> Ints:
        """Return the numbers of all businesses."""
        return np.arange(self.first.businesses, self.first.accounts)

    def accounts(self) -> Ints:
        """Return the numbers of all accounts."""
        return np.arange(self.first.accounts, self.first.devices)

    def members(self) -> Ints:
        """Return the numbers of all who act: people, businesses and accounts."""
        return np.arange(self.first.devices)

    def trust_at(self, subject: Ints, at_s: Ints) -> Floats:
        """Return how trustworthy each subject is at each time."""
        turned = at_s >= self.turned_s[subject]
        return np.where(turned, self.once_bad[subject], self.trustworthiness[subject])

    def follows_scheme(self, subject: Ints, at_s: Ints, *schemes: Scheme) -> Bools:
        """Say where a subject is at that time at one of these schemes."""
        codes = [SCHEMES.index(scheme) for scheme in schemes]
        return np.isin(self.scheme[subject], codes) & (at_s >= self.turned_s[subject])


def homes_of(world: Population) -> Ints:
    """Return the addresses where people live; those before them are business premises."""
    premises = round(world.settings.commercial_address_share * world.counts.addresses)
    return np.arange(world.first.addresses + premises, world.settings.subjects)


def who_stay_honest(world: Population, subjects: Ints) -> Ints:
    """Return those of the subjects who never turn bad."""
    stays_honest: Bools = world.turned_s[subjects] == NEVER
    honest: Ints = subjects[stays_honest]
    return honest


def segments_of_people(world: Population, weight: Floats) -> Segments:
    """Return all people by community, for drawing by weight."""
    return Segments.of(world.community[world.people()], weight, world.communities)
