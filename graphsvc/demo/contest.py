"""The demo's second half: a shop, its blacklisted supplier, a dispute, and the score back.

A generated marketplace, as real ones do not come with their disputes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from graphsvc.access.audit_check import verify_chain
from graphsvc.app import Service
from graphsvc.changes import ScoreChange
from graphsvc.cli.output import scientific, signed, table
from graphsvc.model import DisputeStatus, Listing, ListKind, Retraction, SubjectRef
from graphsvc.settings import Settings
from graphsvc.world import Story, WorldSettings, generate, load_world, story_shop

PURPOSE = "marketplace-integrity"
SUBJECTS = 1_500
SHOWN = 5
ACTOR = "demo"

Step = Callable[[Console, int, str], None]


@dataclass(frozen=True, slots=True)
class _Scene:
    service: Service
    story: Story
    source: str
    console: Console

    def score(self, subject: SubjectRef) -> float:
        return self.service.scores(PURPOSE).score(subject).score

    def name(self, subject: SubjectRef) -> str:
        names = {
            self.story.shop: f"{self.story.shop_name}, the shop",
            self.story.supplier: f"{self.story.supplier_name}, its supplier",
        }
        return names.get(subject, str(subject))


def contest(folder: Path, console: Console, step: Step, first_number: int) -> None:
    """Tell the story in a fresh store in `folder`, its steps numbered from `first_number`."""
    settings = Settings(
        store=f"sqlite:///{folder / 'marketplace.db'}",
        data_dir=folder / "marketplace",
        definitions_dir=None,
    )
    world = generate(WorldSettings(subjects=SUBJECTS))
    with Service.open(settings) as service:
        scene = _Scene(service, story_shop(world), world.settings.source, console)
        step(console, first_number, "A generated marketplace: what a shop's own record is worth")
        loaded = load_world(world, service.store)
        console.print(
            f"{loaded.accepted:,} records on {SUBJECTS:,} people, shops, devices and rings of "
            "fakes over two years."
        )
        before = _own_record(scene)
        step(console, first_number + 1, "Its supplier is put on a blacklist")
        _listed(scene, before)
        step(console, first_number + 2, "The supplier contests the entry, and the score is back")
        _contested(scene)
        step(console, first_number + 3, "Live: a listing is felt at once, and gone as fast")
        _live(scene)


def _own_record(scene: _Scene) -> float:
    story, console = scene.story, scene.console
    scene.service.recompute(PURPOSE, as_of=story.before, actor=ACTOR)
    explanation = scene.service.explain(PURPOSE, story.shop)
    value = explanation.score
    console.print(
        f"[bold]{story.shop_name}[/] ({story.shop}), {story.before:%Y-%m-%d}: "
        f"[bold cyan]{value.score:.1f}[/] {value.band}   {story.orders} orders completed, "
        f"{story.payments} payments to {story.supplier_name}"
    )
    for reason in explanation.reasons[:SHOWN]:
        console.print(f"  {signed(reason.points):>8}  {reason.text}", highlight=False)
    return value.score


def _listed(scene: _Scene, before: float) -> None:
    story, service, console = scene.story, scene.service, scene.console
    service.recompute(PURPOSE, as_of=story.moment, actor=ACTOR)
    explanation = service.explain(PURPOSE, story.shop)
    value, run = explanation.score, explanation.run
    cap = service.library.purpose(PURPOSE).association_cap_points
    console.print(
        f"{story.supplier_name} is listed for fraud. [bold]{story.shop_name}[/] had "
        f"{before:.1f}; two days later it has [bold cyan]{value.score:.1f}[/] "
        f"± {scientific(run.score_bound)}."
    )
    console.print(
        f"All its contacts together: {signed(value.association_points)} points. They can take "
        f"{cap:.0f} at most, however many of them are listed."
    )
    console.print("What the shop is told (nobody else is named):")
    for place, reason in enumerate(explanation.adverse, start=1):
        console.print(f"  {place}. {reason.text}  ({signed(reason.points)})", highlight=False)
    advised = service.advise(PURPOSE, story.shop)
    console.print(
        f"Advice: [bold]{advised.advice}[/]; on its own evidence alone: {advised.on_own_evidence}."
    )


def _contested(scene: _Scene) -> None:
    story, service, console = scene.story, scene.service, scene.console
    listed = scene.score(story.shop)
    begun = time.perf_counter()
    opened, changes = service.redress.open(
        story.supplier,
        (scene.source, story.listing_id),
        grounds="The fraud was another firm's, of a like name.",
        actor=ACTOR,
        suspend=True,
        as_of=story.moment,
    )
    elapsed_s = time.perf_counter() - begun
    console.print(
        f"Dispute [bold]{opened.dispute_id}[/] is open, the entry suspended for everybody: "
        f"{len(changes):,} scores moved, published after {elapsed_s:.1f} s."
    )
    console.print(_table(scene, changes))
    decided, _ = service.redress.decide(
        opened.dispute_id,
        DisputeStatus.REMOVED,
        decision="The authority confirms the mix-up.",
        actor=ACTOR,
        as_of=story.moment,
    )
    console.print(
        f"Decided: [bold]{decided.dispute.status}[/]. {story.shop_name}: {listed:.1f} while its "
        f"supplier was listed, [bold cyan]{scene.score(story.shop):.1f}[/] now."
    )
    head = verify_chain(service.store)
    console.print(
        f"Every step is in the audit: {head.position} entries, chain sound, head "
        f"{head.entry_hash[:16]}…"
    )


def _live(scene: _Scene) -> None:
    story, service, console = scene.story, scene.service, scene.console
    begun = time.perf_counter()
    engine = service.live([PURPOSE], now=story.moment)
    bound = engine.programme(PURPOSE).bound()
    console.print(
        f"Live scores of {engine.programme(PURPOSE).n:,} subjects built in "
        f"{time.perf_counter() - begun:.1f} s, each ± {scientific(bound.score)} points."
    )
    listing = Listing(
        source=ACTOR,
        external_id="listed-live",
        subject=story.supplier,
        list_name="marketplace-fraud",
        list_kind=ListKind.BLACKLIST,
        reason_code="FRAUD",
        authority="demo",
        effective_from=story.moment - timedelta(days=1),
        until=story.moment + timedelta(days=365),
    )
    lifted = Retraction(
        source=ACTOR, external_id="lifted-live", supersedes="listed-live", reason="a demonstration"
    )
    # The first time compiles; what is shown is what every later change takes.
    for record in (listing, lifted):
        service.store.append([record])
        engine.catch_up(story.moment)
    again = replace(listing, external_id="listed-again")
    for record, words in (
        (again, "Listed again"),
        (replace(lifted, external_id="lifted-again", supersedes="listed-again"), "And lifted"),
    ):
        service.store.append([record])
        begun = time.perf_counter()
        found = engine.catch_up(story.moment)
        elapsed_us = 1e6 * (time.perf_counter() - begun)
        champion = [
            one.change
            for one in found
            if one.change.programme == engine.programme(PURPOSE).programme.name
        ]
        champion.sort(key=lambda change: -abs(change.points))
        console.print(
            f"[bold]{words}[/]: {len(champion):,} scores moved by more than 0.1 points, "
            f"{elapsed_us:,.0f} µs after it was recorded."
        )
        console.print(_table(scene, champion))
    for held in engine.reconcile():
        console.print(
            f"{held.programme}: {held.difference:.4f} points from a full solution at most, "
            f"{held.allowed:.4f} allowed.",
            highlight=False,
        )


def _table(scene: _Scene, changes: Sequence[ScoreChange]) -> Table:
    shown = list(changes[:SHOWN])
    shown += [change for change in changes[SHOWN:] if change.subject == scene.story.shop]
    numeric = frozenset({"before", "after", "points"})
    rows = table(
        "Who felt it most, and the shop", ("who", "before", "after", "points"), numeric=numeric
    )
    for change in shown:
        rows.add_row(
            scene.name(change.subject),
            f"{change.before:.1f}",
            f"{change.after:.1f}",
            signed(change.points),
        )
    return rows
