"""Commands that are imported when they are called: `--help` loads no database and no compiler."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class LaterCommand(TyperCommand):
    """Stands for a command function, or for a Typer application with commands of its own."""

    def __init__(self, name: str, place: str, summary: str) -> None:
        """Take `module:attribute` under `graphsvc.cli` as the place, and what the help says."""
        super().__init__(name, help=summary)
        self._place = place

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the context of the command itself, which is imported now."""
        return self.load().make_context(*arguments, **options)

    def load(self) -> Any:
        """Import the command."""
        module, _, attribute = self._place.partition(":")
        found = getattr(import_module(f"graphsvc.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(self.name)(found)
        return typer.main.get_command(alone)


def later(commands: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """Return a group of these commands: name to place and summary, in the order of the help."""

    class Later(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            others = dict(self.commands)
            self.commands = {
                name: LaterCommand(name, *about) for name, about in commands.items()
            } | others

    return Later
