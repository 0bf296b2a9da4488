-- name: insert_report
-- Add a report. Parameters: as the columns.
INSERT INTO report
    (sequence, category, subject, reporter, severity, reported_at_us, status, text, evidence)
VALUES
    (:sequence, :category, :subject, :reporter, :severity, :reported_at_us, :status, :text,
    :evidence);

-- name: select_reports
-- Reports in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of report_record, by sequence.
SELECT * FROM report_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_reports_of_subject
-- Reports about one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of report_record, by sequence.
SELECT * FROM report_record
WHERE sequence IN (
    SELECT sequence FROM report
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_reports_by_subject
-- Reports that one subject made, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of report_record, by sequence.
SELECT * FROM report_record
WHERE sequence IN (
    SELECT sequence FROM report
    WHERE reporter = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_standing_reports_of_subjects
-- Where the next standing reports of many subjects are. Parameters: subjects (a JSON list of numbers),
-- kinds (a JSON list), since_us, until_us, not_over_before_us, is_open (NULL each: any), after, up_to,
-- limit (for each subject). Returns rows: subject (number), sequence.
SELECT asked.value, found.sequence
FROM json_each(:subjects) AS asked
CROSS JOIN report AS found
WHERE found.sequence IN (
    SELECT report.sequence FROM report
    WHERE report.subject = asked.value AND report.sequence > :after AND report.sequence <= :up_to
        AND (:kinds IS NULL OR report.category IN (SELECT value FROM json_each(:kinds)))
        AND (:since_us IS NULL OR report.reported_at_us >= :since_us)
        AND (:until_us IS NULL OR report.reported_at_us < :until_us)
        AND (:not_over_before_us IS NULL OR report.reported_at_us >= :not_over_before_us)
        AND (:is_open IS NULL OR (report.status = 'open') = :is_open)
        AND NOT EXISTS (
            SELECT 1 FROM supersession
            WHERE superseded = report.sequence AND superseded_by <= :up_to
        )
    ORDER BY report.sequence LIMIT :limit
);

-- name: select_reports_at
-- The reports at some sequences. Parameters: sequences (a JSON list).
-- Returns rows: the columns of report_record, by sequence.
SELECT * FROM report_record WHERE sequence IN (SELECT value FROM json_each(:sequences))
ORDER BY sequence;
