"""`python -m benchmarks.attack_curves`: what k fake accounts can do to a score, measured.

An honest region of traders who trust each other, five of them verified. A ring of k fakes, each of
which trusts the next two, gets g links from honest members into it (bought, or talked into), the
first g fakes one each. Every fake reports one honest trader at full severity. Two questions: how
many points does that trader lose, and how many can a fake gain? The same on every programme of the
purpose; seeded, so that anybody gets the same table.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from graphsvc.app import open_store
from graphsvc.definitions import DefinitionLibrary
from graphsvc.logs import configure_logs
from graphsvc.model import (
    Link,
    LinkKind,
    Listing,
    ListKind,
    Programme,
    Purpose,
    Record,
    Report,
    ReportCategory,
    SubjectKind,
    SubjectRef,
)
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.settings import Settings
from graphsvc.snapshot import build_snapshot

PURPOSE = "marketplace-integrity"
AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
HONEST, SEEDS, TIES_EACH = 400, 5, 6
FAKES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
BOUGHT_LINKS = (0, 1, 5, 20, 100)
TARGET = SubjectRef(SubjectKind.ACCOUNT, "honest-399")


@dataclass(frozen=True, slots=True)
class Attack:
    """What k fakes with g bought links achieve: points the target loses, points a fake gains."""

    fakes: int
    bought_links: int
    lost_points: float
    gained_points: float


def main() -> None:
    """Print the tables as Markdown, or write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write, e.g. docs/attack-curves.md")
    chosen = parser.parse_args()
    text = "\n".join(document())
    configure_logs("console", "warning")
    if chosen.write is None:
        print(text)
    else:
        chosen.write.write_text(text, encoding="utf-8")


def document() -> Iterator[str]:
    """Yield the lines of the document."""
    library = DefinitionLibrary.load()
    purpose = library.purpose(PURPOSE)
    programmes = library.programmes_of(PURPOSE)
    yield "# What fake accounts can do"
    yield ""
    yield "Made by `python -m benchmarks.attack_curves --write docs/attack-curves.md`."
    yield f"{HONEST} honest traders with {TIES_EACH} ties of trust each, {SEEDS} of them verified;"
    yield "k fakes in a ring, g links bought from honest members; every fake reports the same"
    yield "honest trader at full severity."
    yield f"Python {platform.python_version()}, NumPy {np.__version__}."
    yield ""
    yield "The joint weight of open reports is at most min(cap, T/2h): T is all trust that the"
    yield "fakes hold together, h the trust at which a reporter is half believed. T grows with g,"
    yield "not with k, and is 0 for g = 0; past a handful, more accounts make a ring weaker. The"
    yield "cap holds whatever they buy. What is lost beyond it is the trust that the bought links"
    yield "take from the honest region."
    measured = {programme.name: curves(programme, purpose) for programme in programmes}
    for programme in programmes:
        rule = programme.reports
        assert rule is not None
        worst = rule.points * rule.open_weight_cap / (rule.open_weight_cap + rule.half_points_at)
        most_gained = min(purpose.association_cap_points, programme.scorecard.trust_points)
        for title, name in (
            (f"points that the reported trader loses (at most {-worst:.0f}, whatever k and g)", 0),
            (f"points that the best fake gains (at most {most_gained:.0f})", 1),
        ):
            yield ""
            yield f"## {programme.name} v{programme.version}: {title}"
            yield ""
            yield "| k fakes | " + " | ".join(f"g = {g}" for g in BOUGHT_LINKS) + " |"
            yield "|--:|" + "--:|" * len(BOUGHT_LINKS)
            for k in FAKES:
                found = [measured[programme.name][k, g] for g in BOUGHT_LINKS]
                cells = [
                    "–"
                    if attack is None
                    else f"{(attack.lost_points, attack.gained_points)[name]:.1f}"
                    for attack in found
                ]
                yield f"| {k} | " + " | ".join(cells) + " |"
    yield ""
    yield "– : fewer fakes than bought links."
    yield ""


def curves(programme: Programme, purpose: Purpose) -> dict[tuple[int, int], Attack | None]:
    """Return what every k and g achieve under a programme; None where g is above k."""
    calm = _scores(honest_region(), programme, purpose)
    base = programme.scorecard.base
    found: dict[tuple[int, int], Attack | None] = {}
    for k in FAKES:
        for g in BOUGHT_LINKS:
            if g > k:
                found[k, g] = None
                continue
            scores = _scores([*honest_region(), *ring(k, g)], programme, purpose)
            best = max(value for ref, value in scores.items() if ref.key.startswith("fake"))
            # Links to fakes take some of the seeds' trust from the honest: that is part of it.
            found[k, g] = Attack(k, g, calm[TARGET] - scores[TARGET], best - base)
    return found


def honest_region() -> list[Record]:
    """Return honest traders who trust each other, and the verified among them."""
    rng = np.random.default_rng(20240101)
    found: list[Record] = []
    for number in range(HONEST):
        # The next one is among them, so that trust reaches everybody.
        steps = {1, *(2 + rng.choice(HONEST - 2, TIES_EACH - 1, replace=False)).tolist()}
        found += [
            _trusts(f"honest-{number}", f"honest-{(number + step) % HONEST}")
            for step in sorted(steps)
        ]
    for number in range(SEEDS):
        found.append(
            Listing(
                source="attack",
                external_id=f"verified-{number}",
                subject=_account(f"honest-{number}"),
                list_name="marketplace-verified",
                list_kind=ListKind.ALLOWLIST,
                reason_code="VERIFIED",
                authority="attack curve",
                effective_from=datetime(2020, 1, 1, tzinfo=UTC),
                until=datetime(2030, 1, 1, tzinfo=UTC),
            )
        )
    return found


def ring(fakes: int, bought_links: int) -> list[Record]:
    """Return k fakes who trust each other, the links they bought, and their reports."""
    found: list[Record] = []
    for number in range(fakes):
        name = f"fake-{number}"
        others = {(number + step) % fakes for step in (1, 2)} - {number}
        found += [_trusts(name, f"fake-{other}") for other in sorted(others)]
        found.append(
            Report(
                source="attack",
                external_id=f"report-{number}",
                category=ReportCategory.FRAUD,
                subject=TARGET,
                reporter=_account(name),
                severity=1.0,
                reported_at=AS_OF,
            )
        )
    found += [_trusts(f"honest-{HONEST // 2 + n}", f"fake-{n}") for n in range(bought_links)]
    return found


def _scores(
    records: list[Record], programme: Programme, purpose: Purpose
) -> dict[SubjectRef, float]:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(store=f"sqlite:///{folder}/s.db", data_dir=Path(folder)))
        try:
            store.append(records)
            snapshot = build_snapshot(store, purpose, as_of=AS_OF)
        finally:
            store.close()
    _, values = propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-9)
    score = values.points.score
    return {snapshot.ref_of(index): float(score[index]) for index in range(snapshot.n)}


def _trusts(src: str, dst: str) -> Link:
    return Link(
        source="attack",
        external_id=f"{src}>{dst}",
        kind=LinkKind.TRUSTS,
        src=_account(src),
        dst=_account(dst),
        weight=10.0,
    )


def _account(key: str) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, key)


if __name__ == "__main__":
    main()
