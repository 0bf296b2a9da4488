"""The graph that all servers answer from: made by a seed, scored by the service, handed to peers.

What the peers get is read from the service's own Python objects, not from its GraphQL, so that
comparing answers also tests ours.
"""

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from graphql_relay import to_global_id

from gql.paging import cursor_of
from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.advice import Advised
from graphsvc.app import Service
from graphsvc.model import (
    Advice,
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    StoredRecord,
    SubjectKind,
    SubjectRef,
)
from graphsvc.settings import Settings

PURPOSE = "marketplace-integrity"
AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
SUBJECTS = 10_000
LINKS_OUT = 6
"""Links that each subject begins; it ends about as many, so that nearly all have ten."""

BATCH = 5_000
TOP = 100
LINKS_KEPT = 11


def settings_of(folder: Path) -> Settings:
    """Return the settings of the service that is measured."""
    return Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data")


def prepare(folder: Path) -> tuple[str, list[str]]:
    """Fill a store, publish a run, write data.json for the peers.

    Returns:
        the secret of a key that may read, and the keys of all subjects.
    """
    with Service.open(settings_of(folder)) as service:
        records = _records()
        for begin in range(0, len(records), BATCH):
            service.store.append(records[begin : begin + BATCH])
        service.recompute(PURPOSE, as_of=AS_OF)
        content = _content(service)
    (folder / "data.json").write_text(json.dumps(content))
    _, secret = create_key(folder / "data" / ACCESS_FOLDER, "bench", [PURPOSE], ["service"])
    return secret, [subject["key"] for subject in content["subjects"]]


def _subject(number: int) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, f"member-{number:06d}")


def _records() -> list[Record]:
    chance = random.Random(7)
    records: list[Record] = []
    for number in range(SUBJECTS):
        others = chance.sample(range(SUBJECTS), LINKS_OUT)
        records += [_link(number, other) for other in others if other != number]
        if number % 3 == 0:
            records.append(_event(number))
        if number % 200 == 0:
            records.append(_listing(number, "marketplace-fraud", ListKind.BLACKLIST))
        elif number % 100 == 0:
            records.append(_listing(number, "marketplace-verified", ListKind.ALLOWLIST))
    return records


def _link(number: int, other: int) -> Link:
    return Link(
        source="bench",
        external_id=f"link-{number}-{other}",
        kind=LinkKind.KNOWS,
        src=_subject(number),
        dst=_subject(other),
        weight=1.0 + (number + other) % 9,
    )


def _event(number: int) -> Event:
    return Event(
        source="bench",
        external_id=f"event-{number}",
        subject=_subject(number),
        kind=EventKind.ORDER_COMPLETED,
        occurred_at=datetime(2023, 1 + number % 12, 1, tzinfo=UTC),
    )


def _listing(number: int, list_name: str, kind: ListKind) -> Listing:
    return Listing(
        source="bench",
        external_id=f"{list_name}-{number}",
        subject=_subject(number),
        list_name=list_name,
        list_kind=kind,
        severity=0.8,
        reason_code="BENCH",
        authority="bench",
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )


def _content(service: Service) -> dict[str, Any]:
    """Return what the peers hold in memory, in the shape that GraphQL answers it."""
    scores = service.scores(PURPOSE)
    top = [scores.ref_at_rank(rank).key for rank in scores.ranks_by("exposure", TOP)]
    subjects = [_shown(scores.ref_at_rank(rank)) for rank in range(len(scores))]
    decisions = _decisions(service)
    for rank, subject in enumerate(subjects):
        subject["score"] = _score(service, rank)
        subject["decision"] = decisions[rank]
    of_top = set(top)
    for subject in subjects:
        subject["links"] = _links(service, subject["key"]) if subject["key"] in of_top else []
    return {"purpose": PURPOSE, "top": top, "subjects": subjects}


def _shown(subject: SubjectRef) -> dict[str, Any]:
    return {
        "id": to_global_id("Subject", str(subject)),
        "kind": subject.kind.name,
        "key": subject.key,
    }


def _score(service: Service, rank: int) -> dict[str, Any]:
    scores = service.scores(PURPOSE)
    values, run = scores.at_rank(rank), scores.run
    return {
        "value": values.score,
        "bound": run.score_bound,
        "width": values.width,
        "band": values.band,
        "ownPoints": values.own_points,
        "associationPoints": values.association_points,
        "exposure": values.exposure,
        "exposureBound": run.exposure.bound,
        "trust": values.trust,
        "trustBound": run.trust.bound,
        "programme": run.programme,
        "run": {
            "runId": run.run_id,
            "asOf": run.as_of.isoformat().replace("+00:00", "Z"),
            "snapshotSequence": run.snapshot_sequence,
            "scoreBound": run.score_bound,
        },
    }


def _decisions(service: Service) -> list[dict[str, Any]]:
    scores = service.scores(PURPOSE)
    ranks = np.arange(len(scores))
    subjects = [scores.ref_at_rank(int(rank)) for rank in ranks]
    judged = service.judge(PURPOSE, scores.run).judge(scores, ranks, subjects)
    return [_decision(judged.at(place), scores.run.score_bound) for place in range(len(judged))]


def _decision(advised: Advised, bound: float) -> dict[str, Any]:
    return {
        "advice": advised.advice.name,
        "needsPerson": advised.advice is Advice.REVIEW,
        "onOwnEvidence": advised.on_own_evidence.name,
        "score": advised.score,
        "bound": bound,
        "band": advised.band,
        "width": advised.width,
        "policy": advised.policy,
        "policyVersion": advised.policy_version,
        "programme": advised.programme,
        "runId": advised.run_id,
        "reasons": [
            {"code": reason.code, "points": reason.points, "text": reason.text}
            for reason in advised.reasons
        ],
    }


def _links(service: Service, key: str) -> list[dict[str, Any]]:
    subject = SubjectRef(SubjectKind.ACCOUNT, key)
    return [_edge(subject, stored) for stored in service.links(PURPOSE, subject, limit=LINKS_KEPT)]


def _edge(subject: SubjectRef, stored: StoredRecord[Record]) -> dict[str, Any]:
    link = stored.record
    assert isinstance(link, Link)
    is_outgoing = link.src == subject
    return {
        "cursor": cursor_of("link", stored.sequence),
        "direction": "OUTGOING" if is_outgoing else "INCOMING",
        "other": _shown(link.dst if is_outgoing else link.src),
        "node": {
            "kind": link.kind.name,
            "weight": link.weight,
            "count": link.count,
            "source": link.source,
            "externalId": link.external_id,
            "sequence": stored.sequence,
        },
    }
