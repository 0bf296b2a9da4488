-- name: create_dispute
-- What subjects contest: a record, or their score for a purpose.
CREATE TABLE dispute (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    subject INTEGER NOT NULL REFERENCES subject (number),
    contested_source TEXT,
    contested_id TEXT,
    purpose TEXT,
    grounds TEXT NOT NULL,
    status TEXT NOT NULL,
    opened_at_us INTEGER NOT NULL,
    opened_by TEXT NOT NULL,
    decided_at_us INTEGER,
    decided_by TEXT,
    decision TEXT
) STRICT;

-- name: index_dispute_by_subject
-- For one subject's disputes in order of sequence.
CREATE INDEX dispute_by_subject ON dispute (subject);

-- name: create_dispute_record
-- Disputes with all their fields.
CREATE VIEW dispute_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    subject.kind AS subject_kind, subject.key AS subject_key,
    noun.contested_source, noun.contested_id, noun.purpose, noun.grounds, noun.status,
    noun.opened_at_us, noun.opened_by, noun.decided_at_us, noun.decided_by, noun.decision
FROM dispute AS noun
JOIN record ON record.sequence = noun.sequence
JOIN subject ON subject.number = noun.subject
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: index_report_by_reporter
-- For the reports that one subject made in order of sequence.
CREATE INDEX report_by_reporter ON report (reporter) WHERE reporter IS NOT NULL;

-- name: create_erasure
-- When something was erased for good; what was made from the records before is out of date.
CREATE TABLE erasure (
    number INTEGER PRIMARY KEY,
    erased_at_us INTEGER NOT NULL,
    records INTEGER NOT NULL,
    subjects INTEGER NOT NULL
) STRICT;

-- name: mark_erased_subjects
-- Whether a subject's key was replaced by a pseudonym.
ALTER TABLE subject ADD COLUMN is_erased INTEGER NOT NULL DEFAULT 0;

-- name: count_erasures_of_runs
-- How many erasures there had been when the run was made.
ALTER TABLE score_run ADD COLUMN erasures INTEGER NOT NULL DEFAULT 0;

-- name: drop_record_update_guard
-- Replaced by one that lets an erasure through.
DROP TRIGGER record_is_never_updated;

-- name: forbid_record_update_but_erasure
-- A record may only turn into the trace of an erased one, which keeps its place in the sequence; and
-- what superseded an erased record names that trace instead of the external id that is gone.
CREATE TRIGGER record_is_only_ever_erased BEFORE UPDATE ON record
WHEN NEW.sequence <> OLD.sequence OR NEW.source <> OLD.source
    OR NEW.recorded_at_us <> OLD.recorded_at_us
    OR NOT (
        (NEW.record_type = 'erased' AND NEW.content_hash = '' AND NEW.supersedes IS NULL)
        OR (
            NEW.record_type = OLD.record_type AND NEW.content_hash = OLD.content_hash
            AND NEW.external_id = OLD.external_id
            AND EXISTS (
                SELECT 1 FROM supersession
                JOIN record AS former ON former.sequence = supersession.superseded
                WHERE supersession.superseded_by = OLD.sequence
                    AND former.record_type = 'erased' AND former.external_id = NEW.supersedes
            )
        )
    )
BEGIN SELECT RAISE(ABORT, 'records are never updated; append a correction'); END;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 2;
