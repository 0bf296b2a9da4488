-- name: select_last_audit_entry
-- The end of the chain. Returns at most one row: position, entry_hash.
SELECT position, entry_hash FROM audit_entry ORDER BY position DESC LIMIT 1;

-- name: insert_audit_entries
-- Add to the end of the chain. Parameters: the columns' values, of so many entries as there are groups.
INSERT INTO audit_entry
    (position, at, actor, action, purpose, subject, detail, previous_hash, entry_hash)
VALUES
    (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: select_audit_entries
-- Entries in order. Parameters: after, limit; purpose, action, subject (a pseudonym), since (a text in
-- UTC) (NULL each: any). Returns rows: the columns of audit_entry.
SELECT position, at, actor, action, purpose, subject, detail, previous_hash, entry_hash
FROM audit_entry
WHERE position > :after
    AND (:purpose IS NULL OR purpose = :purpose)
    AND (:action IS NULL OR action = :action)
    AND (:subject IS NULL OR subject = :subject)
    AND (:since IS NULL OR at >= :since)
ORDER BY position LIMIT :limit;

-- name: select_audit_entries_at
-- Entries at some places. Parameters: positions (a JSON list).
-- Returns rows: the columns of audit_entry.
SELECT position, at, actor, action, purpose, subject, detail, previous_hash, entry_hash
FROM audit_entry WHERE position IN (SELECT value FROM json_each(:positions))
ORDER BY position;
