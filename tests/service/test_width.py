"""Thin files: how wide a score is, and that nobody is worse off for having no record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.model import EventKind, LinkKind, Record
from tests.service.samples import AS_OF, PURPOSE, event, listed, report, scored, trusts

THIN = "thin-file-credit"


def test_without_any_record_the_width_is_all_that_records_could_do(service: Service) -> None:
    """Up: 80 + 40 + 20 + 100 of allowlists; down: the scale ends at 350."""
    found = scored(service, [trusts(1, 2)])
    assert found["1"].score == 650.0
    assert found["1"].width == (650 + 240) - 350


def test_the_width_of_a_file_is_computed_by_hand(service: Service) -> None:
    """n = 1 + ½ records of orders: 5 / (5 + n) of what they leave open."""
    found = scored(
        service,
        [
            event(EventKind.ORDER_COMPLETED, 1),
            event(EventKind.ORDER_COMPLETED, 1, occurred_at=AS_OF - timedelta(days=365)),
        ],
    )
    assert found["1"].width == pytest.approx(5 / 6.5 * ((650 + 240) - 350), abs=1e-12)


def test_the_width_falls_with_every_record_and_rises_as_records_age(service: Service) -> None:
    records = [
        event(EventKind.ORDER_COMPLETED, key, external_id=f"{key}:{number}")
        for key in range(1, 12)
        for number in range(key)
    ]
    found = scored(service, [*records, trusts(0, 1)])
    widths = [found[str(key)].width for key in range(12)]
    assert widths == sorted(widths, reverse=True)
    assert widths[11] < widths[0] / 3
    service.recompute(PURPOSE, as_of=AS_OF + timedelta(days=3650))
    later = {row.subject.key: row.width for row in service.top(PURPOSE, 100)}
    assert all(later[str(key)] > widths[key] for key in range(1, 12))


def test_what_fakes_say_narrows_nothing(service: Service) -> None:
    found = scored(service, [trusts(1, 2), *[report(1, f"fake{n}") for n in range(50)]])
    assert found["1"].width == found["2"].width


def test_ties_to_trusted_subjects_help_a_thin_file_up_to_the_cap(service: Service) -> None:
    found = scored(
        service,
        [
            *[listed(f"v{n}", "credit-verified") for n in range(40)],
            *[trusts(f"v{n}", "new", kind=LinkKind.VOUCHES_FOR) for n in range(40)],
        ],
        THIN,
    )
    cap = service.library.purpose(THIN).association_cap_points
    assert 0.9 * cap < found["new"].association_points <= cap
    assert found["new"].own_points == 0.0


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(
        st.sampled_from([EventKind.LATE_PAYMENT, EventKind.DEFAULT, EventKind.BILL_PAID]),
        max_size=6,
    )
)
def test_nobody_is_worse_off_for_having_no_record(
    make_service: object, tmp_path: object, kinds: list[EventKind]
) -> None:
    """Without a record: never below anybody whose record is bad, and never an adverse advice."""
    service: Service = make_service(f"n{len(list(tmp_path.iterdir()))}")  # type: ignore
    bad: list[Record] = [
        event(kind, "bad", external_id=f"{number}")
        for number, kind in enumerate(kinds)
        if kind is not EventKind.BILL_PAID
    ]
    mixed = [event(kind, "mixed", external_id=f"m{n}") for n, kind in enumerate(kinds)]
    found = scored(service, [trusts("none", "bad", kind=LinkKind.VOUCHES_FOR), *bad, *mixed], THIN)
    assert found["none"].score == 650.0 >= found["bad"].score
    subject = found["none"].subject
    advised = service.advise(THIN, subject)
    assert advised.advice == "standard"
    assert found["none"].width >= max(row.width for row in found.values())
