-- name: create_job
-- Work that outlives the process that does it; `number` counts jobs in order of request.
-- `checkpoint` and `result` are JSON; `deaths` and `attempts` count since the last finished stage.
CREATE TABLE job (
    number INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parameters TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at_us INTEGER NOT NULL,
    schedule TEXT,
    scheduled_for_us INTEGER,
    state TEXT NOT NULL,
    due_at_us INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    runner TEXT,
    lease_until_us INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    cancelled_by TEXT,
    stage TEXT,
    checkpoint TEXT NOT NULL DEFAULT '{}',
    done REAL NOT NULL DEFAULT 0,
    total REAL,
    unit TEXT,
    started_at_us INTEGER,
    attempt_at_us INTEGER,
    attempt_done REAL NOT NULL DEFAULT 0,
    progress_at_us INTEGER,
    finished_at_us INTEGER,
    error_code TEXT,
    error TEXT,
    result TEXT,
    UNIQUE (schedule, scheduled_for_us)
) STRICT;

-- name: index_job_by_state
-- For the jobs that wait or run, in order of request.
CREATE INDEX job_by_state ON job (state, number);

-- name: create_schedule_seen
-- Up to which time each schedule's occasions were turned into jobs.
CREATE TABLE schedule_seen (
    schedule TEXT PRIMARY KEY,
    until_us INTEGER NOT NULL
) STRICT;

-- name: mark_application
-- Tells the file from other programs' databases and from a store: "gsvj" in ASCII.
PRAGMA application_id = 0x6773766a;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 1;
