"""The main job on real input, from files to a GraphQL answer, for whoever tries the service."""

from graphsvc.demo.tour import run

__all__ = ["run"]
