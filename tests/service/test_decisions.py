from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.advice import advise
from graphsvc.app import Service
from graphsvc.decisions import Judge
from graphsvc.errors import SubjectNotFoundError
from graphsvc.lookup import NOT_FOUND, KeyColumn, bounds_of_kinds, find_ranks
from graphsvc.model import Policy, Record, SubjectKind, SubjectRef
from graphsvc.snapshot.snapshot import SUBJECT_KINDS
from tests.service import worlds
from tests.service.samples import PURPOSE, scored
from tests.service.test_advice import policies

keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
subjects = st.builds(SubjectRef, st.sampled_from(list(SubjectKind)), keys)


@settings(max_examples=200, deadline=None)
@given(st.sets(subjects, max_size=40), st.lists(subjects, max_size=20))
def test_many_are_found_where_one_by_one_they_stand(
    known: set[SubjectRef], asked: list[SubjectRef]
) -> None:
    order = sorted(known, key=lambda ref: (SUBJECT_KINDS.index(ref.kind), ref.key.encode()))
    kinds = np.array([SUBJECT_KINDS.index(ref.kind) for ref in order], np.uint8)
    column = KeyColumn.of(pa.array([ref.key for ref in order], pa.large_string()))
    wanted = [*asked, *order]
    expected = [order.index(ref) if ref in known else NOT_FOUND for ref in wanted]
    assert find_ranks(bounds_of_kinds(kinds), column, wanted).tolist() == expected


@pytest.mark.parametrize("key", ["", "a\0", "a" * 300, "\ud800", "a\0\0"])
def test_a_key_that_nobody_could_have_is_not_found(key: str) -> None:
    column = KeyColumn.of(pa.array(["a"], pa.large_string()))
    asked = [SubjectRef(SUBJECT_KINDS[0], key), SubjectRef(SUBJECT_KINDS[0], "a")]
    bounds = bounds_of_kinds(np.zeros(1, np.uint8))
    assert find_ranks(bounds, column, asked).tolist() == [NOT_FOUND, 0]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=worlds.records(), policy=policies(), data=st.data())
def test_each_of_many_decisions_is_what_advise_says_of_that_subject(
    make_service: Callable[..., Service],
    tmp_path: Path,
    records: list[Record],
    policy: Policy,
    data: st.DataObject,
) -> None:
    service = make_service(f"d{len(list(tmp_path.iterdir()))}")
    rows = scored(service, records)
    scores = service.scores(PURPOSE)
    asked = [row.subject for row in rows.values()]
    reviewed = frozenset(data.draw(st.sets(st.sampled_from(asked)))) if asked else frozenset()
    declared = service.judge(PURPOSE, scores.run)
    judge = Judge(policy, declared.programme, declared.purpose, reviewed)
    found = judge.judge(scores, scores.ranks_of(asked), asked)
    assert [found.at(place) for place in range(len(found))] == [
        advise(
            policy,
            judge.programme,
            judge.purpose,
            scores.score(subject),
            scores.run.run_id,
            is_under_review=subject in reviewed,
        )
        for subject in asked
    ]


def test_whom_a_run_does_not_have_it_says_so_both_ways(service: Service) -> None:
    scored(service, [])
    with pytest.raises(SubjectNotFoundError):
        service.advise(PURPOSE, SubjectRef(SubjectKind.ACCOUNT, "nobody"))
    nobody = [SubjectRef(SubjectKind.ACCOUNT, "nobody")]
    assert service.scores(PURPOSE).ranks_of(nobody).tolist() == [NOT_FOUND]
