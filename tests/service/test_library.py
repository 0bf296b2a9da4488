from __future__ import annotations

from pathlib import Path

import pytest

from graphsvc.definitions import DefinitionLibrary, parse_document
from graphsvc.errors import DefinitionError, DefinitionNotFoundError
from graphsvc.model import Programme, Purpose

SHIPPED = ("marketplace-integrity", "payment-fraud", "deposit-waiver", "thin-file-credit")


def write(folder: Path, kind: str, name: str, text: str) -> None:
    (folder / kind).mkdir(exist_ok=True)
    (folder / kind / f"{name}.yaml").write_text(text)


PROGRAMME = """\
name: mine
purpose: deposit-waiver
conductances:
  vouches_for: {conductance: 1.0}
exposure: {beta: 0.5, hop_limit: 2}
trust: {alpha: 0.5, hop_limit: 2}
"""


@pytest.mark.parametrize("purpose", SHIPPED)
def test_every_shipped_purpose_has_a_champion_within_its_limits(purpose: str) -> None:
    library = DefinitionLibrary.load()
    assert library.champion(purpose).purpose == purpose
    assert library.purpose(purpose).legal_basis


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("vouches_for", "gossips_with"), 4, "conductances.gossips_with"),
        (("beta: 0.5", "beta: 1.5"), 5, "exposure.beta"),
        (("alpha: 0.5", "alpha: lots"), 6, "given: 'lots'"),
        (("name: mine", "nmae: mine"), 1, "nmae"),
        (("trust: {", "trust: ["), 6, "expected"),
    ],
)
def test_an_error_in_a_definition_names_file_line_and_field(
    change: tuple[str, str], line: int, message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_document(PROGRAMME.replace(*change), Programme, "mine.yaml")
    lines = [text for text in str(caught.value).splitlines() if message in text]
    assert lines
    assert lines[0].startswith(f"mine.yaml:{line}:")


def test_equal_documents_have_equal_canonical_json_whatever_their_order() -> None:
    purpose = DefinitionLibrary.load().purpose("payment-fraud")
    values = purpose.model_dump(mode="json")
    values["link_kinds"] = sorted(values["link_kinds"], reverse=True)
    assert Purpose.model_validate(values).canonical_json() == purpose.canonical_json()


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(DefinitionNotFoundError, match="payment-fraud"):
        DefinitionLibrary.load().purpose("gossip")


def test_two_champions_of_one_purpose_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "programmes", "mine", PROGRAMME + "champion: true\n")
    with pytest.raises(DefinitionError, match="champion"):
        DefinitionLibrary.load(tmp_path)
