"""Settings, read from the environment (`GRAPHSVC_…`) and nowhere else."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from graphsvc.access_settings import AccessSettings
from graphsvc.errors import SettingsError
from graphsvc.serving_settings import ServingSettings
from graphsvc.spark_settings import SparkSettings

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(AccessSettings, ServingSettings, SparkSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(env_prefix="GRAPHSVC_", frozen=True, extra="ignore")

    store: str = Field(
        default="sqlite:///.graphsvc/graphsvc.db",
        description="Where records live: sqlite:///FILE, or neo4j://HOST:PORT[/DATABASE] "
        "(also bolt://, neo4j+s://, bolt+s://).",
    )
    neo4j_user: str = Field(default="neo4j", description="User name for a Neo4j store.")
    neo4j_password: SecretStr | None = Field(
        default=None, description="Password for a Neo4j store; taken from the environment only."
    )
    data_dir: Path = Field(
        default=Path(".graphsvc"),
        description="Folder of snapshots and of the local copies of published runs.",
    )
    definitions_dir: Path | None = Field(
        default=None,
        description="Folder with purposes/, programmes/ and policies/ of your own (YAML), beside "
        "those that ship.",
    )
    pseudonym_key: SecretStr | None = Field(
        default=None,
        description="Secret that pseudonyms in the audit are made with: at least 32 characters, "
        "the same for all servers of a store; one of the data folder's own where it is not set.",
    )
    live: str = Field(
        default="none",
        description="Purposes that the server keeps live scores for, separated by commas; all, or "
        "none. Each takes memory in each server process (docs/live.md).",
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Shape of log lines on standard error."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    schedule_file: Path | None = Field(
        default=None, description="YAML file of jobs and when they are done; see docs/jobs.md."
    )
    jobs_in_server: bool = Field(
        default=False, description="Whether the server does jobs too, beside answering."
    )
    keep_runs: Annotated[int, Field(ge=1)] = Field(
        default=30, description="How many runs of a programme keep their values, at least."
    )
    keep_run_days: Annotated[float, Field(ge=0)] = Field(
        default=400.0, description="For how many days every run keeps its values."
    )
    traces_url: str | None = Field(
        default=None,
        description="Where OpenTelemetry traces go, by OTLP over HTTP; none are made where it is "
        "not set.",
    )
    audit_attributes: Path | None = Field(
        default=None,
        description="CSV or Parquet file with attributes of subjects for audit only; reports and "
        "gates measure disparity by them, no score sees them.",
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Threads for propagation; all cores where it is not set."
    )

    @cached_property
    def binds_to_loopback(self) -> bool:
        """Say whether only this machine can reach the server."""
        return self.host in LOOPBACK_HOSTS

    @classmethod
    def load(cls, **overrides: object) -> Settings:
        """Read the environment; `overrides` that are None are left out.

        Raises:
            SettingsError: a value can't be used; names the variable.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = "GRAPHSVC_" + "_".join(str(part) for part in first["loc"]).upper()
            raise SettingsError(f"{name}: {first['msg']}") from error
