"""Models whose weights are drawn: what they say means nothing, but they say it."""

from __future__ import annotations

import numpy as np

from algorithms.learned import (
    FEATURES,
    LINK_FEATURES,
    Calibration,
    LearnedModel,
    NetworkKind,
    TrainedOn,
)

WIDTH = 8


def untaught(kind: NetworkKind, seed: int = 0, members: int = 2, schema: str = "") -> LearnedModel:
    rng = np.random.default_rng(seed)
    inputs, links = len(FEATURES), len(LINK_FEATURES)
    shapes: dict[str, tuple[int, ...]] = {
        "head_own.weight": (1, inputs),
        "head.weight": (1, WIDTH),
        "head.bias": (1,),
    }
    if kind is NetworkKind.ALONE:
        shapes |= {"first.weight": (WIDTH, inputs), "first.bias": (WIDTH,)}
        shapes |= {"second.weight": (WIDTH, WIDTH), "second.bias": (WIDTH,)}
    elif kind is NetworkKind.SIGNED:
        side = WIDTH // 2
        for way in ("in", "out"):
            for sign in ("pos", "neg"):
                shapes[f"first_{way}.lin_{sign}_l.weight"] = (side, inputs)
                shapes[f"first_{way}.lin_{sign}_r.weight"] = (side, inputs)
                shapes[f"first_{way}.lin_{sign}_r.bias"] = (side,)
                shapes[f"second_{way}.lin_{sign}_l.weight"] = (side, 2 * side)
                shapes[f"second_{way}.lin_{sign}_r.weight"] = (side, side)
                shapes[f"second_{way}.lin_{sign}_r.bias"] = (side,)
    else:
        for layer, size in (("first", inputs), ("second", WIDTH)):
            shapes |= {f"{layer}.att": (1, 2, WIDTH // 2), f"{layer}.bias": (WIDTH,)}
            shapes |= {f"{layer}.lin_{end}.weight": (WIDTH, size) for end in ("l", "r")}
            shapes |= {f"{layer}.lin_{end}.bias": (WIDTH,) for end in ("l", "r")}
            shapes |= {f"{layer}.res.weight": (WIDTH, size)}
            shapes |= {f"{layer}.lin_edge.weight": (WIDTH, links)}
    drawn = tuple(
        {
            name: (0.3 * rng.standard_normal(shape)).astype(np.float32)
            for name, shape in shapes.items()
        }
        for _ in range(members)
    )
    return LearnedModel(
        kind, FEATURES, LINK_FEATURES,
        np.zeros(inputs, np.float32), np.ones(inputs, np.float32), drawn,
        Calibration(1.5, -0.25, 9),
        TrainedOn("drawn numbers", 40, 160, 20, 10, 1.0, "0" * 64, schema),
    )  # fmt: skip
