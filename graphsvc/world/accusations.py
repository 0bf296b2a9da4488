"""Reports: of victims, of those who err in good faith, and of rings that lie."""

from __future__ import annotations

import numpy as np

from graphsvc.model import ReportCategory, ReportStatus
from graphsvc.world.columns import (
    CATEGORIES,
    NEVER,
    NOBODY,
    STATUSES,
    Bools,
    Events,
    Floats,
    Ints,
    Reports,
    joined,
)
from graphsvc.world.population import Population
from graphsvc.world.randomness import DAY_S, later, stream
from graphsvc.world.roles import Role
from graphsvc.world.trade import CARD_STOLEN, COMPLETED, NOT_DELIVERED, SHOP_CANCELLED, Orders

_OPEN = STATUSES.index(ReportStatus.OPEN)
_UPHELD = STATUSES.index(ReportStatus.UPHELD)
_REJECTED = STATUSES.index(ReportStatus.REJECTED)
_NO_ORDER = -1
_DECIDED_SHARE = 0.85
_WORTH_IT = 150.0


def accusations(world: Population, orders: Orders, forfeits: Events) -> Reports:
    """Return all reports; `orders` as numbered in the records, `forfeits` of hired goods."""
    rng = stream(world.settings.seed, "reports")
    true_ones = [
        *_of_orders(world, rng, orders),
        _of_forfeits(world, rng, forfeits),
        _of_impersonation(world, rng),
        _of_harassment(world, rng),
    ]
    share = world.settings.mistaken_report_share
    number = round(sum(map(len, true_ones)) * share / (1.0 - share))
    reports = joined([*true_ones, _mistaken(world, rng, orders, number), *_of_rings(world, rng)])
    reports = reports.take(reports.at_s < world.calendar.end_s)
    return _decided(world, rng, reports)


def _reports(
    category: ReportCategory,
    subject: Ints,
    reporter: Ints,
    at_s: Ints,
    severity: Floats,
    order: Ints | None = None,
    is_true: bool = True,
) -> Reports:
    n = len(subject)
    return Reports(
        at_s=at_s,
        category=np.full(n, CATEGORIES.index(category)),
        subject=subject,
        reporter=reporter,
        severity=np.round(severity, 2),
        order=np.full(n, _NO_ORDER) if order is None else order,
        status=np.full(n, _OPEN),
        decided_s=np.full(n, NEVER),
        is_true=np.full(n, is_true),
    )


def _chosen(world: Population, rng: np.random.Generator, among: Bools) -> Ints:
    return np.flatnonzero(among & (rng.random(len(among)) < world.settings.reporting_share))


def _of_orders(world: Population, rng: np.random.Generator, orders: Orders) -> list[Reports]:
    waiting = _chosen(world, rng, orders.outcome == NOT_DELIVERED)
    robbed = _chosen(world, rng, orders.outcome == CARD_STOLEN)
    # A broken word that cost nothing is seldom worth a complaint.
    annoyed = _chosen(world, rng, (orders.outcome == SHOP_CANCELLED) & (orders.amount > _WORTH_IT))
    return [
        _reports(
            ReportCategory.DISTRUST,
            orders.shop[annoyed],
            orders.buyer[annoyed],
            later(rng, orders.at_s[annoyed], 5, 12),
            rng.uniform(0.05, 0.3, len(annoyed)),
            annoyed,
        ),
        _reports(
            ReportCategory.NON_DELIVERY,
            orders.shop[waiting],
            orders.buyer[waiting],
            later(rng, orders.at_s[waiting], 5, 25),
            rng.uniform(0.3, 0.9, len(waiting)),
            waiting,
        ),
        _reports(
            ReportCategory.FRAUD,
            orders.buyer[robbed],
            orders.shop[robbed],
            later(rng, orders.at_s[robbed], 9, 45),
            rng.uniform(0.5, 1.0, len(robbed)),
            robbed,
        ),
    ]


def _of_forfeits(world: Population, rng: np.random.Generator, forfeits: Events) -> Reports:
    """Have analysts, who are nobody's subject, report goods that were kept."""
    chosen = _chosen(world, rng, np.ones(len(forfeits), np.bool_))
    return _reports(
        ReportCategory.FRAUD,
        forfeits.subject[chosen],
        np.full(len(chosen), NOBODY),
        later(rng, forfeits.at_s[chosen], 1, 15),
        rng.uniform(0.3, 0.8, len(chosen)),
    )


def _of_impersonation(world: Population, rng: np.random.Generator) -> Reports:
    """Have a few people notice that a fake account poses as somebody."""
    fakes = np.flatnonzero(world.role == list(Role).index(Role.FAKE))
    noticed = fakes[rng.random(len(fakes)) < 0.08]
    reporter = rng.choice(world.people(), len(noticed))
    ready_s = np.maximum(world.joined_s[noticed], world.joined_s[reporter])
    return _reports(
        ReportCategory.IMPERSONATION,
        noticed,
        reporter,
        later(rng, ready_s, 2, 60),
        rng.uniform(0.4, 0.9, len(noticed)),
    )


def _of_harassment(world: Population, rng: np.random.Generator) -> Reports:
    people = world.people()
    rude = people[rng.random(len(people)) < 0.01 * (1.0 - world.trustworthiness[people])]
    reporter = rng.choice(people, len(rude))
    rude, reporter = rude[rude != reporter], reporter[rude != reporter]
    ready_s = np.maximum(world.joined_s[rude], world.joined_s[reporter])
    at_s = world.calendar.between(rng, ready_s, world.calendar.end_s)
    severity = rng.uniform(0.1, 0.5, len(rude))
    return _reports(ReportCategory.HARASSMENT, rude, reporter, at_s, severity)


def _mistaken(world: Population, rng: np.random.Generator, orders: Orders, number: int) -> Reports:
    """Have buyers report, in good faith, shops that did deliver."""
    done = np.flatnonzero((orders.outcome == COMPLETED) & (world.turned_s[orders.shop] == NEVER))
    order = rng.choice(done, min(number, len(done)), replace=False)
    return _reports(
        ReportCategory.NON_DELIVERY,
        orders.shop[order],
        orders.buyer[order],
        later(rng, orders.at_s[order], 4, 20),
        rng.uniform(0.1, 0.6, len(order)),
        order,
        is_true=False,
    )


def _of_rings(world: Population, rng: np.random.Generator) -> list[Reports]:
    """Have each false reporter accuse the ring's target once or twice, from its turn on."""
    parts = []
    for group in world.groups:
        if group.role is not Role.FALSE_REPORTER:
            continue
        times = rng.integers(1, 3, len(group.members))
        reporter = np.repeat(group.members, times)
        again = np.concatenate([[False], reporter[1:] == reporter[:-1]])
        delay_s = np.where(again, rng.integers(DAY_S, 9 * DAY_S, len(reporter)), 0)
        category = ReportCategory.FRAUD if rng.random() < 0.5 else ReportCategory.NON_DELIVERY
        parts.append(
            _reports(
                category,
                np.full(len(reporter), group.target),
                reporter,
                world.turned_s[reporter] + delay_s,
                rng.uniform(0.7, 1.0, len(reporter)),
                is_true=False,
            )
        )
    return parts


def _decided(world: Population, rng: np.random.Generator, reports: Reports) -> Reports:
    """Decide most reports after a while, a few of them wrongly."""
    settings, n = world.settings, len(reports)
    delay_days = 1.0 + rng.gamma(2.0, settings.decision_delay_days / 2, n)
    decided_s = reports.at_s + (delay_days * DAY_S).astype(np.int64)
    decided = (rng.random(n) < _DECIDED_SHARE) & (decided_s < world.calendar.end_s)
    upheld = reports.is_true ^ (rng.random(n) < settings.wrong_decision_share)
    status = np.where(decided, np.where(upheld, _UPHELD, _REJECTED), _OPEN)
    return Reports(
        at_s=reports.at_s,
        category=reports.category,
        subject=reports.subject,
        reporter=reports.reporter,
        severity=reports.severity,
        order=reports.order,
        status=status,
        decided_s=np.where(decided, decided_s, NEVER),
        is_true=reports.is_true,
    )
