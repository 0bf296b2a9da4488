"""Records of every noun: what they have in common, and each noun's own fields.

Nouns are named by the closed enumeration NOUNS, so that no table's name is ever spliced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sqlite3 import Connection

from queries._load import Statement, load
from queries.rows import HeadingRow, IdentityRow, LastRecordRow, Parameters, Row, SupersessionRow
from queries.sqlite._run import first, json_list, rows

_RECORDS = load("sqlite/records.sql")
_INSERT: dict[str, Statement] = {
    "subject": load("sqlite/subjects.sql")["insert_registration"],
    "link": load("sqlite/links.sql")["insert_link"],
    "event": load("sqlite/events.sql")["insert_event"],
    "report": load("sqlite/reports.sql")["insert_report"],
    "listing": load("sqlite/listings.sql")["insert_listing"],
    "retraction": load("sqlite/retractions.sql")["insert_retraction"],
    "dispute": load("sqlite/disputes.sql")["insert_dispute"],
    "case_entry": load("sqlite/cases.sql")["insert_case_entry"],
}
_IN_RANGE: dict[str, Statement] = {
    "subject": load("sqlite/subjects.sql")["select_registrations"],
    "link": load("sqlite/links.sql")["select_links"],
    "event": load("sqlite/events.sql")["select_events"],
    "report": load("sqlite/reports.sql")["select_reports"],
    "listing": load("sqlite/listings.sql")["select_listings"],
    "retraction": load("sqlite/retractions.sql")["select_retractions"],
    "dispute": load("sqlite/disputes.sql")["select_disputes"],
    "case_entry": load("sqlite/cases.sql")["select_case_entries"],
}
_OF_SUBJECT: dict[str, Statement] = {
    "subject": load("sqlite/subjects.sql")["select_registrations_of_subject"],
    "link": load("sqlite/links.sql")["select_links_of_subject"],
    "event": load("sqlite/events.sql")["select_events_of_subject"],
    "report": load("sqlite/reports.sql")["select_reports_of_subject"],
    "listing": load("sqlite/listings.sql")["select_listings_of_subject"],
    "dispute": load("sqlite/disputes.sql")["select_disputes_of_subject"],
    "case_entry": load("sqlite/cases.sql")["select_case_entries_of_subject"],
}
_STANDING_OF_SUBJECTS: dict[str, Statement] = {
    "link": load("sqlite/links.sql")["select_standing_links_of_subjects"],
    "event": load("sqlite/events.sql")["select_standing_events_of_subjects"],
    "report": load("sqlite/reports.sql")["select_standing_reports_of_subjects"],
    "listing": load("sqlite/listings.sql")["select_standing_listings_of_subjects"],
}
_AT: dict[str, Statement] = {
    "link": load("sqlite/links.sql")["select_links_at"],
    "event": load("sqlite/events.sql")["select_events_at"],
    "report": load("sqlite/reports.sql")["select_reports_at"],
    "listing": load("sqlite/listings.sql")["select_listings_at"],
}
EVIDENCE_NOUNS = tuple(_AT)
_REPORTS_BY = load("sqlite/reports.sql")["select_reports_by_subject"]
NOUNS = frozenset(_INSERT)


def last(connection: Connection) -> LastRecordRow:
    """Return the record with the highest sequence."""
    found = first(connection, _RECORDS["select_last_record"])
    return LastRecordRow(*found) if found else LastRecordRow(0, 0)


def sequence_at(connection: Connection, until_us: int) -> int:
    """Return the sequence of the last record recorded at or before a time, 0 if none was."""
    found = first(connection, _RECORDS["select_sequence_at"], {"until_us": until_us})
    return int(found[0]) if found else 0


def count(connection: Connection) -> dict[str, int]:
    """Return how many records of each noun there are."""
    return dict(connection.execute(_RECORDS["count_records"].text))


def identities(
    connection: Connection, source: str, external_ids: Iterable[str]
) -> list[IdentityRow]:
    """Return those of the external ids that the source has used."""
    cursor = connection.execute(
        _RECORDS["select_identities"].text,
        {"source": source, "external_ids": json_list(external_ids)},
    )
    return [IdentityRow(*row) for row in cursor]


def headings(connection: Connection, source: str, external_ids: Iterable[str]) -> list[HeadingRow]:
    """Return what those of a source's records are that are there."""
    cursor = connection.execute(
        _RECORDS["select_headings"].text,
        {"source": source, "external_ids": json_list(external_ids)},
    )
    return [HeadingRow(*row) for row in cursor]


def noun_at(connection: Connection, sequence: int) -> str | None:
    """Return the noun of the record at a sequence, None where there is none or it was erased."""
    found = first(connection, _RECORDS["select_noun_at"], {"sequence": sequence})
    return str(found[0]) if found and found[0] in NOUNS else None


def insert(connection: Connection, noun: str, records: Sequence[Parameters]) -> None:
    """Add records of one noun; each holds the columns of `record` and of its noun."""
    connection.executemany(_RECORDS["insert_record"].text, records)
    connection.executemany(_INSERT[noun].text, records)


def insert_supersessions(connection: Connection, pairs: Iterable[SupersessionRow]) -> None:
    """Note which records correct or withdraw which."""
    connection.executemany(_RECORDS["insert_supersession"].text, pairs)


def superseded_between(connection: Connection, after: int, up_to: int) -> list[int]:
    """Return, ascending, what the records in (after, up_to] superseded."""
    cursor = connection.execute(
        _RECORDS["select_superseded_between"].text, {"after": after, "up_to": up_to}
    )
    return [sequence for (sequence,) in cursor]


def supersessions_of(connection: Connection, first: int, last: int) -> list[SupersessionRow]:
    """Return what became of the records from `first` to `last`, both included."""
    cursor = connection.execute(
        _RECORDS["select_supersessions_of"].text, {"first": first, "last": last}
    )
    return [SupersessionRow(*row) for row in cursor]


def in_range(
    connection: Connection,
    noun: str,
    *,
    after: int,
    up_to: int,
    standing_at: int | None,
    limit: int,
) -> list[Row]:
    """Return records of one noun by sequence; `standing_at` None: superseded ones too."""
    return rows(
        connection,
        _IN_RANGE[noun],
        {"after": after, "up_to": up_to, "standing_at": standing_at, "limit": limit},
    )


def of_subject(
    connection: Connection,
    noun: str,
    number: int,
    *,
    after: int,
    up_to: int,
    limit: int,
    link_kinds: Sequence[str] | None,
) -> list[Row]:
    """Return records that concern one subject by sequence, superseded ones too."""
    if noun not in _OF_SUBJECT:
        return []
    parameters: Row = {"subject": number, "after": after, "up_to": up_to, "limit": limit}
    if noun == "link":
        parameters["kinds"] = None if link_kinds is None else json_list(link_kinds)
    return rows(connection, _OF_SUBJECT[noun], parameters)


def standing_of_subjects(
    connection: Connection, noun: str, numbers: Iterable[int], wanted: Row, limits: Row
) -> list[tuple[int, int]]:
    """Return subject's number and sequence of the next standing records of many subjects.

    `wanted` narrows them, with None where it doesn't; `limits` are after, up_to and limit.
    """
    if noun not in _STANDING_OF_SUBJECTS:
        return []
    kinds = wanted["kinds"]
    parameters = {
        **wanted,
        **limits,
        "kinds": None if kinds is None else json_list(kinds),
        "subjects": json_list(numbers),
    }
    found: list[tuple[int, int]] = connection.execute(
        _STANDING_OF_SUBJECTS[noun].text, parameters
    ).fetchall()
    return found


def at(connection: Connection, noun: str, sequences: Iterable[int]) -> list[Row]:
    """Return the records of one noun at some sequences, by sequence."""
    return rows(connection, _AT[noun], {"sequences": json_list(sequences)})


def reports_by(
    connection: Connection, number: int, *, after: int, up_to: int, limit: int
) -> list[Row]:
    """Return the reports that one subject made by sequence, superseded ones too."""
    parameters: Row = {"subject": number, "after": after, "up_to": up_to, "limit": limit}
    return rows(connection, _REPORTS_BY, parameters)
