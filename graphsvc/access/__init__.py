"""Who may read: API keys, the principals they stand for, and the trail of what was read."""

from graphsvc.access.keys import (
    ACCESS_FOLDER,
    ApiKey,
    KeyRing,
    create_key,
    list_keys,
    revoke_key,
)
from graphsvc.access.principal import Principal
from graphsvc.access.trail import AuditTrail

__all__ = [
    "ACCESS_FOLDER",
    "ApiKey",
    "AuditTrail",
    "KeyRing",
    "Principal",
    "create_key",
    "list_keys",
    "revoke_key",
]
