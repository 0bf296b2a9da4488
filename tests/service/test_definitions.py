"""Documents that must be refused when they are loaded, each with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import DefinitionError, DefinitionNotFoundError
from graphsvc.model import EventKind, Valence

PROGRAMME = """\
name: mine
purpose: marketplace-integrity
conductances:
  trusts: {conductance: 1.0, carries_trust: true}
exposure: {beta: 0.5, blacklists: [marketplace-fraud]}
trust: {alpha: 0.5, allowlists: [marketplace-verified]}
events:
  order_completed: {points: 10}
  chargeback: {points: -10}
listings:
  marketplace-fraud: -200
bands:
  - {name: low, from: 350}
  - {name: high, from: 700}
"""
POLICY = """\
name: marketplace-checkout
version: 2
purpose: marketplace-integrity
rules:
  - {when: {score_below: 500}, advice: review, reason_code: LOW, text: Low.}
  - {advice: standard, reason_code: USUAL, text: As usual.}
"""


def load(folder: Path, *, programme: str = PROGRAMME, policy: str = POLICY) -> DefinitionLibrary:
    for kind, text in (("programmes", programme), ("policies", policy)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / "mine.yaml").write_text(text)
    return DefinitionLibrary.load(folder)


def test_sound_documents_of_an_operator_are_taken(tmp_path: Path) -> None:
    library = load(tmp_path)
    assert library.programme("mine").events[EventKind.CHARGEBACK].points == -10
    assert library.policy("marketplace-integrity").version == 2
    names = [programme.name for programme in library.programmes_of("marketplace-integrity")]
    assert names == ["marketplace-integrity-linear", "marketplace-integrity-near", "mine"]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "why"),
    [
        ("order_completed", "order_complete", 8, "events.order_complete", "Input should be"),
        ("order_completed", "bill_paid", 8, "events.bill_paid", "not permitted by purpose"),
        ("  trusts:", "  household:", 4, "conductances.household", "not permitted by purpose"),
        ("-200", "-.inf", 11, "listings.marketplace-fraud", "finite"),
        ("  marketplace-fraud:", "  credit-fraud:", 11, "listings.credit-fraud", "not permitted"),
        ("[marketplace-fraud]", "[ofac-sdn]", 5, "exposure.blacklists", "ofac-sdn is not"),
        ("{points: -10}", "{points: 10}", 9, "events.chargeback.points", "bad evidence would"),
        ("{points: 10}", "{points: -1}", 8, "events.order_completed.points", "good evidence"),
        ("-200", "200", 11, "listings.marketplace-fraud", "more bad evidence would raise"),
        ("-200", "-200\nreports: {points: 5}", 12, "reports.points", "less than or equal to 0"),
        ("alpha: 0.5", "alpha: 0.9", 6, "trust.alpha", "above the attenuation 0.85"),
        ("from: 700", "from: 951", 14, "bands.1.from", "unreachable, no points add up to more"),
        ("from: 700", "from: 300", 14, "bands.1.from", "not above that of the band before"),
        ("from: 350", "from: 400", 13, "bands.0.from", "must begin at 350"),
        ("name: high", "name: low", 14, "bands.1.name", "name of another band"),
        ("name: high, from", "name: high, form", 14, "bands.1.from", "Field required"),
        ("  chargeback:", "  order_completed:", 9, "order_completed", "given twice"),
        ("purpose: market", "purpose: super-market", 2, "purpose", "is not declared"),
    ],
)
def test_a_wrong_programme_is_refused_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, why: str
) -> None:
    assert old in PROGRAMME
    with pytest.raises(DefinitionError) as refused:
        load(tmp_path, programme=PROGRAMME.replace(old, new))
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{tmp_path / 'programmes' / 'mine.yaml'}:{line}: {field}: ")
    assert why in first


def test_a_band_below_the_lowest_score_that_points_make_is_unreachable(tmp_path: Path) -> None:
    """Base 650 − 300 − 10 − 150: nothing comes below 350 + 0; with fewer points, nothing near."""
    mild = PROGRAMME.replace("-200", "-50").replace(
        "bands:\n", "scorecard: {own_listing_points: -50, exposure_points: -50}\nbands:\n"
    )
    with pytest.raises(DefinitionError, match=r"mine.yaml:14: bands.0.from: .*less than 540"):
        load(tmp_path, programme=mild.replace("from: 700", "from: 500"))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "why"),
    [
        ("{score_below: 500}", "{score_under: 500}", 5, "rules.0.when.score_under", "Extra"),
        ("{score_below: 500}", "{}", 5, "rules.0.when", "no rule after it is ever reached"),
        ("{score_below: 500}", "{score_below: 350}", 5, "rules.0.when.score_below", "begins at"),
        ("{score_below: 500}", "{score_at_least: 960}", 5, "rules.0.when.score_at_least", "ends"),
        ("{score_below: 500}", "{bands: [poor]}", 5, "rules.0.when.bands", "poor is no band of"),
        ("{score_below: 500}", "{width_at_least: 9}", 5, "rules.0.when.width_at_least", "record"),
        ("{score_below: 500}", "{score_below: 651}", 5, "rules.0", "without any record"),
        ("advice: review", "advice: deny", 5, "rules.0.advice", "Input should be"),
        (
            "{advice: standard",
            "{when: {width_at_most: 5}, advice: standard",
            6,
            "rules.1.when",
            "f",
        ),
        ("checkout", "other", 3, "purpose", "has the policy marketplace-checkout already"),
    ],
)
def test_a_wrong_policy_is_refused_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, why: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        load(tmp_path, policy=POLICY.replace(old, new))
    found = [text for text in str(refused.value).splitlines() if str(tmp_path) in text]
    assert found[0].startswith(f"{tmp_path / 'policies' / 'mine.yaml'}:{line}: {field}: ")
    assert why in found[0]


def test_everything_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refused:
        load(
            tmp_path,
            programme=PROGRAMME.replace("-200", "200").replace("{points: 10}", "{points: -1}"),
        )
    assert len(str(refused.value).splitlines()) == 2


def test_every_event_kind_says_which_way_it_points() -> None:
    bad = {kind for kind in EventKind if kind.valence is Valence.BAD}
    assert bad == {"late_payment", "default", "chargeback", "order_cancelled", "deposit_forfeited"}


def test_a_purpose_without_a_policy_says_so(tmp_path: Path) -> None:
    library = load(tmp_path)
    library.policies.clear()
    with pytest.raises(DefinitionNotFoundError, match="payment-fraud has no policy"):
        library.policy("payment-fraud")
