"""What a client reads of a learned model: that a programme uses it, and what it took."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings
from tests.gql.conftest import Asker, RunningServer, make_keys
from tests.gql.world import AS_OF, MARKETPLACE, account, core
from tests.service.with_model import MODEL, definitions

QUERY = """query {
  programmes(purpose: "marketplace-integrity") {
    name learned { model fingerprint points trainedOn }
  }
  subject(kind: ACCOUNT, key: "cid") {
    explanation(purpose: "marketplace-integrity", programme: "with-model") {
      learnedPoints
      lines { part code points }
    }
  }
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Asker]]:
    folder = tmp_path_factory.mktemp("with-model")
    settings = Settings(
        store=f"sqlite:///{folder / 'store.db'}",
        data_dir=folder / "data",
        definitions_dir=definitions(folder / "own"),
    )
    with Service.open(settings) as service:
        service.store.append(core())
        service.recompute(MARKETPLACE, programme="with-model", as_of=AS_OF)
        service.recompute(MARKETPLACE, as_of=AS_OF)
        secrets = make_keys(folder)
        with RunningServer(service) as url:
            yield service, Asker(url, secrets["analyst"])


def test_a_programme_says_which_model_it_uses_and_what_that_was_trained_on(
    served: tuple[Service, Asker],
) -> None:
    said = {one["name"]: one["learned"] for one in served[1].ask(QUERY)["programmes"]}
    assert said["with-model"] == {
        "model": "drawn",
        "fingerprint": MODEL.fingerprint,
        "points": -40.0,
        "trainedOn": str(MODEL.trained_on),
    }
    assert said["marketplace-integrity-linear"] is None


def test_what_the_model_took_is_a_line_of_its_own(served: tuple[Service, Asker]) -> None:
    service, asker = served
    found = asker.ask(QUERY)["subject"]["explanation"]
    own = [line for line in found["lines"] if line["part"] == "LEARNED"]
    taken = service.scores(MARKETPLACE, programme="with-model").score(account("cid"))
    assert own == [{"part": "LEARNED", "code": "LEARNED_MODEL", "points": taken.learned_points}]
    assert found["learnedPoints"] == taken.learned_points < 0.0
