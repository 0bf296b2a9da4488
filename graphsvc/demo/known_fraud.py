"""Who was known to be a fraudster on Bitcoin-OTC, and since when.

The published labels (Kumar et al., REV2, WSDM 2018) carry no time. A fraudster counts as known from
the first negative rating that a labelled-benign member gave it: that is when the platform's own
community could have listed it. Whoever was a labelled-benign member by the cut-off is a seed of
trust. Nothing after the cut-off enters the listing file.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

LISTED_FOR = timedelta(days=3 * 365)
COLUMNS = (
    "subject_kind",
    "subject_key",
    "list_name",
    "list_kind",
    "severity",
    "reason_code",
    "authority",
    "effective_from",
    "until",
)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of the labelled members, by their key.

    Attributes:
        fraud_known_at: when each labelled fraudster became known.
        joined_at: when each member gave or received its first rating.
        benign: the labelled-benign members.
    """

    fraud_known_at: dict[str, datetime]
    joined_at: dict[str, datetime]
    benign: frozenset[str]

    @classmethod
    def read(cls, ratings: Path, labels: Path) -> Labels:
        """Read the ratings and the published labels, both gzipped CSV without a header."""
        with gzip.open(labels, "rt", newline="") as file:
            label_of = {_key(member): int(label) for member, label in csv.reader(file)}
        benign = frozenset(key for key, label in label_of.items() if label > 0)
        known_at: dict[str, datetime] = {}
        joined_at: dict[str, datetime] = {}
        for rater, rated, rating, time in _by_time(ratings):
            joined_at.setdefault(rater, time)
            joined_at.setdefault(rated, time)
            if rating < 0 and rater in benign and label_of.get(rated) == -1:
                known_at.setdefault(rated, time)
        return cls(known_at, joined_at, benign)

    def write_listings(self, path: Path, cut_off: datetime) -> tuple[int, int]:
        """Write who was known by the cut-off; return how many fraudsters and how many seeds."""
        fraud = sorted((time, key) for key, time in self.fraud_known_at.items() if time <= cut_off)
        seeds = sorted(
            (time, key)
            for key, time in self.joined_at.items()
            if key in self.benign and time <= cut_off
        )
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for time, key in fraud:
                writer.writerow(_row(key, "marketplace-fraud", "blacklist", "FRAUD", time))
            for time, key in seeds:
                writer.writerow(_row(key, "marketplace-verified", "allowlist", "VERIFIED", time))
        return len(fraud), len(seeds)


def _row(key: str, list_name: str, list_kind: str, reason: str, time: datetime) -> tuple[str, ...]:
    until = time + LISTED_FOR
    return (
        "account",
        key,
        list_name,
        list_kind,
        "1",
        reason,
        "bitcoin-otc",
        time.isoformat(),
        until.isoformat(),
    )


def _key(member: str) -> str:
    """Return a member's key as the shipped mapping writes it."""
    return f"otc-{member}"


def _by_time(ratings: Path) -> list[tuple[str, str, int, datetime]]:
    with gzip.open(ratings, "rt", newline="") as file:
        rows = [
            (_key(rater), _key(rated), int(rating), datetime.fromtimestamp(float(time), UTC))
            for rater, rated, rating, time in csv.reader(file)
        ]
    return sorted(rows, key=lambda row: row[3])
