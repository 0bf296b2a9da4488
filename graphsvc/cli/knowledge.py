"""The option that says what counts as known at a past time."""

from __future__ import annotations

from typing import Annotated

import typer

from graphsvc.backtest.model import Knowledge

KnowledgeOption = Annotated[
    Knowledge,
    typer.Option(
        help="recorded: what was in the store by then. dated: what tells of that time or "
        "earlier, for history that was imported later."
    ),
]
