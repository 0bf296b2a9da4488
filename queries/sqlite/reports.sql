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
