# mypy: allow-subclassing-any
"""Subscriptions: every change of live scores, resumable from any cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import graphene
from anyio import to_thread
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.inputs import SubjectInput, checked_subjects
from gql.scalars import DateTime, Long
from gql.subjects import Subject
from graphsvc.errors import InvalidInputError, LiveBuildingError
from graphsvc.live.cursor import Cursor
from graphsvc.live.following import Following, LiveEvent, ResyncReason, Wanted
from graphsvc.live.host import HostedPurpose
from graphsvc.model import AuditAction, Programme, SubjectRef

LOOK_S = 1.0
"""How often a subscription looks by itself, should nobody tell it that something is new."""

_READERS = ThreadPoolExecutor(4, thread_name_prefix="subscription")
"""Threads of their own: a resync solves a whole graph, and nobody else should wait for that."""

ResyncReasonEnum = described_enum(
    ResyncReason,
    "Why a subscription can't simply go on from its cursor.",
    {
        ResyncReason.OTHER_SERVER: "Another server gave the cursor, or this one before it was "
        "started anew.",
        ResyncReason.TOO_OLD: "The changes after the cursor are no longer kept.",
    },
)


class ScoreResync(graphene.ObjectType):
    """Says that changes since the cursor can't be told one by one, and what is told instead."""

    reason = graphene.Field(
        ResyncReasonEnum, required=True, description="Why the subscription can't simply go on."
    )
    is_full = graphene.Boolean(
        required=True,
        description="True: these events hold every score that was asked for as it stands; forget "
        "all others. False: they hold the scores that moved since the cursor.",
    )
    is_last = graphene.Boolean(
        required=True,
        description="Whether this event ends the resync. Cut short before it, the resync begins "
        "again from the same cursor.",
    )


class ScoreChanged(graphene.ObjectType):
    """One score that moved."""

    number = graphene.Field(
        Long,
        description="Counts changes of the purpose at one server without gaps; null in a resync.",
    )
    subject = graphene.Field(
        Subject,
        required=True,
        description="Whose score.",
        resolver=lambda seen, info: seen.change.subject,
    )
    before = graphene.Float(
        description="The score that was told before; null where there was none.",
        resolver=lambda seen, info: seen.change.before,
    )
    after = graphene.Float(
        description="The score as it is now; null where the subject has none any more.",
        resolver=lambda seen, info: seen.change.after,
    )
    bound = graphene.Float(
        required=True,
        description="Largest possible error of `after`, in points.",
        resolver=lambda seen, info: seen.change.bound,
    )
    band_before = graphene.String(description="The band that `before` lies in.")
    band_after = graphene.String(description="The band that `after` lies in.")
    sequence = graphene.Field(
        Long,
        required=True,
        description="Sequence number of the last record that the change takes account of.",
    )
    at = graphene.Field(DateTime, required=True, description="The time that is scored.")


class ScoreChanges(graphene.ObjectType):
    """Some changes in order, and the cursor after them.

    The first event comes at once, if only for its cursor.
    """

    changes = graphene.List(
        graphene.NonNull(ScoreChanged), required=True, description="The changes, at most 200."
    )
    cursor = graphene.String(
        required=True,
        description="Send it as `after`, at this server or any other, to go on after this event.",
        resolver=lambda event, info: event.cursor.text(),
    )
    resync = graphene.Field(
        ScoreResync,
        description="Null, unless the subscription could not simply go on from its cursor.",
    )


def _resolve_score_changes(
    event: LiveEvent, info: GraphQLResolveInfo, *, purpose: str, **filters: object
) -> LiveEvent:
    # Asked for every event: what a credential holds may have changed meanwhile.
    view = RequestContext.of(info).view(purpose)
    view.note(AuditAction.READ_SCORE, [seen.change.subject for seen in event.changes])
    return event


async def _subscribe_score_changes(
    root: None,
    info: GraphQLResolveInfo,
    *,
    purpose: str,
    subjects: list[SubjectRef] | None = None,
    bands: list[str] | None = None,
    after: str | None = None,
) -> AsyncIterator[LiveEvent]:
    view = RequestContext.of(info).view(purpose)
    hosted = view.live()
    wanted = Wanted(
        None if subjects is None else frozenset(checked_subjects(subjects)),
        None if bands is None else _checked_bands(hosted.programme, bands),
    )
    cursor = None if after is None else Cursor.parse(after, purpose)
    scope = "all subjects" if subjects is None else f"{len(subjects)} subjects"
    await to_thread.run_sync(view.note_subscription, f"score changes of {scope}")
    return _events(hosted, Following(hosted, wanted, cursor))


def _checked_bands(programme: Programme, bands: list[str]) -> frozenset[str]:
    known = [band.name for band in programme.bands]
    for name in bands:
        if name not in known:
            raise InvalidInputError(
                f"bands: {name[:64]!r} is none of {', '.join(known) or 'none at all'}"
            )
    return frozenset(bands)


async def _events(hosted: HostedPurpose, following: Following) -> AsyncIterator[LiveEvent]:
    loop, is_new = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop has ended before the engine's thread has
            loop.call_soon_threadsafe(is_new.set)

    with hosted.listening(tell):
        while True:
            is_new.clear()
            event = await _next(loop, following)
            if event is not None:
                yield event
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(is_new.wait(), LOOK_S)


async def _next(loop: asyncio.AbstractEventLoop, following: Following) -> LiveEvent | None:
    if following.is_at_end:
        return None
    try:
        return await loop.run_in_executor(_READERS, following.next)
    except LiveBuildingError:
        return None  # it is being built anew; the place is kept


class ScoreSubscriptions(graphene.ObjectType):
    """Fields of Subscription that tell of scores."""

    score_changes = graphene.Field(
        ScoreChanges,
        required=True,
        description="Every change of a purpose's live scores by more than 0.1 points. Nothing is "
        "left out between two events, nor between a cursor and what follows it: where the changes "
        "after a cursor can't be told one by one, `resync` says so and what moved is told.",
        purpose=graphene.String(required=True, description="What the scores are read for."),
        subjects=graphene.List(
            graphene.NonNull(SubjectInput),
            description="Only these subjects, from 1 to 1000; all where it is left out.",
        ),
        bands=graphene.List(
            graphene.NonNull(graphene.String),
            description="Only scores that enter, leave or move within one of these bands.",
        ),
        after=graphene.String(
            description="Cursor to go on from, of an earlier event or of liveScore; from now on "
            "where it is left out."
        ),
        resolver=_resolve_score_changes,
    )
    subscribe_score_changes = _subscribe_score_changes
