from __future__ import annotations

from tests.gql.conftest import Asker, World
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE

PROGRAMMES = """query ($purpose: String!) {
  programmes(purpose: $purpose) {
    id name version purpose description isChampion calibrationNote
    conductances { kind conductance weight weightScale halfLifeDays exposureDirection carriesTrust }
    exposure { beta tolerance hopLimit halfPointsAt blacklists }
    trust { alpha tolerance hopLimit halfPointsAt allowlists }
    events { kind points halfLifeDays halfPointsAt weight weightScale }
    reports {
      points halfLifeDays halfPointsAt credibilityHalfAt analystWeight openWeightCap rejectedPoints
      rejectedHalfPointsAt
    }
    listings { listName points }
    scorecard {
      rangeLow rangeHigh base ownListingPoints ownAllowlistingPoints exposurePoints trustPoints
      evidenceHalfAt
    }
    bands { name startsAt }
  }
}"""
POLICIES = """query ($purpose: String!) {
  policies(purpose: $purpose) {
    id name version purpose description
    rules {
      advice reasonCode text
      when {
        scoreAtLeast scoreBelow bands ownPointsAtLeast ownPointsBelow widthAtMost widthAtLeast
      }
    }
  }
}"""


def test_programmes_say_every_number_that_makes_a_score(archive: World, shop: Asker) -> None:
    champion, challenger = shop.ask(PROGRAMMES, purpose=MARKETPLACE)["programmes"]
    declared = archive.service.library.champion(MARKETPLACE)
    assert (champion["name"], champion["version"], champion["isChampion"]) == (
        declared.name,
        declared.version,
        True,
    )
    assert (challenger["name"], challenger["isChampion"]) == ("marketplace-integrity-near", False)
    assert champion["exposure"]["beta"] == 0.85
    assert champion["exposure"]["blacklists"] == sorted(declared.exposure.blacklists)
    assert challenger["trust"]["hopLimit"] == 3
    kinds = [item["kind"] for item in champion["conductances"]]
    assert kinds == [kind.name for kind in sorted(declared.conductances)]
    paid = next(item for item in champion["conductances"] if item["kind"] == "PAID")
    assert paid == {
        "kind": "PAID",
        "conductance": 0.25,
        "weight": "log1p",
        "weightScale": 1.0,
        "halfLifeDays": 365.0,
        "exposureDirection": "BOTH",
        "carriesTrust": False,
    }
    points = {item["kind"]: item["points"] for item in champion["events"]}
    assert points == {kind.name: rule.points for kind, rule in declared.events.items()}
    assert declared.reports is not None
    assert champion["reports"]["openWeightCap"] == declared.reports.open_weight_cap
    assert champion["scorecard"]["base"] == declared.scorecard.base
    assert champion["bands"][0] == {"name": "critical", "startsAt": 350.0}


def test_policies_say_at_which_thresholds_what_is_advised(shop: Asker) -> None:
    (policy,) = shop.ask(POLICIES, purpose=MARKETPLACE)["policies"]
    assert (policy["name"], policy["version"]) == ("marketplace-checkout", 1)
    advices = [rule["advice"] for rule in policy["rules"]]
    assert advices == ["REVIEW", "STEP_UP", "FAST_CHECKOUT", "STANDARD"]
    assert policy["rules"][0]["when"]["bands"] == ["critical"]
    assert policy["rules"][1]["when"]["scoreBelow"] == 600.0
    assert policy["rules"][2]["when"] == {
        "scoreAtLeast": 750.0,
        "scoreBelow": None,
        "bands": None,
        "ownPointsAtLeast": 40.0,
        "ownPointsBelow": None,
        "widthAtMost": 250.0,
        "widthAtLeast": None,
    }
    assert set(policy["rules"][3]["when"].values()) == {None}


def test_what_is_declared_for_a_purpose_is_for_those_who_hold_it(
    archive: World, shop: Asker
) -> None:
    for query in (PROGRAMMES, POLICIES):
        for purpose in (THIN_FILE, DEPOSIT):
            assert archive.asker("everything").ask(query, purpose=purpose)
            assert shop.errors(query, purpose=purpose) == [
                ("FORBIDDEN", f"purpose '{purpose}': this credential may not read for it")
            ]
