// name: take_audit
// Lock the end of the chain until the transaction ends, before it is read; `entries` is not empty if
// the append of this token has been committed already. Parameters: token.
// Returns one row: position, entry_hash (null in an empty chain), entries (maps of all properties).
MATCH (counter:Counter {name: 'audit'})
USING INDEX counter:Counter(name)
SET counter.taken_by = $token
WITH counter
OPTIONAL MATCH (entry:AuditEntry {token: $token})
USING INDEX entry:AuditEntry(token)
WITH counter, entry ORDER BY entry.position
WITH counter, collect(properties(entry)) AS entries
WITH properties(counter) AS state, entries
RETURN state.position AS position, state.entry_hash AS entry_hash, entries

// name: append_audit_entries
// Add to the end of the chain, and move it on. Parameters: rows (maps of all properties), position
// and entry_hash (of the last of them).
MATCH (counter:Counter {name: 'audit'})
USING INDEX counter:Counter(name)
SET counter.position = $position, counter.entry_hash = $entry_hash
WITH counter
UNWIND $rows AS row
CREATE (entry:AuditEntry)
SET entry = row

// name: select_last_audit_position
// How long the chain is. Returns one row: position.
MATCH (counter:Counter {name: 'audit'})
USING INDEX counter:Counter(name)
RETURN counter.position AS position

// name: select_audit_entries
// Entries in order. Parameters: after, limit; purpose, action, subject (a pseudonym), since (a text in
// UTC) (null each: any). Returns rows: entry (all properties).
MATCH (entry:AuditEntry)
USING INDEX entry:AuditEntry(position)
WHERE entry.position > $after
    AND ($purpose IS NULL OR entry.purpose = $purpose)
    AND ($action IS NULL OR entry.action = $action)
    AND ($subject IS NULL OR entry.subject = $subject)
    AND ($since IS NULL OR entry.at >= $since)
RETURN properties(entry) AS entry
ORDER BY entry.position LIMIT $limit

// name: select_audit_entries_at
// Entries at some places. Parameters: positions. Returns rows: entry (all properties).
UNWIND $positions AS position
MATCH (entry:AuditEntry {position: position})
USING INDEX entry:AuditEntry(position)
RETURN properties(entry) AS entry
