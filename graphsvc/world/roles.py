"""What a subject truly is, as only the generator can know."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What part a subject plays in the world."""

    HONEST = "honest"  # means well, with more or less care
    FRAUDSTER = "fraudster"  # turns bad by itself
    COLLUDER = "colluder"  # builds a name with its group, then turns bad with it
    FAKE = "fake"  # an account with no person behind it, bad from the first day
    FALSE_REPORTER = "false_reporter"  # joins a ring that reports an honest shop
    IDENTIFIER = "identifier"  # a device or address: does nothing by itself


class Scheme(StrEnum):
    """What a bad subject does once it is bad."""

    NON_DELIVERY = "non_delivery"  # takes money and delivers nothing
    STOLEN_CARDS = "stolen_cards"  # pays with money that is clawed back
    HIRED_GOODS = "hired_goods"  # hires and keeps
    BUST_OUT = "bust_out"  # borrows and stops paying
    COLLUSION = "collusion"  # takes part in a group that does not deliver
    FAKE_ACCOUNTS = "fake_accounts"  # props up a dishonest shop
    FALSE_REPORTS = "false_reports"  # has an honest shop reported


ROLES = tuple(Role)
SCHEMES = tuple(Scheme)
NO_SCHEME = -1

AGE_BANDS = ("18 to 29", "30 to 44", "45 to 59", "60 and over")
AGE_SHARES = (0.24, 0.31, 0.26, 0.19)
REGIONS = ("Aldermoor", "Brackenvale", "Cinderford", "Dunmarsh", "Eastwick")
