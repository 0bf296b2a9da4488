// name: select_written_back
// Which run's scores stand on subjects as properties. Returns at most one row: purpose, run_id.
MATCH (written:WrittenBack {name: 'scores'})
RETURN written.purpose AS purpose, written.run_id AS run_id

// name: upsert_written_back
// Note which run's scores stand on subjects. Parameters: purpose, run_id, is_complete,
// written_at_us.
MERGE (written:WrittenBack {name: 'scores'})
SET written.purpose = $purpose, written.run_id = $run_id, written.is_complete = $is_complete,
    written.written_at_us = $written_at_us

// name: delete_written_back
// Note that no scores stand on subjects.
MATCH (written:WrittenBack {name: 'scores'})
DELETE written

// name: set_scores
// Put a run's scores on subjects. Parameters: rows (maps: id, scores (a map of all properties)).
// Returns one row: found (how many of the subjects there are).
UNWIND $rows AS row
MATCH (subject:Subject {id: row.id})
USING INDEX subject:Subject(id)
SET subject += row.scores
RETURN count(subject) AS found

// name: remove_scores
// Take scores that are not of a run off the subjects in a range of numbers. Parameters: after,
// up_to, run_id ('': of any run).
// Returns one row: removed (how many subjects had such).
MATCH (subject:Subject)
USING INDEX subject:Subject(number)
WHERE $after < subject.number <= $up_to
    AND subject.published_run IS NOT NULL AND subject.published_run <> $run_id
REMOVE subject.published_run, subject.published_purpose, subject.published_programme,
    subject.published_as_of, subject.published_score, subject.published_band,
    subject.published_width, subject.published_exposure, subject.published_trust,
    subject.published_own_points, subject.published_association_points
RETURN count(subject) AS removed
