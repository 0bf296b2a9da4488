-- name: use_write_ahead_log
-- Readers and one writer at a time don't wait for each other; kept in the file. Returns one row: the mode.
PRAGMA journal_mode = WAL;

-- name: enforce_foreign_keys
-- For one connection.
PRAGMA foreign_keys = ON;

-- name: sync_every_commit
-- For one connection: what is acknowledged survives a power cut, not only a killed process.
PRAGMA synchronous = FULL;

-- name: set_page_cache
-- For one connection: 64 MiB, so that the indexes of a large import stay in memory.
PRAGMA cache_size = -65536;

-- name: overwrite_deleted_content
-- For one connection: what is deleted is overwritten with zeros.
PRAGMA secure_delete = ON;

-- name: begin_write
-- Take the write lock before anything is read, so that numbers given can't be given twice.
BEGIN IMMEDIATE;

-- name: begin_read
-- Several reads of one state.
BEGIN DEFERRED;

-- name: commit
-- End a transaction and keep it.
COMMIT;

-- name: rollback
-- End a transaction and leave no trace of it.
ROLLBACK;

-- name: select_schema_version
-- Returns one row: the number of the last migration applied, 0 in a new file.
PRAGMA user_version;

-- name: select_application_id
-- Returns one row: which program the file belongs to, 0 in a new file.
PRAGMA application_id;

-- name: count_schema_objects
-- Returns one row: how many tables, views and indexes the file holds.
SELECT count(*) FROM sqlite_master;

-- name: insert_store_id
-- Give a new store its id. Parameters: store_id.
INSERT INTO store_meta (only_row, store_id) VALUES (1, :store_id) ON CONFLICT DO NOTHING;

-- name: select_store_id
-- The id that tells this store from every other. Returns one row: store_id.
SELECT store_id FROM store_meta;
