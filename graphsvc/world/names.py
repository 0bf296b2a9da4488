"""Names for shops. They say nothing of what a shop is or where."""

from __future__ import annotations

from graphsvc.world.population import Population
from graphsvc.world.randomness import stream

_FIRST = (
    "Amber", "Birch", "Blue", "Cedar", "Clover", "Copper", "Coral", "Ember", "Fern", "Glass",
    "Hazel", "Indigo", "Ivory", "Juniper", "Linden", "Maple", "Marble", "Moss", "Olive", "Pearl",
    "Quartz", "Russet", "Saffron", "Silver", "Slate", "Thistle", "Velvet", "Walnut", "Willow",
)  # fmt: skip
_SECOND = (
    "Anchor", "Arrow", "Basket", "Bell", "Bicycle", "Boot", "Button", "Candle", "Clock", "Compass",
    "Feather", "Fiddle", "Hammer", "Kettle", "Key", "Ladder", "Lantern", "Loom", "Mill", "Needle",
    "Oar", "Paper", "Pepper", "Pitcher", "Saddle", "Spoon", "Table", "Thread", "Wagon",
)  # fmt: skip


def shop_names(population: Population) -> list[str]:
    """Return a name for each business, not always its alone."""
    rng = stream(population.settings.seed, "names")
    drawn = rng.integers(0, len(_FIRST) * len(_SECOND), population.counts.businesses)
    return [
        f"{_FIRST[place // len(_SECOND)]} {_SECOND[place % len(_SECOND)]}"
        for place in drawn.tolist()
    ]
