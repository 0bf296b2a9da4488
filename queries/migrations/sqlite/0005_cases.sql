-- name: create_case_entry
-- Steps of analysts' cases, in the order of sequence.
CREATE TABLE case_entry (
    sequence INTEGER PRIMARY KEY REFERENCES record (sequence),
    case_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    step TEXT NOT NULL,
    subject INTEGER REFERENCES subject (number),
    text TEXT,
    entered_at_us INTEGER NOT NULL,
    entered_by TEXT NOT NULL
) STRICT;

-- name: index_case_entry_by_case
-- For the entries of one case in order of sequence.
CREATE INDEX case_entry_by_case ON case_entry (case_id);

-- name: index_case_entry_by_purpose
-- For the cases of one purpose in the order in which they were opened.
CREATE INDEX case_entry_by_purpose ON case_entry (purpose) WHERE step = 'opened';

-- name: index_case_entry_by_subject
-- For the entries on one subject in order of sequence.
CREATE INDEX case_entry_by_subject ON case_entry (subject) WHERE subject IS NOT NULL;

-- name: create_case_entry_record
-- Entries of cases with all their fields.
CREATE VIEW case_entry_record AS
SELECT
    noun.sequence, record.recorded_at_us, supersession.superseded_by,
    record.source, record.external_id, record.supersedes,
    noun.case_id, noun.purpose, noun.step,
    subject.kind AS subject_kind, subject.key AS subject_key,
    noun.text, noun.entered_at_us, noun.entered_by
FROM case_entry AS noun
JOIN record ON record.sequence = noun.sequence
LEFT JOIN subject ON subject.number = noun.subject
LEFT JOIN supersession ON supersession.superseded = noun.sequence;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 5;
