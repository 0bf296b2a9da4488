"""Who may read: API keys and the principals they stand for; what was read, under pseudonyms."""

from graphsvc.access.keys import (
    ACCESS_FOLDER,
    ApiKey,
    KeyRing,
    create_key,
    list_keys,
    revoke_key,
)
from graphsvc.access.principal import Principal
from graphsvc.access.pseudonyms import Pseudonyms, require_same_key
from graphsvc.access.trail import AuditTrail

__all__ = [
    "ACCESS_FOLDER",
    "ApiKey",
    "AuditTrail",
    "KeyRing",
    "Principal",
    "Pseudonyms",
    "create_key",
    "list_keys",
    "require_same_key",
    "revoke_key",
]
