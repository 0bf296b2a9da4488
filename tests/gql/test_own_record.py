from __future__ import annotations

import pytest

from tests.gql.conftest import Asker
from tests.gql.world import MARKETPLACE, SEVERITY


@pytest.mark.parametrize("key", ["ann", "cid", "hub"])
def test_own_record_contacts_and_range_make_the_score(shop: Asker, key: str) -> None:
    found = shop.ask("own_record", key=key, purpose=MARKETPLACE)["subject"]
    score, explained = found["score"], found["explanation"]
    own = explained["ownListingPoints"] + explained["eventPoints"] + explained["reportPoints"]
    assert own + explained["rejectedReportPoints"] == score["ownPoints"]
    total = explained["basePoints"] + score["ownPoints"] + score["associationPoints"]
    assert total + explained["rangePoints"] == pytest.approx(score["value"], abs=1e-9)


def test_a_blacklisted_subject_has_its_points_its_band_and_a_narrower_width(shop: Asker) -> None:
    """One entry is one record: 5 / (5 + 1) of the room from 350 up to 650 − 240 + 240."""
    cid = shop.ask("own_record", key="cid", purpose=MARKETPLACE)["subject"]["score"]
    hub = shop.ask("own_record", key="hub", purpose=MARKETPLACE)["subject"]["score"]
    assert cid["ownPoints"] == pytest.approx(-300 * SEVERITY)
    assert cid["band"] == ("critical" if cid["value"] < 500 else "low")
    assert hub["width"] == pytest.approx(540.0)
    assert cid["width"] == pytest.approx(5 / 6 * (650 - 350))
    assert hub["band"] == "fair"
