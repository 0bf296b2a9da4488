"""Who may read: API keys and the principals they stand for; what was read, under pseudonyms."""

from graphsvc.access.gate import Gate, require_loopback_for_dev_mode
from graphsvc.access.key_file import ApiKey
from graphsvc.access.keys import (
    ACCESS_FOLDER,
    KeyRing,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from graphsvc.access.last_use import last_use
from graphsvc.access.principal import CredentialKind, Principal
from graphsvc.access.pseudonyms import Pseudonyms, require_same_key
from graphsvc.access.trail import AuditTrail

__all__ = [
    "ACCESS_FOLDER",
    "ApiKey",
    "AuditTrail",
    "CredentialKind",
    "Gate",
    "KeyRing",
    "Principal",
    "Pseudonyms",
    "create_key",
    "last_use",
    "list_keys",
    "require_loopback_for_dev_mode",
    "require_same_key",
    "revoke_key",
    "rotate_key",
]
