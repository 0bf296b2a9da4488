"""The same part of the schema in strawberry, answering from memory; served by uvicorn.

Run by the interpreter of benchmarks/.venv, which has strawberry, and none of the service.
"""

import hashlib
import hmac
import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any, NewType

import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

Long = NewType("Long", int)
DateTime = NewType("DateTime", str)
SubjectKind = strawberry.enum(Enum("SubjectKind", {"ACCOUNT": "ACCOUNT"}))
Advice = strawberry.enum(
    Enum("Advice", ["WAIVE_DEPOSIT", "FAST_CHECKOUT", "STANDARD", "STEP_UP", "REVIEW"])
)
DecisionProblem = strawberry.enum(
    Enum("DecisionProblem", {"SUBJECT_NOT_FOUND": "SUBJECT_NOT_FOUND"})
)
LinkKind = strawberry.enum(Enum("LinkKind", {"KNOWS": "KNOWS"}))
LinkDirection = strawberry.enum(
    Enum("LinkDirection", {"OUTGOING": "OUTGOING", "INCOMING": "INCOMING"})
)


@strawberry.type
class Run:
    run_id: str
    as_of: DateTime
    snapshot_sequence: Long
    score_bound: float


@strawberry.type
class Score:
    value: float
    bound: float
    width: float
    band: str | None
    own_points: float
    association_points: float
    exposure: float
    exposure_bound: float
    trust: float
    trust_bound: float
    programme: str
    run: Run


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Link:
    kind: LinkKind
    weight: float
    count: Long
    source: str
    external_id: str
    sequence: Long


@strawberry.type
class Subject:
    id: strawberry.ID
    kind: SubjectKind
    key: str
    its_decision: strawberry.Private[Any] = None
    its_score: strawberry.Private[Score | None] = None
    its_links: strawberry.Private[list[Any]] = ()

    @strawberry.field
    def score(self, purpose: str) -> Score | None:
        _require(purpose)
        return self.its_score

    @strawberry.field
    def links(self, purpose: str | None = None, first: int = 20) -> "LinkConnection":
        _require(purpose)
        edges = self.its_links[:first]
        return LinkConnection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=len(self.its_links) > first,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )


@strawberry.type
class LinkEdge:
    cursor: str
    direction: LinkDirection
    other: Subject
    node: Link


@strawberry.type
class LinkConnection:
    edges: list[LinkEdge]
    page_info: PageInfo


@strawberry.type
class ScoredSubject:
    subject: Subject
    score: Score


@strawberry.type
class Reason:
    code: str
    points: float
    text: str


@strawberry.type
class Decision:
    advice: Advice
    needs_person: bool
    on_own_evidence: Advice
    score: float
    bound: float
    band: str | None
    width: float
    policy: str
    policy_version: int
    programme: str
    run_id: str
    reasons: list[Reason]


@strawberry.type
class SubjectDecision:
    subject: Subject
    decision: Decision | None
    problem: DecisionProblem | None


@strawberry.input
class SubjectInput:
    kind: SubjectKind
    key: str


@strawberry.type
class Query:
    @strawberry.field
    def decisions(self, purpose: str, subjects: list[SubjectInput]) -> list[SubjectDecision]:
        _require(purpose)
        return [_decided(asked) for asked in subjects]

    @strawberry.field
    def subject(self, kind: SubjectKind, key: str) -> Subject | None:
        return DATA.subjects.get(key)

    @strawberry.field
    def top_subjects(self, purpose: str, first: int = 20) -> list[ScoredSubject]:
        _require(purpose)
        return [ScoredSubject(subject=one, score=one.its_score) for one in DATA.top[:first]]


class Data:
    """What the service published, as objects."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.purpose = content["purpose"]
        run = Run(**_snake(content["subjects"][0]["score"]["run"]))
        self.subjects = {
            found["key"]: Subject(
                id=found["id"],
                kind=SubjectKind[found["kind"]],
                key=found["key"],
                its_score=Score(**{**_snake(found["score"]), "run": run}),
                its_decision=_decision(found["decision"]),
                its_links=[_edge(link) for link in found["links"]],
            )
            for found in content["subjects"]
        }
        self.top = [self.subjects[key] for key in content["top"]]


def _decided(asked: SubjectInput) -> SubjectDecision:
    known = DATA.subjects.get(asked.key)
    return SubjectDecision(
        subject=Subject(id=strawberry.ID(""), kind=asked.kind, key=asked.key),
        decision=known.its_decision if known else None,
        problem=None if known else DecisionProblem.SUBJECT_NOT_FOUND,
    )


def _decision(found: dict[str, Any]) -> Decision:
    return Decision(
        **{
            **_snake(found),
            "advice": Advice[found["advice"]],
            "on_own_evidence": Advice[found["onOwnEvidence"]],
            "reasons": [Reason(**reason) for reason in found["reasons"]],
        }
    )


def _edge(found: dict[str, Any]) -> LinkEdge:
    other = found["other"]
    node = _snake(found["node"])
    return LinkEdge(
        cursor=found["cursor"],
        direction=LinkDirection[found["direction"]],
        other=Subject(id=other["id"], kind=SubjectKind[other["kind"]], key=other["key"]),
        node=Link(**{**node, "kind": LinkKind[node["kind"]]}),
    )


def _snake(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "".join(f"_{char.lower()}" if char.isupper() else char for char in name): value
        for name, value in found.items()
    }


def _require(purpose: str | None) -> None:
    if purpose != DATA.purpose:
        raise ValueError(f"purpose {purpose} is not served")


def _with_key_check(app: Any, digest: str) -> Any:
    async def checked(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            key = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
            if not hmac.compare_digest(hashlib.sha256(key).hexdigest(), digest):
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b"no valid key"})
                return
        await app(scope, receive, send)

    return checked


if __name__ == "__main__":
    DATA = Data(json.loads(Path(sys.argv[1]).read_text()))
    scalars = {Long: strawberry.scalar(name="Long"), DateTime: strawberry.scalar(name="DateTime")}
    schema = strawberry.Schema(
        Query,
        config=StrawberryConfig(scalar_map=scalars),
        extensions=[ParserCache, ValidationCache],
    )
    asgi: Any = GraphQL(schema, graphql_ide=None)
    if len(sys.argv) > 3:
        asgi = _with_key_check(asgi, sys.argv[3])
    uvicorn.run(
        asgi, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False
    )
