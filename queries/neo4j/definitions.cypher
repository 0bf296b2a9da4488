// name: insert_definition
// Add a version of a document unless it is there. Parameters: kind, name, version, body.
// Returns one row: body (that which is stored now).
MERGE (definition:Definition {kind: $kind, name: $name, version: $version})
ON CREATE SET definition.body = $body
RETURN definition.body AS body

// name: select_definition
// One version of a document. Parameters: kind, name, version (null: the highest).
// Returns at most one row: kind, name, version, body.
MATCH (definition:Definition)
USING INDEX definition:Definition(kind, name, version)
WHERE definition.kind = $kind AND definition.name = $name AND definition.version IS NOT NULL
WITH definition WHERE $version IS NULL OR definition.version = $version
RETURN definition.kind AS kind, definition.name AS name, definition.version AS version,
    definition.body AS body
ORDER BY version DESC LIMIT 1

// name: select_definitions
// All versions of all documents of a kind. Parameters: kind.
// Returns rows: kind, name, version, body, by name and version.
MATCH (definition:Definition)
USING INDEX definition:Definition(kind, name, version)
WHERE definition.kind = $kind AND definition.name IS NOT NULL AND definition.version IS NOT NULL
RETURN definition.kind AS kind, definition.name AS name, definition.version AS version,
    definition.body AS body
ORDER BY name, version
