"""A generated marketplace with known truth, for tests, docs and the explorer. Knows no query."""

from graphsvc.world.files import write_world
from graphsvc.world.generate import generate
from graphsvc.world.load import Loaded, load_world
from graphsvc.world.roles import Role, Scheme
from graphsvc.world.settings import WorldSettings
from graphsvc.world.story import Story, story_shop
from graphsvc.world.truth import SubjectTruth
from graphsvc.world.world import ReportTruth, World

__all__ = [
    "Loaded",
    "ReportTruth",
    "Role",
    "Scheme",
    "Story",
    "SubjectTruth",
    "World",
    "WorldSettings",
    "generate",
    "load_world",
    "story_shop",
    "write_world",
]
