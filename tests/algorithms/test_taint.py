"""Taint follows its definition, coin by coin, and no tainted money is made or lost."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    InvalidArgumentError,
    Payments,
    fifo_taint,
    haircut_taint,
    payments_from_networkx,
    poison_taint,
)
from tests.algorithms import naive_methods

RULES = [poison_taint, haircut_taint, fifo_taint]


@st.composite
def histories(draw):
    n = draw(st.integers(2, 5))
    account = st.integers(0, n - 1)
    rows = draw(st.lists(st.tuples(account, account, st.integers(0, 9)), max_size=25))
    listed = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    opening = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    payer, payee, amount = zip(*rows, strict=True) if rows else ((), (), ())
    amounts = np.array(amount, np.int64)
    return Payments(np.array(payer), np.array(payee), amounts, n), rows, listed, opening


@given(histories())
@settings(max_examples=200, deadline=None)
def test_fifo_moves_every_coin_as_a_queue_does(case):
    payments, rows, listed, opening = case
    result = fifo_taint(payments, listed, opening=opening)
    paid, held = naive_methods.fifo_taint(rows, listed, opening)
    assert result.paid.tolist() == paid
    assert result.held.tolist() == held


@given(histories())
@settings(max_examples=100, deadline=None)
def test_haircut_is_the_exact_share_but_for_rounding(case):
    payments, rows, listed, opening = case
    result = haircut_taint(payments, listed, opening=opening)
    paid, held = naive_methods.haircut_taint(rows, listed, opening)
    np.testing.assert_allclose(result.paid, np.array(paid, float), rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.held, np.array(held, float), rtol=0, atol=1e-12)


@given(histories())
@settings(max_examples=100, deadline=None)
def test_poison_taints_all_that_the_touched_pay(case):
    payments, rows, listed, opening = case
    result = poison_taint(payments, listed, opening=opening)
    assert result.paid.tolist() == naive_methods.poison_taint(rows, listed, opening)


@pytest.mark.parametrize("rule", [haircut_taint, fifo_taint])
@given(case=histories())
@settings(max_examples=60, deadline=None)
def test_what_the_listed_pay_out_is_held_by_others_or_came_back(rule, case):
    payments, _, listed, opening = case
    result = rule(payments, listed, opening=opening)
    marked = np.array(listed, bool)
    moves = payments.payer != payments.payee
    issued = payments.amount[moves & marked[payments.payer]].sum()
    returned = result.received[marked].sum()
    assert result.held[~marked].sum() + returned == pytest.approx(issued, abs=1e-9)


@pytest.mark.parametrize("rule", RULES)
@given(case=histories(), more=st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_another_listing_never_cleans_a_payment(rule, case, more):
    payments, _, listed, opening = case
    longer = list(listed)
    longer[more % payments.n] = True
    before = rule(payments, listed, opening=opening).paid
    after = rule(payments, longer, opening=opening).paid
    assert (after >= before - 1e-9).all()


@given(histories())
@settings(max_examples=60, deadline=None)
def test_poison_is_the_most_that_any_rule_finds(case):
    payments, _, listed, opening = case
    most = poison_taint(payments, listed, opening=opening).paid
    for rule in (haircut_taint, fifo_taint):
        assert (rule(payments, listed, opening=opening).paid <= most + 1e-9).all()


def test_money_paid_before_the_tainted_arrived_is_clean():
    payments = Payments([1, 0, 1], [2, 1, 2], [5, 5, 5], 3)
    for rule in RULES:
        assert rule(payments, [True, False, False], opening=[0, 9, 0]).paid[0] == 0


def test_received_is_the_sum_of_tainted_payments():
    payments = Payments([0, 0, 1], [1, 1, 2], [3, 4, 7], 3)
    for rule in RULES:
        assert rule(payments, [True, False, False]).received.tolist() == [0, 7, 7]


def test_payments_come_from_networkx_in_the_order_of_time():
    network = nx.MultiDiGraph()
    network.add_edge("b", "c", amount=4, time=9)
    network.add_edge("a", "b", amount=5, time=1)
    payments, nodes = payments_from_networkx(network)
    assert [nodes[i] for i in payments.payer] == ["a", "b"]
    assert fifo_taint(payments, [node == "a" for node in nodes]).paid.tolist() == [5, 4]
    network.add_edge("c", "a", amount=0.5, time=3)
    with pytest.raises(InvalidArgumentError, match="amount must be 3 whole numbers"):
        payments_from_networkx(network)
    network.add_edge("c", "a", time=4)
    with pytest.raises(InvalidArgumentError, match=r"network\[2\] lacks 'amount'"):
        payments_from_networkx(network)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1], [0.5], 2), "amount must be 1 whole numbers"),
        (([0], [1], [-1], 2), r"amount\[0\] is -1"),
        (([0, 0], [1, 1], [2**61, 2**61], 2), "amount comes to 2\\^62"),
        (([0], [3], [1], 2), r"payee\[0\] is 3"),
        (([0, 1], [1], [1, 1], 2), "payee has 1 rows"),
    ],
)
def test_payments_out_of_their_domain_are_named(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Payments(*arguments)


def test_accounts_out_of_their_domain_are_named():
    payments = Payments([0], [1], [2**61], 2)
    with pytest.raises(InvalidArgumentError, match="is_listed has shape"):
        fifo_taint(payments, [True])
    with pytest.raises(InvalidArgumentError, match="opening and all payments"):
        fifo_taint(payments, [True, False], opening=[2**61, 0])
    with pytest.raises(InvalidArgumentError, match="opening must be 2 whole"):
        haircut_taint(payments, [True, False], opening=[1])
