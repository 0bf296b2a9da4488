"""Documents are prepared once, persisted for a key, or trusted; nothing else about them leaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphql
import httpx
import pytest

from gql import documents
from gql.documents import Asked, Documents
from gql.limits import Limits
from gql.schema import schema
from gql.trusted import TrustedTexts
from graphsvc.errors import SettingsError
from graphsvc.settings import Settings
from tests.gql.conftest import CLIENT, Asker, RunningServer, World, make_keys, open_world, text_of
from tests.gql.world import AS_OF, MARKETPLACE, core

SCORE = text_of("score")
ANN = {"kind": "ACCOUNT", "key": "ann", "purpose": MARKETPLACE}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(sha256: object, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": sha256}}


def post(asker: Asker, **parameters: Any) -> httpx.Response:
    return CLIENT.post(
        f"{asker.url}/graphql",
        json=parameters,
        headers={"Authorization": f"Bearer {asker.secret}"},
    )


def code_of(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def counted(*arguments: Any, **options: Any) -> Any:
        seen.append("validated")
        return graphql.validate(*arguments, **options)

    monkeypatch.setattr(documents, "validate", counted)
    return seen


def test_a_document_is_validated_once_whoever_sends_it_with_whatever_variables(
    world: World, validations: list[str]
) -> None:
    text = SCORE + "# sent by this test only"
    for name in ("shop", "analyst"):
        for key in ("ann", "bob"):
            answer = post(world.asker(name), query=text, variables={**ANN, "key": key})
            assert answer.json()["data"]["subject"]["key"] == key
    assert validations == ["validated"]


def test_a_document_that_is_not_valid_is_not_kept(shop: Asker, validations: list[str]) -> None:
    for _ in range(2):
        assert code_of(post(shop, query="{ nonsense }")) == "GRAPHQL_VALIDATION_FAILED"
    assert validations == ["validated"] * 2


def test_what_is_kept_is_bounded_by_tokens_and_the_longest_unused_goes_first(
    validations: list[str],
) -> None:
    kept = Documents(schema, Limits.of(Settings()), cached_tokens=1000)
    texts = [f"query Q{number} {{ purposes {{ name }} }}" for number in range(40)]

    def ask(text: str) -> None:
        asked = Asked(text, None, None)
        if kept.known(asked, "holder") is None:
            kept.prepare(asked, "holder", with_suggestions=False)

    for text in texts:
        ask(text)
        ask(texts[0])
    assert len(validations) == 40  # the first stayed, for it was in use
    ask(texts[1])
    assert len(validations) == 41
    large = "query L {" + " ".join(f'a{n}: node(id: "1") {{ id }}' for n in range(29)) + " }"
    small = Documents(schema, Limits.of(Settings()), cached_tokens=100)
    for _ in range(2):
        small.prepare(Asked(large, None, None), "holder", with_suggestions=False)
        assert small.known(Asked(large, None, None), "holder") is None  # larger than all room


def test_a_persisted_query_is_asked_for_by_hash_after_it_was_sent_once(shop: Asker) -> None:
    text = SCORE + "# persisted"
    by_hash = {"extensions": persisted(digest(text)), "variables": ANN}
    first = post(shop, **by_hash)
    assert first.status_code == 200
    assert first.json() == {
        "errors": [
            {
                "message": "PersistedQueryNotFound",
                "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
            }
        ]
    }
    whole = post(shop, query=text, **by_hash).json()
    assert whole["data"]["subject"]["key"] == "ann"
    assert post(shop, **by_hash).json() == whole
    by_get = CLIENT.get(
        f"{shop.url}/graphql",
        params={name: json.dumps(value) for name, value in by_hash.items()},
        headers={"Authorization": f"Bearer {shop.secret}"},
    )
    assert by_get.json() == whole


def test_what_one_key_persisted_is_not_known_to_another(world: World) -> None:
    text = "{ purposes { name } } # of the shop"
    shop, analyst = world.asker("shop"), world.asker("analyst")
    post(shop, query=text, extensions=persisted(digest(text)))
    assert "data" in post(shop, extensions=persisted(digest(text))).json()
    post(analyst, query=text)
    assert code_of(post(analyst, extensions=persisted(digest(text)))) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_hash_that_is_not_the_texts_is_refused_and_persists_nothing(shop: Asker) -> None:
    wrong = persisted(digest("something else"))
    answer = post(shop, query="{ purposes { name } }", extensions=wrong)
    assert code_of(answer) == "PERSISTED_QUERY_MISMATCH"
    assert code_of(post(shop, extensions=wrong)) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "extensions",
    [persisted(None), persisted(3), persisted("0" * 64, version=2), {"persistedQuery": 1}],
)
def test_a_persisted_query_in_another_form_is_a_bad_request(
    shop: Asker, extensions: dict[str, Any]
) -> None:
    answer = post(shop, query="{ purposes { name } }", extensions=extensions)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


def test_an_invalid_document_persists_nothing(shop: Asker) -> None:
    extensions = persisted(digest("{ nonsense }"))
    post(shop, query="{ nonsense }", extensions=extensions)
    assert code_of(post(shop, extensions=extensions)) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    folder = tmp_path_factory.mktemp("trusting")
    trusted = folder / "trusted"
    trusted.mkdir()
    (trusted / "score.graphql").write_text(SCORE)
    service, _ = open_world(folder, trusted_documents=trusted)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    with RunningServer(service) as url:
        yield Asker(url, make_keys(folder)["shop"])


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": "score"},
        {"documentId": f"sha256:{digest(SCORE)}"},
        {"extensions": persisted(digest(SCORE))},
        {"query": SCORE},
    ],
)
def test_a_trusted_document_runs_by_id_by_hash_or_by_text(
    trusting: Asker, named: dict[str, Any]
) -> None:
    answer = post(trusting, variables=ANN, **named)
    assert answer.json()["data"]["subject"]["key"] == "ann"


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": "other"},
        {"query": "{ purposes { name } }"},
        {"query": SCORE + " "},
        {"query": "{ purposes { name } }", "documentId": "score"},
        {"query": "not graphql {"},
        {"query": SCORE, "extensions": persisted(digest("{ purposes { name } }"))},
        {
            "query": "{ purposes { name } }",
            "extensions": persisted(digest("{ purposes { name } }")),
        },
    ],
)
def test_whatever_is_not_trusted_is_refused_unread(trusting: Asker, named: dict[str, Any]) -> None:
    answer = post(trusting, **named)
    assert (answer.status_code, code_of(answer)) == (403, "DOCUMENT_NOT_TRUSTED")


@pytest.mark.parametrize(
    "manifest",
    [
        {"score-1": SCORE},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": "score-1", "name": "Score", "type": "query", "body": SCORE}],
        },
    ],
)
def test_a_manifest_names_trusted_documents_too(tmp_path: Path, manifest: object) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    known = Documents(
        schema, Limits.of(Settings()), cached_tokens=1000, trusted=TrustedTexts.load(path)
    )
    found = known.known(Asked(None, None, "score-1"), "holder")
    assert found is not None
    assert found.sha256 == digest(SCORE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "it is no JSON object"),
        ('{"a": 1}', "'a': a text is needed"),
        ("{}", "holds no document"),
        ('{"a": "{ nonsense }"}', "a: Cannot query field 'nonsense' on type 'Query'"),
        ('{"a": "{"}', "a: Syntax Error"),
    ],
)
def test_a_server_does_not_start_with_documents_that_it_could_not_run(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match="GRAPHSVC_TRUSTED_DOCUMENTS") as caught:
        Documents(
            schema, Limits.of(Settings()), cached_tokens=1000, trusted=TrustedTexts.load(path)
        )
    assert message in str(caught.value)


def test_a_document_id_means_nothing_where_no_document_is_trusted(shop: Asker) -> None:
    answer = post(shop, documentId="score")
    assert answer.json()["errors"][0]["message"] == (
        "documentId: this server has no trusted documents; send `query`"
    )


def test_of_several_operations_the_named_one_runs_and_a_name_is_needed(shop: Asker) -> None:
    text = "query A { purposes { name } } query B { purposes { version } }"
    assert set(post(shop, query=text, operationName="B").json()["data"]["purposes"][0]) == {
        "version"
    }
    for name in (None, "C"):
        answer = post(shop, query=text, operationName=name)
        assert code_of(answer) == "GRAPHQL_VALIDATION_FAILED"
