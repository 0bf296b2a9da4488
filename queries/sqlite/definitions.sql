-- name: insert_definition
-- Add a version of a document unless it is there. Parameters: kind, name, version, body.
INSERT INTO definition (kind, name, version, body) VALUES (:kind, :name, :version, :body)
ON CONFLICT DO NOTHING;

-- name: select_definition
-- One version of a document. Parameters: kind, name, version (NULL: the highest).
-- Returns at most one row: kind, name, version, body.
SELECT kind, name, version, body FROM definition
WHERE kind = :kind AND name = :name AND (:version IS NULL OR version = :version)
ORDER BY version DESC LIMIT 1;

-- name: select_definitions
-- All versions of all documents of a kind. Parameters: kind.
-- Returns rows: kind, name, version, body, by name and version.
SELECT kind, name, version, body FROM definition WHERE kind = :kind ORDER BY name, version;
