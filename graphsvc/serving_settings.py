"""Settings of the server: sockets, time, limits on what a request may ask, and rates.

docs/serving.md says of each what it is for; a test holds its defaults to these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from graphsvc.access_settings import Words, split_pairs, split_words
from graphsvc.model.role import Role

PEOPLE = frozenset(Role) - {Role.SERVICE}
AtLeastOne = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Roles = Annotated[frozenset[Role], NoDecode, BeforeValidator(split_words)]
CostByRole = Annotated[dict[Role, AtLeastOne], NoDecode, BeforeValidator(split_pairs)]


class ServingSettings(BaseSettings):
    """What an operator can set about serving; every limit holds for each worker process."""

    host: str = Field(default="127.0.0.1", description="Address that the server binds to.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8080, description="Port that the server binds to."
    )
    workers: AtLeastOne = Field(default=1, description="Processes that serve.")
    tls_certificate: Path | None = Field(
        default=None, description="File with the certificate chain (PEM); serves HTTPS."
    )
    tls_key: Path | None = Field(default=None, description="File with its private key (PEM).")
    tls_key_password: SecretStr | None = Field(
        default=None, description="Password of the private key, where it has one."
    )
    trusted_proxies: Words = Field(
        default=(),
        description="Addresses or networks, separated by commas, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; nobody's where there are none.",
    )

    header_seconds: Seconds = Field(
        default=10, description="For how long a client may send the headers of a request."
    )
    body_seconds: Seconds = Field(
        default=10, description="For how long a client may send the body of a request."
    )
    execution_seconds: Seconds = Field(
        default=10, description="For how long a request may be worked on."
    )
    idle_seconds: AtLeastOne = Field(
        default=15, description="For how long a connection without a request is kept."
    )
    drain_seconds: AtLeastOne = Field(
        default=30, description="For how long a server that is told to end answers what it took on."
    )
    max_connections: AtLeastOne = Field(default=1000, description="Connections at once.")
    max_waiting: AtLeastOne = Field(
        default=200, description="Requests that wait for a thread at once."
    )

    max_body_bytes: AtLeastOne = Field(default=1 << 20, description="Largest body of a request.")
    max_tokens: AtLeastOne = Field(default=2000, description="Tokens in a document.")
    max_comments: AtLeastOne = Field(default=200, description="Comments in a document.")
    max_depth: AtLeastOne = Field(default=12, description="Levels of fields in an operation.")
    max_fields: AtLeastOne = Field(default=500, description="Fields, fragments unfolded.")
    max_root_fields: AtLeastOne = Field(default=50, description="Fields of the first level.")
    max_aliases: AtLeastOne = Field(default=30, description="Aliases, fragments unfolded.")
    max_directives: AtLeastOne = Field(default=50, description="Directives, fragments unfolded.")
    max_cost: AtLeastOne = Field(
        default=100_000, description="Cost of a request, for roles that are not named below."
    )
    max_cost_by_role: CostByRole = Field(
        default=dict.fromkeys(PEOPLE, 500_000),
        description="Cost of a request by role: role=cost, separated by commas; the largest of a "
        "credential's roles holds.",
    )
    rate_cost_per_second: Annotated[float, Field(ge=0)] = Field(
        default=100_000, description="Cost that a credential gets anew each second; 0: no limit."
    )
    rate_burst_cost: AtLeastOne = Field(
        default=500_000, description="Cost that a credential can save up."
    )
    introspection_roles: Roles = Field(
        default=PEOPLE,
        description="Roles that may read the schema and get suggestions in errors.",
    )
    trusted_documents: Path | None = Field(
        default=None,
        description="A JSON manifest, or a folder of .graphql files: only these are run.",
    )
    cached_document_tokens: AtLeastOne = Field(
        default=100_000, description="Tokens of parsed documents that are kept."
    )
    compressed_bytes: Annotated[int, Field(ge=0)] = Field(
        default=2048, description="Answers from this size on are compressed by gzip; 0: none is."
    )
