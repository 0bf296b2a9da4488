"""The demonstration world's parameters, each with its unit; checked once, when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta

from graphsvc.errors import SettingsError

SMALLEST = 1_000
LARGEST = 1_000_000
SHORTEST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings:
    """What the world is made of. Shares and probabilities run from 0 to 1.

    Attributes:
        subjects: people, businesses, accounts, devices and addresses together; 1,000 to 1,000,000.
        seed: >= 0; the same settings give the same world to the last byte.
        start: the first moment at which anything can happen.
        days: length of the world in days; nothing happens at `start + days` or later.
        business_share: share of the subjects that are shops and their suppliers.
        account_share: share that are accounts, fake ones included.
        device_share: share that are devices.
        address_share: share that are addresses. People are the rest.
        commercial_address_share: share of the addresses that are business premises.
        people_per_community: mean size of a community.
        early_share: share of the members who join in the first 30 days; the others join later.
        acquaintances_per_person: mean number of people that one person knows.
        within_community: chance that an acquaintance or an order stays in the community.
        reciprocity: chance that an acquaintance is stated by both sides.
        degree_exponent: tail exponent of sociability and of shops' popularity; > 2,
            less is heavier.
        orders_per_person: mean number of orders over the whole time.
        rating_share: chance that a customer rates an order; shops rate theirs half as often.
        thin_file_share: share of the people who leave hardly any record.
        lone_fraudster_share: share of the people who turn bad by themselves.
        fraudulent_shop_share: share of the businesses that turn bad by themselves, at least one;
            their owners do with them.
        colluder_share: share of the people in colluding groups.
        colluding_group_size: mean number of people in a group, beside its one or two shops.
        fake_account_share: share of the accounts that nobody honest stands behind.
        fake_ring_size: mean number of fake accounts in a ring.
        attack_links_per_ring: links from honest members into a ring of fakes, exactly.
        false_reporter_share: share of the accounts that are in rings of false reporters.
        false_reporter_ring_size: mean number of accounts in such a ring.
        detection: chance that a bad subject is ever blacklisted, if there is time.
        listing_delay_days: mean days from the first misdeed to the blacklisting.
        shortest_delay_days: least days between the two.
        mistaken_listing_share: share of blacklist entries on subjects that never did wrong.
        renewal_share: chance that a blacklist entry that runs out is renewed.
        reporting_share: chance that a victim reports a misdeed.
        mistaken_report_share: share of reports that were made in good faith, and are wrong.
        wrong_decision_share: share of decided reports that were decided wrongly.
        decision_delay_days: mean days until a report is decided.

    Raises:
        SettingsError: a parameter is out of its range; names it.

    >>> WorldSettings(subjects=2_000).end.isoformat()
    '2026-01-01T00:00:00+00:00'
    """

    subjects: int = 10_000
    seed: int = 1
    start: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    days: int = 731
    business_share: float = 0.04
    account_share: float = 0.25
    device_share: float = 0.20
    address_share: float = 0.18
    commercial_address_share: float = 0.10
    people_per_community: float = 80.0
    early_share: float = 0.5
    acquaintances_per_person: float = 5.0
    within_community: float = 0.7
    reciprocity: float = 0.6
    degree_exponent: float = 2.4
    orders_per_person: float = 7.0
    rating_share: float = 0.25
    thin_file_share: float = 0.15
    lone_fraudster_share: float = 0.012
    fraudulent_shop_share: float = 0.03
    colluder_share: float = 0.02
    colluding_group_size: float = 9.0
    fake_account_share: float = 0.12
    fake_ring_size: float = 25.0
    attack_links_per_ring: int = 3
    false_reporter_share: float = 0.02
    false_reporter_ring_size: float = 12.0
    detection: float = 0.6
    listing_delay_days: float = 45.0
    shortest_delay_days: float = 3.0
    mistaken_listing_share: float = 0.02
    renewal_share: float = 0.3
    reporting_share: float = 0.5
    mistaken_report_share: float = 0.10
    wrong_decision_share: float = 0.08
    decision_delay_days: float = 25.0

    def __post_init__(self) -> None:
        _require(self, "subjects", SMALLEST <= self.subjects <= LARGEST, f"{SMALLEST} to {LARGEST}")
        _require(self, "seed", self.seed >= 0, "at least 0")
        _require(self, "start", self.start.utcoffset() == timedelta(0), "a time in UTC")
        _require(self, "start", self.start.microsecond == 0, "a time in whole seconds")
        _require(self, "days", SHORTEST_DAYS <= self.days <= 7_305, f"{SHORTEST_DAYS} to 7305")
        _require(self, "degree_exponent", self.degree_exponent > 2, "above 2")
        _require(
            self, "shortest_delay_days", 0 < self.shortest_delay_days <= 30, "above 0, at most 30"
        )
        _require(
            self,
            "listing_delay_days",
            self.shortest_delay_days < self.listing_delay_days <= 60,
            "above shortest_delay_days, at most 60",
        )
        _require(self, "attack_links_per_ring", 0 <= self.attack_links_per_ring <= 50, "0 to 50")
        for name in _PROBABILITIES:
            _require(self, name, 0.0 <= getattr(self, name) <= 1.0, "0 to 1")
        for name, (low, high) in _RANGES.items():
            _require(self, name, low <= getattr(self, name) <= high, f"{low} to {high}")
        taken = self.business_share + self.account_share + self.device_share + self.address_share
        _require(self, "device_share", taken <= 0.75, "a quarter of the subjects left for people")
        least = self._device_share_in_use(people_share=1.0 - taken)
        _require(self, "device_share", self.device_share >= least, f"at least {least:.3f}")

    def _device_share_in_use(self, people_share: float) -> float:
        """Return the devices that every household, ring and group needs, as a share of subjects."""
        households = (1.0 - self.commercial_address_share) * self.address_share
        in_rings = self.account_share * (self.fake_account_share + self.false_reporter_share)
        groups = people_share * self.colluder_share / self.colluding_group_size
        # A ring has at least one device for three accounts; the rest is for rounding.
        return households + in_rings / 3 + groups + 0.005

    @property
    def end(self) -> datetime:
        """The moment from which on nothing happens."""
        return self.start + timedelta(days=self.days)

    @property
    def source(self) -> str:
        """What the records name as their source."""
        return f"demo-world-{self.seed}-{self.subjects}"

    def as_json(self) -> dict[str, int | float | str]:
        """Return every parameter by its name, times as ISO 8601."""
        return asdict(self) | {"start": self.start.isoformat()}


# Bounds within which the generator's counts come out right at every size.
_RANGES: dict[str, tuple[float, float]] = {
    "business_share": (0.02, 0.10),
    "account_share": (0.15, 0.35),
    "device_share": (0.10, 0.30),
    "address_share": (0.10, 0.20),
    "commercial_address_share": (0.02, 0.15),
    "people_per_community": (30, 10_000),
    "acquaintances_per_person": (0.5, 50),
    "orders_per_person": (2, 100),
    "thin_file_share": (0, 0.5),
    "lone_fraudster_share": (0, 0.05),
    "fraudulent_shop_share": (0, 0.2),
    "colluder_share": (0, 0.1),
    "colluding_group_size": (3, 30),
    "fake_account_share": (0, 0.3),
    "fake_ring_size": (5, 200),
    "false_reporter_share": (0, 0.1),
    "false_reporter_ring_size": (4, 100),
    "mistaken_listing_share": (0, 0.3),
    "mistaken_report_share": (0, 0.5),
    "decision_delay_days": (1, 365),
}
_PROBABILITIES = (
    "early_share",
    "within_community",
    "reciprocity",
    "rating_share",
    "detection",
    "renewal_share",
    "reporting_share",
    "wrong_decision_share",
)


def _require(settings: WorldSettings, name: str, holds: bool, needed: str) -> None:
    if not holds:
        raise SettingsError(f"{name}: is {getattr(settings, name)}; {needed} is needed")


PARAMETERS = tuple(field.name for field in fields(WorldSettings))
