-- name: rename_audit_entry
-- Out of the way of the table that takes its place.
ALTER TABLE audit_entry RENAME TO audit_entry_before;

-- name: create_audit_entry_without_hash_index
-- As before, but for an index of `previous_hash`: each entry touched a page of its own there, so that
-- a thousand entries wrote megabytes. Positions are unique, and one writer at a time reads the end of
-- the chain and adds to it: it can't fork.
CREATE TABLE audit_entry (
    position INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    purpose TEXT,
    subject TEXT,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    entry_hash TEXT NOT NULL
) STRICT;

-- name: copy_audit_entries
-- All of them, as they are.
INSERT INTO audit_entry
SELECT position, at, actor, action, purpose, subject, detail, previous_hash, entry_hash
FROM audit_entry_before ORDER BY position;

-- name: drop_audit_entry_before
-- With its triggers.
DROP TABLE audit_entry_before;

-- name: forbid_audit_entry_update_again
-- The chain only ever grows.
CREATE TRIGGER audit_entry_is_never_updated BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never updated'); END;

-- name: forbid_audit_entry_delete_again
-- The chain only ever grows.
CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 7;
