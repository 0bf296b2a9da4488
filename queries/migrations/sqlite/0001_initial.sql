-- name: create_store_meta
-- One row: the id that tells this store from every other.
CREATE TABLE store_meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    store_id TEXT NOT NULL
) STRICT;

-- name: create_subject
-- Who or what records speak of, numbered from 0 without gaps.
CREATE TABLE subject (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;

-- name: create_record
-- What all evidence has in common; `sequence` counts from 1 without gaps.
CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    record_type TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    supersedes TEXT,
    UNIQUE (source, external_id)
) STRICT;

-- name: index_record_by_time
-- For "the last sequence recorded at or before a time".
CREATE INDEX record_by_time ON record (recorded_at_us);

-- name: create_supersession
-- Which record corrected or withdrew which; beside the records, so that none is ever updated.
CREATE TABLE supersession (
    superseded INTEGER PRIMARY KEY REFERENCES record (sequence),
    superseded_by INTEGER NOT NULL UNIQUE REFERENCES record (sequence)
) STRICT;

-- name: create_registration
-- Subjects registered by themselves.
CREATE TABLE registration (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    subject INTEGER NOT NULL REFERENCES subject (number),
    display_name TEXT
) STRICT;

-- name: index_registration_by_subject
-- For one subject's registrations in order of sequence.
CREATE INDEX registration_by_subject ON registration (subject);

-- name: create_link
-- Ties between two subjects; NULL times are open ends.
CREATE TABLE link (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    kind TEXT NOT NULL,
    src INTEGER NOT NULL REFERENCES subject (number),
    dst INTEGER NOT NULL REFERENCES subject (number),
    weight REAL NOT NULL,
    count INTEGER NOT NULL,
    currency TEXT,
    valid_from_us INTEGER,
    valid_to_us INTEGER
) STRICT;

-- name: index_link_by_src
-- For the links that leave a subject in order of sequence.
CREATE INDEX link_by_src ON link (src);

-- name: index_link_by_dst
-- For the links that reach a subject in order of sequence.
CREATE INDEX link_by_dst ON link (dst);

-- name: create_event
-- Single things that one subject did.
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL REFERENCES subject (number),
    occurred_at_us INTEGER NOT NULL,
    value REAL
) STRICT;

-- name: index_event_by_subject
-- For one subject's events in order of sequence.
CREATE INDEX event_by_subject ON event (subject);

-- name: create_report
-- Statements that a subject breached trust; `evidence` is a JSON list of references.
CREATE TABLE report (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    category TEXT NOT NULL,
    subject INTEGER NOT NULL REFERENCES subject (number),
    reporter INTEGER REFERENCES subject (number),
    severity REAL NOT NULL,
    reported_at_us INTEGER NOT NULL,
    status TEXT NOT NULL,
    text TEXT,
    evidence TEXT NOT NULL
) STRICT;

-- name: index_report_by_subject
-- For the reports about one subject in order of sequence.
CREATE INDEX report_by_subject ON report (subject);

-- name: create_listing
-- Entries on named lists.
CREATE TABLE listing (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    subject INTEGER NOT NULL REFERENCES subject (number),
    list_name TEXT NOT NULL,
    list_kind TEXT NOT NULL,
    severity REAL NOT NULL,
    reason_code TEXT NOT NULL,
    authority TEXT NOT NULL,
    effective_from_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL
) STRICT;

-- name: index_listing_by_subject
-- For one subject's listings in order of sequence.
CREATE INDEX listing_by_subject ON listing (subject);

-- name: index_listing_by_list
-- For the entries of one list in order of sequence.
CREATE INDEX listing_by_list ON listing (list_name);

-- name: create_retraction
-- Why an earlier record was withdrawn.
CREATE TABLE retraction (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    reason TEXT NOT NULL
) STRICT;

-- name: create_registration_record
-- Registrations with all their fields.
CREATE VIEW registration_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    subject.kind AS subject_kind, subject.key AS subject_key, noun.display_name
FROM registration AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject ON subject.number = noun.subject
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_link_record
-- Links with all their fields.
CREATE VIEW link_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    noun.kind, src.kind AS src_kind, src.key AS src_key, dst.kind AS dst_kind, dst.key AS dst_key,
    noun.weight, noun.count, noun.currency, noun.valid_from_us, noun.valid_to_us
FROM link AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject AS src ON src.number = noun.src
JOIN subject AS dst ON dst.number = noun.dst
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_event_record
-- Events with all their fields.
CREATE VIEW event_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    noun.kind, subject.kind AS subject_kind, subject.key AS subject_key,
    noun.occurred_at_us, noun.value
FROM event AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject ON subject.number = noun.subject
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_report_record
-- Reports with all their fields.
CREATE VIEW report_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    noun.category, subject.kind AS subject_kind, subject.key AS subject_key,
    reporter.kind AS reporter_kind, reporter.key AS reporter_key,
    noun.severity, noun.reported_at_us, noun.status, noun.text, noun.evidence
FROM report AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject ON subject.number = noun.subject
LEFT JOIN subject AS reporter ON reporter.number = noun.reporter
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_listing_record
-- Listings with all their fields.
CREATE VIEW listing_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    subject.kind AS subject_kind, subject.key AS subject_key,
    noun.list_name, noun.list_kind, noun.severity, noun.reason_code, noun.authority,
    noun.effective_from_us, noun.until_us
FROM listing AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject ON subject.number = noun.subject
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_retraction_record
-- Retractions with all their fields.
CREATE VIEW retraction_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes, noun.reason
FROM retraction AS noun
JOIN record ON record.sequence = noun.sequence
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: create_definition
-- Versions of declared documents, as canonical JSON.
CREATE TABLE definition (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, name, version)
) STRICT;

-- name: create_score_run
-- Published runs; `publication` counts them in order of publishing.
CREATE TABLE score_run (
    publication INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    purpose_version INTEGER NOT NULL,
    programme TEXT NOT NULL,
    programme_version INTEGER NOT NULL,
    snapshot_sequence INTEGER NOT NULL,
    as_of_us INTEGER NOT NULL,
    tolerance REAL NOT NULL,
    created_at_us INTEGER NOT NULL,
    subjects INTEGER NOT NULL,
    links INTEGER NOT NULL,
    exposure_bound REAL NOT NULL,
    exposure_bound_1 REAL NOT NULL,
    exposure_residual REAL NOT NULL,
    exposure_tolerance REAL NOT NULL,
    exposure_sweeps INTEGER NOT NULL,
    trust_bound REAL NOT NULL,
    trust_bound_1 REAL NOT NULL,
    trust_residual REAL NOT NULL,
    trust_tolerance REAL NOT NULL,
    trust_sweeps INTEGER NOT NULL,
    score_bound REAL NOT NULL,
    checksum TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL
) STRICT;

-- name: index_score_run_by_programme
-- For the run that was published last for a programme.
CREATE INDEX score_run_by_programme ON score_run (programme);

-- name: create_score_run_chunk
-- Parts of runs' payloads; those without a row in score_run are staged only.
CREATE TABLE score_run_chunk (
    run_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (run_id, chunk)
) STRICT;

-- name: create_audit_entry
-- The audit chain; `at` is the text that the hash covers.
CREATE TABLE audit_entry (
    position INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    purpose TEXT,
    subject TEXT,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL UNIQUE,
    entry_hash TEXT NOT NULL
) STRICT;

-- name: forbid_record_update
-- Records are only ever added, whoever holds the file.
CREATE TRIGGER record_is_never_updated BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'records are never updated; append a correction'); END;

-- name: forbid_record_delete
-- Records are only ever added, whoever holds the file.
CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'records are never deleted; append a retraction'); END;

-- name: forbid_audit_entry_update
-- The chain only ever grows.
CREATE TRIGGER audit_entry_is_never_updated BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never updated'); END;

-- name: forbid_audit_entry_delete
-- The chain only ever grows.
CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;

-- name: mark_application
-- Tells the file from other programs' databases: "gsvc" in ASCII.
PRAGMA application_id = 0x67737663;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 1;
