"""Claims about mappings: what they may say, and how they say what is wrong with them."""

from __future__ import annotations

import re

import pytest

from graphsvc.errors import MappingError
from graphsvc.ingest import load_mapping, parse_mapping, shipped_mappings
from graphsvc.ingest.compiling import record_fields
from graphsvc.ingest.mapping import RULE_FIELDS
from graphsvc.model import RECORD_CLASSES, RecordType
from tests.ingest.sink import link_mapping, mapping

GOOD = """\
name: good
source: test
files:
  - match: a.csv
    records:
      - type: link
        fields:
          kind: trusts
          src: {kind: account, key: $a}
          dst: {kind: account, key: $b}
          weight: 1
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("weight: 1", "wieght: 1", 11, r"files\.0\.records\.0\.fields\.wieght: Extra inputs"),
        ("kind: trusts", "kind: trustz", 8, "kind: is 'trustz', which is unknown"),
        ("kind: account, key: $a", "kind: acount, key: $a", 9, "'acount' is not a valid"),
        ("type: link", "type: lnk", 6, "does not match any of the expected tags"),
        ("weight: 1", "weight: heavy", 11, "weight: is 'heavy', which is not a number"),
        ("weight: 1", "weight: .nan", 11, "weight: is 'nan'; a finite number"),
        ("weight: 1", "weight: '{w!r}'", 11, "write {column} and nothing else"),
        ("weight: 1", "weight: '{w'", 11, "expected '}'"),
        ("weight: 1", "valid_from: 2020-01-01T00:00:00", 11, "valid_from: .*without a time zone"),
        ("weight: 1", "valid_to: {days_after_start: 3}", 11, "days after valid_from, which is mis"),
        ("weight: 1", "valid_to: {days_after_start: 3, column: x}", 11, "leave one out"),
        ("weight: 1", "weight: {column: x, constant: 1}", 11, "exactly one of column"),
        ("weight: 1", "kind: knows", 11, "kind: is given twice"),
        ("weight: 1", "weight: [", 12, "expected the node content"),
        (
            "match: a.csv",
            "match: a.csv\n    columns: [a]",
            7,
            "no column 'b'; the columns are: 'a'",
        ),
        ("match: a.csv", "header: false", 4, "name the columns"),
        ("match: a.csv", "header: true\n    columns: [a, b]", 4, "both header and columns"),
        ("match: a.csv", "comment: ''", 4, "would drop every line"),
        ("match: a.csv", "skip: later", 4, "both records and skip"),
        ("match: a.csv", "format: lines", 6, "no column 'a'; the columns are: 'value', 'line'"),
        ("name: good", "name: Not Good", 1, "name: String should match"),
        ("type: link", "type: link\n        when: {column: a}", 7, "exactly one of equals"),
        (
            "type: link",
            "type: link\n        number_repeats: true\n        external_id: $a",
            6,
            "leave external_id out",
        ),
    ],
)
def test_a_wrong_mapping_is_told_with_file_line_and_field(
    right: str, wrong: str, line: int, message: str
) -> None:
    text = GOOD.replace(right, wrong, 1)
    assert text != GOOD
    with pytest.raises(MappingError, match=message) as caught:
        parse_mapping(text, "m.yaml")
    assert str(caught.value).startswith(f"m.yaml:{line}: "), caught.value


@pytest.mark.parametrize("text", ["", "- 1", "7", "name: x", "\x00", "a: &a [*a]", "? [1]\n: 2"])
def test_a_text_that_is_no_mapping_is_a_mapping_error(text: str) -> None:
    with pytest.raises(MappingError, match=r"^m\.yaml:"):
        parse_mapping(text, "m.yaml")


def test_every_public_set_has_a_mapping_and_every_shipped_mapping_loads() -> None:
    assert set(shipped_mappings()) >= {
        "advogato",
        "amlsim-fanin-cycle",
        "bitcoin-otc",
        "debian-wot",
        "epinions-signed",
        "ethereum-phishing",
        "hop-transfers",
        "ofac-addresses",
        "sybil-facebook",
    }
    for name in shipped_mappings():
        assert load_mapping(name).name == name


def test_an_unknown_name_is_told_with_those_that_ship() -> None:
    with pytest.raises(MappingError, match=r"'bitcoin'.*advogato, amlsim"):
        load_mapping("bitcoin")


def test_a_missing_or_unreadable_file_is_a_mapping_error(tmp_path) -> None:
    with pytest.raises(MappingError, match=r"none\.yaml: can't be read: No such file"):
        load_mapping(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_bytes(b"\xff")
    with pytest.raises(MappingError, match="isn't UTF-8"):
        load_mapping(tmp_path / "bad.yaml")


def test_a_mapping_of_ones_own_is_loaded_by_its_path(tmp_path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    assert load_mapping(tmp_path / "good.yaml").name == "good"
    assert load_mapping(str(tmp_path / "good.yaml")).source == "test"


@pytest.mark.parametrize("record_type", list(RULE_FIELDS))
def test_a_rule_can_fill_every_field_of_its_record_type(record_type: RecordType) -> None:
    model = RULE_FIELDS[record_type]
    assert list(model.model_fields) == list(record_fields(record_type))
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    record_class = RECORD_CLASSES[record_type]
    defaults = {
        name
        for name, field in record_class.__dataclass_fields__.items()
        if field.default is field.default_factory
    }
    assert required == defaults - {"source", "external_id"}


def test_only_what_the_service_itself_makes_has_no_rule() -> None:
    answering = {RecordType.RETRACTION, RecordType.DISPUTE, RecordType.CASE_ENTRY}
    assert set(RecordType) - set(RULE_FIELDS) == answering


@pytest.mark.parametrize(
    ("short", "column", "template", "constant"),
    [
        ("$a", "a", None, None),
        ("$from node", "from node", None, None),
        ("x-{a}", None, "x-{a}", None),
        ("plain", None, None, "plain"),
        ("$", None, None, "$"),
        ("$ 5", None, None, "$ 5"),
        ("{constant: $a}", None, None, "$a"),
        ("7", None, None, "7"),
        ("true", None, None, "true"),
        ("2020-01-01", None, None, "2020-01-01"),
    ],
)
def test_a_short_form_means_column_template_or_constant(
    short: str, column: str | None, template: str | None, constant: str | None
) -> None:
    text = short if short.startswith("{c") or not re.search("[{$]", short) else f'"{short}"'
    made = mapping(
        f"""
records:
  - type: subject
    fields: {{subject: {{kind: account, key: $k}}, display_name: {text}}}
"""
    )
    cell = made.files[0].records[0].fields.display_name
    assert (cell.column, cell.template, cell.constant) == (column, template, constant)


def test_a_section_is_matched_by_glob_with_or_without_gz() -> None:
    section = link_mapping(section="match: 'edge*.csv'").files[0]
    assert section.matches("edges.csv")
    assert section.matches("edges-2.csv.gz")
    assert not section.matches("nodes.csv")
    assert not section.matches("EDGES.csv")
