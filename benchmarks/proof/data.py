"""The labelled sets, read from the shared folder; a set that is not there is left out, said so."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from benchmarks.graphs import DATA
from benchmarks.proof.protocol import DatedSet, LabelledSet, RatingSet
from benchmarks.proof.view import Floats, Ids, Links

LARGEST_RATING = 10.0


def available(name: str) -> bool:
    """Return whether a set's folder is there; say so where it is not."""
    if (DATA / name).is_dir():
        return True
    print(f"{name}: left out, {DATA / name} is not there (set GRAPHSVC_DATA)")
    return False


def bitcoin_ratings() -> RatingSet:
    """Ratings of Bitcoin-OTC in [-1, 1], with their times."""
    rows = np.array([row[:4] for row in _csv(DATA / "bitcoin-otc" / "otc_network.csv")], np.float64)
    names, (src, dst) = _numbered(rows[:, 0], rows[:, 1])
    links = Links(src, dst, rows[:, 2] / LARGEST_RATING, rows[:, 3])
    return RatingSet("bitcoin-otc, next rating", "signed", names.size, links)


def bitcoin_otc() -> LabelledSet:
    """Bitcoin-OTC's ground truth; a ring is fraudsters joined by positive ratings of each other.

    Only subjects who keep a rating by somebody unlabelled: hiding the others' ratings leaves them
    without any, four times as often when they are fraudulent, and that would tell on them.
    """
    ratings = bitcoin_ratings()
    subjects, is_bad = bitcoin_labels()
    is_labelled = np.zeros(ratings.n, np.bool_)
    is_labelled[subjects] = True
    outside = ~is_labelled[ratings.links.src]
    has_rating = np.bincount(ratings.links.dst[outside], minlength=ratings.n)[subjects] > 0
    kept, bad_kept = subjects[has_rating], is_bad[has_rating]
    positive = ratings.links.only(ratings.links.weight > 0.0)
    groups = rings(ratings.n, positive, subjects[is_bad])[kept]
    # Labels of those left out made the set's links circular as well: their links are hidden too.
    links = ratings.links.only(~(is_labelled[ratings.links.src] & is_labelled[ratings.links.dst]))
    return LabelledSet("bitcoin-otc", "signed", ratings.n, links, kept, bad_kept, groups)


def bitcoin_labels() -> tuple[Ids, NDArray[np.bool_]]:
    """Labelled subjects of Bitcoin-OTC as ``bitcoin_ratings`` numbers them, and who is bad."""
    names = np.unique(
        np.array([row[:2] for row in _csv(DATA / "bitcoin-otc" / "otc_network.csv")], np.float64)
    )
    truth = np.array(list(_csv(DATA / "bitcoin-otc" / "otc_gt.csv")), np.float64)
    return np.searchsorted(names, truth[:, 0]), truth[:, 1] < 0.0


def sybil_facebook(seed: int = 0) -> LabelledSet:
    """600 of the 8,078 labelled; groups are communities, as the fakes are one connected ring."""
    src, dst, n = facebook_links()
    groups = _facebook_communities()
    half = n // 2
    rng = np.random.default_rng(seed)
    subjects = np.concatenate(
        [rng.choice(half, 300, replace=False), half + rng.choice(half, 300, replace=False)]
    )
    links = Links(src, dst, np.ones(src.size))
    return LabelledSet(
        "sybil-facebook", "social", n, links, subjects, subjects >= half, groups[subjects]
    )


@cache
def _facebook_communities() -> Ids:
    src, dst, n = facebook_links()
    network = nx.Graph(zip(src.tolist(), dst.tolist(), strict=True))
    groups = np.zeros(n, np.int64)
    for number, members in enumerate(nx.community.louvain_communities(network, seed=1)):
        groups[list(members)] = number
    return groups


@cache
def facebook_links() -> tuple[Ids, Ids, int]:
    """Links of sybil-facebook in both directions; the second half of the subjects is fake."""
    with gzip.open(DATA / "sybil-facebook" / "graph.txt.gz", "rt") as lines:
        ends = np.array([line.split()[:2] for line in lines], np.int64)
    return ends[:, 0], ends[:, 1], int(ends.max()) + 1


def facebook_split(name: str) -> tuple[Ids, Ids]:
    """Benign and fake of ``train`` or ``test``, as the authors published them."""
    lines = (DATA / "sybil-facebook" / f"{name}.txt").read_text().splitlines()
    benign, fake = (np.array(line.split(), np.int64) for line in lines[:2])
    return benign, fake


def amlsim() -> DatedSet:
    """Simulated transfers; 906 fraudulent accounts lack the step when they were known: unusable."""
    nodes = list(_csv(DATA / "amlsim-fanin-cycle" / "nodes.csv"))[1:]
    known = np.full(len(nodes), np.inf)
    for node, is_fraud, _, step in nodes:
        if is_fraud == "1":
            known[int(node)] = float(step) if float(step) >= 0.0 else np.nan
    rows = np.array(list(_csv(DATA / "amlsim-fanin-cycle" / "transactions.csv.gz"))[1:], np.float64)
    links = Links(rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2], rows[:, 3])
    return DatedSet("amlsim", "payments", len(nodes), links, known)


def ethereum_phishing() -> LabelledSet:
    """Payments around phishing addresses; a ring is labelled phishing joined by payments."""
    folder = DATA / "ethereum-phishing"
    rows = np.array([row[1:6] for row in list(_csv(folder / "edges.csv.gz"))[1:]], np.float64)
    labels = [
        (float(row[1]), row[2] == "1.0")
        for row in list(_csv(folder / "nodes_train_test_split.csv.gz"))[1:]
        if row[3] == "True"
    ]
    names, (src, dst) = _numbered(rows[:, 0], rows[:, 1])
    subjects = np.searchsorted(names, [name for name, _ in labels])
    present = names[np.minimum(subjects, names.size - 1)] == [name for name, _ in labels]
    subjects, is_bad = subjects[present], np.array([bad for _, bad in labels])[present]
    links = Links(src, dst, rows[:, 2], rows[:, 4])
    groups = rings(names.size, links, subjects[is_bad])[subjects]
    return LabelledSet("ethereum-phishing", "payments", names.size, links, subjects, is_bad, groups)


def hop_transfers() -> LabelledSet:
    """Transfers between wallets; the groups are those in which they were eliminated."""
    folder = DATA / "hop-transfers"
    number: dict[str, int] = {}
    src, dst, count = [], [], []
    for _, _, payer, payee, times in list(_csv(folder / "hop_edges.csv.gz"))[1:]:
        src.append(number.setdefault(payer, len(number)))
        dst.append(number.setdefault(payee, len(number)))
        count.append(float(times))
    with gzip.open(folder / "groups.json.gz", "rt") as text:
        rings_ = json.load(text)
    ring = {
        address.lower(): at
        for at, group in enumerate(rings_)
        for address in group["eliminatedAddresses"]
    }
    subjects, is_bad, groups = [], [], []
    lonely = len(rings_)
    for name, label in (
        ("eliminatedSybilAttackers.csv.gz", True),
        ("eligibleAddresses.txt.gz", False),
    ):
        for row in _csv(folder / name):
            address = row[0].lower() if row else ""
            if address in number:
                subjects.append(number[address])
                is_bad.append(label)
                groups.append(ring.get(address, lonely) if label else lonely)
                lonely += 1
    links = Links(np.array(src), np.array(dst), np.array(count))
    return LabelledSet(
        "hop-transfers", "social", len(number), links,
        np.array(subjects), np.array(is_bad), np.array(groups),
    )  # fmt: skip


def epinions() -> RatingSet:
    """Trust (1) and distrust (-1) between reviewers; without time."""
    with gzip.open(DATA / "epinions-signed" / "soc-sign-epinions.txt.gz", "rt") as lines:
        rows = np.array([line.split() for line in lines if not line.startswith("#")], np.int64)
    links = Links(rows[:, 0], rows[:, 1], rows[:, 2].astype(np.float64))
    return RatingSet("epinions, hidden link", "signed", int(rows[:, :2].max()) + 1, links)


def rings(n: int, links: Links, members: Ids) -> Ids:
    """Return a group for each subject: members joined by links among them share one."""
    network = nx.Graph()
    network.add_nodes_from(members.tolist())
    inside = np.zeros(n, np.bool_)
    inside[members] = True
    both = inside[links.src] & inside[links.dst]
    network.add_edges_from(zip(links.src[both].tolist(), links.dst[both].tolist(), strict=True))
    groups = np.arange(n)
    for part in nx.connected_components(network):
        groups[list(part)] = min(part)
    return groups


def _numbered(*columns: Floats) -> tuple[Floats, list[Ids]]:
    names = np.unique(np.concatenate(columns))
    return names, [np.searchsorted(names, column) for column in columns]


def _csv(path: Path) -> Iterable[list[str]]:
    opened: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="") as lines:  # type: ignore[attr-defined]
        yield from csv.reader(lines)
