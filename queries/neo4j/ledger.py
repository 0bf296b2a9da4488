"""What all records have in common: identity, sequence, time, and by what they were superseded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from queries._load import load
from queries.neo4j._run import Transaction, change, first, only
from queries.rows import SupersessionRow

_LEDGER = load("neo4j/ledger.cypher")


class TakenLedgerRow(NamedTuple):
    """How far the ledger is; `append_first` is the first sequence of this very append, if done."""

    sequence: int
    subjects: int
    recorded_at_us: int
    append_first: int | None


class LedgerRow(NamedTuple):
    """How far the ledger is."""

    sequence: int
    subjects: int


class LedgerIdentityRow(NamedTuple):
    """One (source, external id) that has been used; `link_kind` is empty unless it is a link."""

    external_id: str
    sequence: int
    record_type: str
    link_kind: str
    content_hash: str
    superseded_by: int | None


def take(transaction: Transaction, token: str) -> TakenLedgerRow:
    """Lock the ledger until the transaction ends, and return how far it is."""
    return TakenLedgerRow(*only(transaction, _LEDGER["take_ledger"], {"token": token}))


def close_append(
    transaction: Transaction,
    token: str,
    *,
    first_sequence: int,
    last_sequence: int,
    subjects: int,
    recorded_at_us: int,
) -> None:
    """Note what an append added, and move the counter on."""
    change(
        transaction,
        _LEDGER["close_append"],
        {
            "token": token,
            "first_sequence": first_sequence,
            "last_sequence": last_sequence,
            "subjects": subjects,
            "recorded_at_us": recorded_at_us,
        },
    )


def state(transaction: Transaction) -> LedgerRow:
    """Return how far the ledger is."""
    return LedgerRow(*only(transaction, _LEDGER["select_ledger"]))


def sequence_at(transaction: Transaction, until_us: int) -> int:
    """Return the last sequence recorded at or before a time, 0 if none was."""
    found = first(transaction, _LEDGER["select_sequence_at"], {"until_us": until_us})
    return int(found["sequence"]) if found else 0


def count(transaction: Transaction) -> dict[str, int]:
    """Return how many records of each type there are."""
    found = first(transaction, _LEDGER["count_records"]) or {}
    records = int(found.pop("records"))
    return {"link": records - sum(found.values()), **found}


def identities(
    transaction: Transaction, source: str, external_ids: Sequence[str]
) -> list[LedgerIdentityRow]:
    """Return those of the external ids that the source has used."""
    columns = only(
        transaction,
        _LEDGER["select_identities"],
        {"source": source, "external_ids": list(external_ids)},
    )
    *others, superseded_by = columns
    return [
        LedgerIdentityRow(*row)
        for row in zip(*others, (sequence or None for sequence in superseded_by), strict=True)
    ]


def supersede(transaction: Transaction, pairs: Sequence[SupersessionRow]) -> int:
    """Note which records correct or withdraw which; return how many were found."""
    counters = change(
        transaction,
        _LEDGER["supersede_records"],
        {
            "sequence": [pair.superseded for pair in pairs],
            "superseded_by": [pair.superseded_by for pair in pairs],
        },
    )
    return counters.properties_set


def superseded_between(transaction: Transaction, after: int, up_to: int) -> list[int]:
    """Return, ascending, what the records in (after, up_to] superseded."""
    (sequences,) = only(
        transaction, _LEDGER["select_superseded_between"], {"after": after, "up_to": up_to}
    )
    return sorted(sequences)
