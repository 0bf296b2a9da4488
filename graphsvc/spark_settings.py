"""Settings of propagation on Apache Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class SparkSettings(BaseSettings):
    """Where Spark is, and how a graph is shared out there."""

    spark_master: str = Field(
        default="local[*]",
        description="Master of the Spark cluster; local[*] is all cores of this machine, `default` "
        "what spark-submit or spark-defaults.conf says.",
    )
    spark_folder: Path | None = Field(
        default=None,
        description="Folder that this machine and every executor see under one path, for links "
        "and checkpoints of a run that is being made; in the data folder where it is not set.",
    )
    spark_blocks: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Into how many blocks of rows a graph is cut, one a partition; by its links "
        "where it is not set. Scores don't depend on it.",
    )
