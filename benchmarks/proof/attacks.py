"""What bad subjects and their fakes do to a network: pure functions from a view to another view.

An attack is made by the bad who are asked about, never by those known; it may not touch what is
known, whom it is asked about, or the answers. Nothing is said about the attackers but by links, and
no link joins two labelled subjects, which the protocol hides. Fakes are new subjects, numbered from
``view.n`` on. New links come last in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.proof.view import Floats, Ids, Links, View

RING_LINKS_EACH = 5
FAKES_TO_AN_ATTACK_LINK = 10
VICTIMS_OF_A_FAKE = 10


@dataclass(frozen=True, eq=False)
class Scene:
    """Who there is.

    Attributes:
        view: what a method would see without an attack.
        attackers: the bad who are asked about.
        victims: the good who are asked about.
        bystanders: honest, as far as anybody knows, and asked about by nobody.
        is_mutual: whether every link goes both ways.
    """

    view: View
    attackers: Ids
    victims: Ids
    bystanders: Ids
    is_mutual: bool = False


Make = Callable[[Scene, float, np.random.Generator], View]


@dataclass(frozen=True)
class Attack:
    """A named attack; ``unit`` says what its strengths count."""

    name: str
    unit: str
    make: Make
    strengths: tuple[float, ...] = (1, 5, 20)


def attacked(attack: Attack, scene: Scene, strength: float, seed: int) -> View:
    """Return what a method sees after an attack; the same again for the same seed."""
    return attack.make(scene, strength, np.random.default_rng(seed))


def ring(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """``strength`` fakes for each attacker link to him and to five others of their one ring.

    One fake in ten has a link by a bystander: the attack links.
    """
    fakes = _new_subjects(scene, round(strength * scene.attackers.size))
    if not fakes.size:
        return scene.view
    each = min(RING_LINKS_EACH, fakes.size - 1)
    inside = np.repeat(fakes, each), _others(fakes, each, rng)
    talked_into = fakes[::FAKES_TO_AN_ATTACK_LINK]
    bought = rng.choice(scene.bystanders, talked_into.size), talked_into
    praise = fakes, np.resize(scene.attackers, fakes.size)
    strong = np.concatenate([inside[0], praise[0]]), np.concatenate([inside[1], praise[1]])
    view = _with_links(scene, *strong, _strongest(scene.view), fakes.size)
    return _with_links(replace(scene, view=view), *bought, _ordinary(scene.view))


def bought_links(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """``strength`` bystanders link to each attacker, as people link ordinarily."""
    bought = np.repeat(scene.attackers, round(strength))
    sellers = rng.choice(scene.bystanders, bought.size)
    return _with_links(scene, sellers, bought, _ordinary(scene.view))


def whitewash(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """A share of the attackers leave their past to an old identity and come back with one link.

    The old identity is a new number with all their links; nothing ties it to the newcomer.
    """
    view = scene.view
    leaving = rng.permutation(scene.attackers)[: round(strength * scene.attackers.size)]
    old = np.arange(view.n)
    old[leaving] = view.n + np.arange(leaving.size)
    links = view.links
    moved = Links(old[links.src], old[links.dst], links.weight, links.time)
    left = View(view.n + leaving.size, moved, view.bad, view.good)
    first = rng.choice(scene.bystanders, leaving.size)
    return _with_links(replace(scene, view=left), first, leaving, _ordinary(view))


def camouflage(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """Each attacker links to ``strength`` bystanders as others do: rates them at their mean."""
    view = scene.view
    source = np.repeat(scene.attackers, round(strength))
    target = rng.choice(scene.bystanders, source.size)
    weight: float | Floats = _ordinary(view)
    if _is_signed(view):
        weight = view.ratings.mean_received[target]
    return _with_links(scene, source, target, weight)


def slander(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """``strength`` fakes speak against each victim, each fake against ten.

    Where links have signs, by the worst rating. Elsewhere by a link from a fake whom one of the
    known bad links to: dirty money sent to the clean.
    """
    view = scene.view
    targets = np.tile(rng.permutation(scene.victims), round(strength))
    author = np.arange(targets.size) // VICTIMS_OF_A_FAKE
    fakes = _new_subjects(scene, int(author[-1]) + 1 if author.size else 0)
    if _is_signed(view):
        return _with_links(
            scene, fakes[author], targets, float(view.links.weight.min()), fakes.size
        )
    payers = rng.choice(view.bad, fakes.size)
    dirty = _with_links(scene, payers, fakes, _ordinary(view), fakes.size)
    return _with_links(replace(scene, view=dirty), fakes[author], targets, _ordinary(view))


def trusted_slander(scene: Scene, strength: float, rng: np.random.Generator) -> View:
    """Slander by fakes of whom each has bought one bystander's link first."""
    view = slander(scene, strength, rng)
    fakes = np.arange(scene.view.n, view.n)
    sellers = rng.choice(scene.bystanders, fakes.size)
    return _with_links(replace(scene, view=view), sellers, fakes, _ordinary(scene.view))


ATTACKS = (
    Attack("ring", "fakes for each attacker", ring),
    Attack("bought links", "links for each attacker", bought_links),
    Attack("whitewash", "share of the attackers", whitewash, (0.25, 0.5, 1.0)),
    Attack("camouflage", "links by each attacker", camouflage),
    Attack("slander", "fakes against each good subject", slander),
    Attack("trusted slander", "fakes against each good subject", trusted_slander),
)


def bystanders(view: View, labelled: Ids) -> Ids:
    """Return who has a link, no label and, where links have signs, ratings that sum above 0."""
    links = view.links
    seen = np.zeros(view.n, np.bool_)
    seen[links.src] = seen[links.dst] = True
    if _is_signed(view):
        seen &= np.bincount(links.dst, links.weight, view.n) > 0.0
    seen[labelled] = False
    return np.flatnonzero(seen)


def _new_subjects(scene: Scene, count: int) -> Ids:
    return scene.view.n + np.arange(count)


def _others(fakes: Ids, each: int, rng: np.random.Generator) -> Ids:
    """Return ``each`` targets for every fake, at steps along the ring that never lead back."""
    if not each:
        return fakes[:0]
    steps = 1 + rng.choice(fakes.size - 1, each, replace=False)
    return fakes[(np.arange(fakes.size)[:, None] + steps).ravel() % fakes.size]


def _with_links(scene: Scene, src: Ids, dst: Ids, weight: float | Floats, new: int = 0) -> View:
    view = scene.view
    if scene.is_mutual:
        src, dst = np.concatenate([src, dst]), np.concatenate([dst, src])
    links, time = view.links, view.links.time
    if time is not None:
        time = np.concatenate([time, np.full(src.size, time.max())])
    added = Links(
        np.concatenate([links.src, src]),
        np.concatenate([links.dst, dst]),
        np.concatenate([links.weight, np.broadcast_to(weight, src.size)]),
        time,
    )
    return View(view.n + new, added, view.bad, view.good)


def _is_signed(view: View) -> bool:
    return bool((view.links.weight < 0.0).any())


def _ordinary(view: View) -> float:
    """The median positive weight."""
    return float(np.median(view.links.weight[view.links.weight > 0.0]))


def _strongest(view: View) -> float:
    """The highest rating; where links are no ratings, an ordinary weight."""
    return float(view.links.weight.max()) if _is_signed(view) else _ordinary(view)
