"""The cost of an attack: the what-if against the same ring put into the records."""

from __future__ import annotations

import numpy as np
import pytest

from graphsvc.app import Service
from graphsvc.model import Record
from graphsvc.report import attack
from graphsvc.report.attack import attack_costs
from graphsvc.report.model import Attack
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.settings import Settings
from tests.service.samples import AS_OF, PURPOSE, listed, report, scored, trusts


def honest_region(rng: np.random.Generator) -> list[Record]:
    ties = {(n, (n + int(step)) % 40) for n in range(40) for step in rng.choice(39, 4) + 1}
    return [
        *(trusts(f"h{src:02d}", f"h{dst:02d}") for src, dst in sorted(ties)),
        listed("h00", "marketplace-verified"),
    ]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    found: dict[str, object] = {}
    records = honest_region(np.random.default_rng(3))
    for name in ("calm", "attacked"):
        folder = tmp_path_factory.mktemp(name)
        with Service.open(Settings(store=f"sqlite:///{folder}/s.db", data_dir=folder)) as service:
            if name == "attacked":
                hosts = found["hosts"]
                assert isinstance(hosts, list)
                records = [
                    *records,
                    *(trusts(f"fake{n}", f"fake{(n + s) % 6}") for n in range(6) for s in (1, 2)),
                    *(trusts(host, f"fake{n}") for n, host in enumerate(hosts)),
                    *(report("victim", f"fake{n}") for n in range(6)),
                ]
            found[name] = scored(service, records)
            if name == "attacked":
                continue
            purpose, programme = service.library.purpose(PURPOSE), service.library.champion(PURPOSE)
            snapshot = service.snapshot(PURPOSE, as_of=AS_OF)
            published = service.scores(PURPOSE)
            found["programme"] = programme
            found["costs"] = attack_costs(
                snapshot, programme, purpose, published, fakes=(2, 6), links=(0, 1, 3)
            )
            inputs = PropagationInputs.derive(snapshot, programme, AS_OF)
            trust = published.column("trust")[snapshot.subjects.rank_of_index]
            chosen = attack._random_hosts(trust, inputs, 3)
            found["hosts"] = [snapshot.ref_of(int(index)).key for index in chosen]
    return found


def costs_of(measured: dict[str, object]) -> dict[tuple[int, int, str], Attack]:
    costs = measured["costs"]
    assert isinstance(costs, tuple)
    return {(one.fakes, one.links, one.hosts): one for one in costs}


def test_the_gain_is_what_the_ring_in_the_records_gains(measured: dict[str, object]) -> None:
    scores = measured["attacked"]
    assert isinstance(scores, dict)
    told = costs_of(measured)[6, 3, "random"]
    best = max(value.score for key, value in scores.items() if key.startswith("fake"))
    assert told.gained_points == pytest.approx(best - 650.0, abs=0.05)
    assert told.lost_points == pytest.approx(650.0 - scores["victim"].score, abs=0.05)
    assert told.gained_points > 1.0


def test_a_ring_without_a_link_gains_nothing_and_the_worst_hosts_give_most(
    measured: dict[str, object],
) -> None:
    costs = costs_of(measured)
    assert costs[6, 0, "random"] == Attack(6, 0, "random", 0.0, 0.0)
    assert (6, 0, "worst") not in costs
    assert (2, 3, "random") not in costs
    assert costs[6, 1, "worst"].gained_points > costs[6, 1, "random"].gained_points
