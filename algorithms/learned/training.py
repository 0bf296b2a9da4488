"""Training: an ensemble of networks on lessons of the past, calibrated on a later lesson.

Runs on one thread of a CPU, where the same seed gives the same bits, or on a GPU if asked, where it
need not. Gradients come from sampled neighbourhoods, so memory grows with a batch, not with the
graph; what is held of the graph is its features and its messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.arguments import Int64s
from algorithms.errors import InvalidArgumentError
from algorithms.learned.calibration import Calibration, fit_calibration
from algorithms.learned.features import FEATURES
from algorithms.learned.lessons import Lesson
from algorithms.learned.messages import LINK_FEATURES, Messages, Singles
from algorithms.learned.model import LearnedModel, NetworkKind, TrainedOn
from algorithms.learned.networks import NETWORKS, TensorHop
from algorithms.learned.sampling import Hop, sample_neighbours
from algorithms.learned.scoring import score, standardised
from algorithms.learned.told import Told

SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained; nothing here is fitted to a data set.

    Attributes:
        members: networks in the ensemble, each with a seed of its own.
        width: of the hidden layers, divisible by 4.
        steps: of the optimiser, at least.
        epochs: times that every answer is used, at least.
        batch: answers a step.
        fan_out: messages heard on the hop next to the asked, and on the one after.
        learning_rate, weight_decay: of AdamW.
        forget: share of features that a step hides (dropout on the input).
        seed: decides weights, batches and samples.
        device: "cpu", or "cuda" for a GPU, or "auto" for a GPU if there is one.
    """

    members: int = 5
    width: int = 32
    steps: int = 150
    epochs: int = 3
    batch: int = 512
    fan_out: tuple[int, int] = (15, 10)
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    forget: float = 0.1
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A lesson as the networks read it."""

    lesson: Lesson
    x: Singles
    messages: Messages


def train(
    kind: NetworkKind,
    lessons: Sequence[Lesson],
    settings: TrainingSettings | None = None,
    *,
    name: str = "unnamed",
    schema: str = "",
    later: Lesson | None = None,
    told: Sequence[Told] | None = None,
) -> LearnedModel:
    """Return an ensemble trained on lessons and calibrated on a later one.

    Args:
        kind: of network.
        lessons: what it learns from; at least one answer of each kind among all.
        settings: how; the defaults otherwise.
        name: of the data, for whoever finds the model.
        schema: which links and labels they are, for whoever must not score others by it.
        later: answers that came after all lessons, for calibration; without, none is done.
        told: of each lesson's evidence, where it is at hand already.

    Raises:
        InvalidArgumentError: there is nothing to learn from, or the device is not there.
    """
    chosen = settings or TrainingSettings()
    bad = int(sum(each.bad.sum() for each in lessons))
    good = int(sum(each.good.sum() for each in lessons))
    if not bad or not good:
        raise InvalidArgumentError(
            "lessons", f"hold {bad} bad answers and {good} good ones; some of each are needed"
        )
    known = told or [Told.of(each.evidence) for each in lessons]
    asked = np.concatenate(
        [each.features[lesson.subjects] for lesson, each in zip(lessons, known, strict=True)]
    ).astype(np.float64)
    untrained = LearnedModel(
        kind=kind,
        features=FEATURES,
        link_features=LINK_FEATURES,
        centre=asked.mean(axis=0).astype(np.float32),
        scale=np.maximum(asked.std(axis=0), SMALLEST_SCALE).astype(np.float32),
        members=(),
        calibration=Calibration(),
        trained_on=replace(_trained_on(name, lessons, bad, good), schema=schema),
    )
    prepared = [
        _Prepared(lesson, standardised(untrained, each.features), each.messages)
        for lesson, each in zip(lessons, known, strict=True)
    ]
    with _one_thread(is_strict=device_of(chosen).type == "cpu"):
        members = tuple(
            _member(kind, prepared, chosen, chosen.seed + number)
            for number in range(chosen.members)
        )
    model = replace(untrained, members=members)
    if later is None:
        return model
    logit = score(model, Told.of(later.evidence)).logit[later.subjects]
    return replace(model, calibration=fit_calibration(logit, later.bad, later.good))


def device_of(settings: TrainingSettings) -> torch.device:
    """Return where training runs.

    Raises:
        InvalidArgumentError: a GPU is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if settings.device == "cuda" and not there:
        raise InvalidArgumentError("device", "is cuda, but torch finds no GPU; cpu or auto work")
    return torch.device("cuda" if there and settings.device != "cpu" else "cpu")


@contextmanager
def _one_thread(*, is_strict: bool) -> Iterator[None]:
    """Train on one thread: sums over threads would depend on how many there are."""
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    # On a GPU some sums have no ordered kernel, and strictness would refuse them.
    torch.use_deterministic_algorithms(is_strict)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(strict)


def _member(
    kind: NetworkKind, prepared: Sequence[_Prepared], settings: TrainingSettings, seed: int
) -> dict[str, Singles]:
    device = device_of(settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NETWORKS[kind](len(FEATURES), settings.width).to(device)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    random = torch.Generator().manual_seed(seed)
    batches = list(_batches(prepared, settings, seed))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=len(batches), pct_start=0.1
    )
    network.train()
    for number, (each, chosen) in enumerate(batches):
        _step(network, optimiser, each, chosen, settings, (random, seed * 1_000_003 + number))
        schedule.step()
    return {
        name: values.detach().cpu().numpy().astype(np.float32)
        for name, values in network.state_dict().items()
    }


def _batches(
    prepared: Sequence[_Prepared], settings: TrainingSettings, seed: int
) -> Iterator[tuple[_Prepared, Int64s]]:
    """Yield places among a lesson's subjects, batch by batch, lessons mixed."""
    random = np.random.default_rng(seed)
    done, epoch = 0, 0
    while done < settings.steps or epoch < settings.epochs:
        whole = []
        for each in prepared:
            order = random.permutation(each.lesson.subjects.size)
            parts = max(1, -(-order.size // settings.batch))
            whole += [(each, np.sort(part)) for part in np.array_split(order, parts) if part.size]
        for at in random.permutation(len(whole)).tolist():
            yield whole[at]
        done, epoch = done + len(whole), epoch + 1


def _step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    prepared: _Prepared,
    chosen: Int64s,
    settings: TrainingSettings,
    randomness: tuple[torch.Generator, int],
) -> None:
    random, draw = randomness
    lesson, device = prepared.lesson, device_of(settings)
    sample = sample_neighbours(prepared.messages, lesson.subjects[chosen], settings.fan_out, draw)
    x = torch.from_numpy(prepared.x[sample.subjects])
    keep = torch.rand(x.shape, generator=random) >= settings.forget
    x = x * keep / (1.0 - settings.forget)
    near, far = (tensor_hop(hop, prepared.messages, device) for hop in sample.hops)
    logit = network(x.to(device), (near, far))
    loss = _loss(logit, lesson.bad[chosen], lesson.good[chosen])
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def _loss(logit: Tensor, bad: np.ndarray, good: np.ndarray) -> Tensor:
    """Cross-entropy over answers; a subject who was asked about often counts by its logarithm."""
    weight = np.log1p(bad + good)
    share = torch.from_numpy((bad / (bad + good)).astype(np.float32)).to(logit.device)
    each = torch.from_numpy((weight / weight.sum()).astype(np.float32)).to(logit.device)
    loss = nn.functional.binary_cross_entropy_with_logits(logit, share, reduction="none")
    return (loss * each).sum()


def tensor_hop(hop: Hop, messages: Messages, device: torch.device) -> TensorHop:
    """Return a hop of a sample as tensors on a device."""
    return TensorHop(
        hop.listeners,
        torch.from_numpy(np.stack([hop.sender, hop.listener])).to(device),
        torch.from_numpy(messages.relation[hop.place]).to(device),
        torch.from_numpy(messages.features[hop.place]).to(device),
    )


def _trained_on(name: str, lessons: Sequence[Lesson], bad: int, good: int) -> TrainedOn:
    digest = hashlib.sha256()
    for each in lessons:
        seen = each.evidence
        for values in (
            seen.src, seen.dst, seen.weight, seen.time, seen.bad, seen.good,
            each.subjects, each.bad, each.good,
        ):  # fmt: skip
            if values is not None:
                digest.update(np.ascontiguousarray(values).tobytes())
    last = lessons[-1].evidence
    times = [_latest(each) for each in lessons if each.evidence.m]
    return TrainedOn(
        name=name,
        subjects=last.n,
        links=last.m,
        answers=bad + good,
        bad=bad,
        until=max((time for time in times if time is not None), default=None),
        data=digest.hexdigest(),
    )


def _latest(lesson: Lesson) -> float | None:
    return None if lesson.evidence.time is None else float(lesson.evidence.time.max())
