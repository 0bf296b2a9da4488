"""The `graphsvc` command: what operators and analysts do from a terminal."""

from graphsvc.cli.main import main

__all__ = ["main"]
