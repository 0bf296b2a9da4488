// name: select_migrations
// What has been done to the schema. Returns one row: numbers (a list).
MATCH (migration:Migration)
RETURN collect(migration.number) AS numbers

// name: insert_migration
// Note that a migration was done. Parameters: number, name, applied_at_us.
MERGE (migration:Migration {number: $number})
ON CREATE SET migration.name = $name, migration.applied_at_us = $applied_at_us

// name: await_indexes
// Wait until new indexes are filled. Parameters: timeout_s.
CALL db.awaitIndexes($timeout_s)

// name: select_store_id
// The id that tells this store from every other. Returns one row: store_id.
MATCH (counter:Counter {name: 'ledger'})
USING INDEX counter:Counter(name)
RETURN counter.store_id AS store_id
