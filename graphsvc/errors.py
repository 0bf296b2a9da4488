"""Every error that the service raises on purpose: one tree, each class with its public code.

`code` is what a GraphQL client and `--json` output see, `exit_code` is what a shell sees. Both are
declared here and nowhere else. A message says what was wrong, where, and what would be right.

    GraphsvcError
    ├── InvalidInputError
    │   ├── InvalidRecordError
    │   ├── MappingError
    │   ├── DefinitionError
    │   ├── ModelMismatchError
    │   └── SettingsError
    ├── NotFoundError
    │   ├── SubjectNotFoundError
    │   ├── RunNotFoundError
    │   ├── DefinitionNotFoundError
    │   └── ModelMissingError
    ├── ConflictError
    │   └── LeaseLostError
    ├── AccessError
    │   ├── NotAuthenticatedError
    │   ├── NotPermittedError
    │   └── IssuerUnavailableError
    ├── StoreError
    │   ├── StoreUnavailableError
    │   ├── MigrationError
    │   └── Neo4jServerError
    ├── SnapshotError
    │   ├── SnapshotDamagedError
    │   └── SnapshotForeignError
    ├── CertificateError
    ├── LiveError
    │   ├── LiveOffError
    │   └── LiveBuildingError
    ├── SparkError
    ├── TimeIsUpError
    └── AuditBrokenError
"""

from __future__ import annotations

from typing import ClassVar


class GraphsvcError(Exception):
    """Root of every error that the service raises on purpose."""

    code: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 1


class InvalidInputError(GraphsvcError):
    """What the caller sent can't be accepted; sending it again unchanged won't help."""

    code = "INVALID_INPUT"
    exit_code = 2


class InvalidRecordError(InvalidInputError):
    """A record breaks a rule of the domain; names the field and what would be right."""

    code = "INVALID_RECORD"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type[InvalidRecordError], tuple[str, str]]:
        return (type(self), (self.field, self.reason))


class MappingError(InvalidInputError):
    """An import mapping can't be read or doesn't fit its file."""

    code = "INVALID_MAPPING"


class DefinitionError(InvalidInputError):
    """A purpose, programme or policy definition is wrong; names file, line and field."""

    code = "INVALID_DEFINITION"


class ModelMismatchError(InvalidInputError):
    """A learned model was trained on other links or lists than it is asked about."""

    code = "MODEL_MISMATCH"


class SettingsError(InvalidInputError):
    """A setting (environment variable or option) is missing or wrong."""

    code = "INVALID_SETTINGS"


class NotFoundError(GraphsvcError):
    """What was asked for does not exist, or not for this purpose."""

    code = "NOT_FOUND"
    exit_code = 3


class SubjectNotFoundError(NotFoundError):
    """No such subject in this purpose's view."""

    code = "SUBJECT_NOT_FOUND"


class RunNotFoundError(NotFoundError):
    """No such score run, or none has been published yet."""

    code = "RUN_NOT_FOUND"


class DefinitionNotFoundError(NotFoundError):
    """No purpose, programme or policy of that name and version."""

    code = "DEFINITION_NOT_FOUND"


class ModelMissingError(NotFoundError):
    """A programme names a learned model whose file is not there."""

    code = "MODEL_MISSING"


class ConflictError(GraphsvcError):
    """The request contradicts what is recorded already."""

    code = "CONFLICT"
    exit_code = 4


class LeaseLostError(ConflictError):
    """Another runner has taken over what this one was working on; only that one may finish it."""

    code = "LEASE_LOST"


class AccessError(GraphsvcError):
    """The caller may not do this."""

    code = "FORBIDDEN"
    exit_code = 5


class NotAuthenticatedError(AccessError):
    """No valid credential came with the request."""

    code = "UNAUTHENTICATED"


class NotPermittedError(AccessError):
    """The credential does not hold the purpose or role that this needs."""

    code = "FORBIDDEN"


class IssuerUnavailableError(AccessError):
    """The issuer of tokens can't be asked, so that nobody can tell whether one is valid."""

    code = "ISSUER_UNAVAILABLE"


class StoreError(GraphsvcError):
    """The store failed."""

    code = "STORE_FAILED"
    exit_code = 6


class StoreUnavailableError(StoreError):
    """The store can't be reached or is busy; trying again later may help."""

    code = "STORE_UNAVAILABLE"


class MigrationError(StoreError):
    """The store's schema can't be brought to the version that this program needs."""

    code = "MIGRATION_FAILED"


class Neo4jServerError(StoreError):
    """The local Neo4j server can't be started, stopped or asked."""

    code = "NEO4J_SERVER_FAILED"


class SnapshotError(GraphsvcError):
    """A snapshot file can't be used."""

    code = "SNAPSHOT_FAILED"
    exit_code = 7


class SnapshotDamagedError(SnapshotError):
    """A snapshot file is torn or its checksum doesn't match."""

    code = "SNAPSHOT_DAMAGED"


class SnapshotForeignError(SnapshotError):
    """A snapshot file belongs to another store, purpose or format version."""

    code = "SNAPSHOT_FOREIGN"


class CertificateError(GraphsvcError):
    """The error bound that was asked for could not be reached, so nothing was published."""

    code = "CERTIFICATE_NOT_REACHED"
    exit_code = 8


class LiveError(GraphsvcError):
    """Live scores can't be had now."""

    code = "LIVE_UNAVAILABLE"


class LiveOffError(LiveError):
    """This server keeps no live scores for the purpose."""

    code = "LIVE_OFF"


class LiveBuildingError(LiveError):
    """Live scores are being built, or something was just erased; trying again soon helps."""

    code = "LIVE_BUILDING"


class SparkError(GraphsvcError):
    """Spark is missing, can't be begun, or gave a job up."""

    code = "SPARK_FAILED"


class TimeIsUpError(GraphsvcError):
    """The work took longer than whoever asked for it waits; what it read is thrown away."""

    code = "EXECUTION_TIMEOUT"


class AuditBrokenError(GraphsvcError):
    """The audit chain was tampered with: an entry was changed, removed or put elsewhere."""

    code = "AUDIT_BROKEN"
    exit_code = 9
