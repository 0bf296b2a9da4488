-- name: insert_job
-- Ask for a job, unless there is one of its id or for the same occasion of its schedule.
-- Parameters: job_id, kind, parameters, requested_by, requested_at_us, schedule, scheduled_for_us,
-- state, due_at_us.
INSERT INTO job
    (job_id, kind, parameters, requested_by, requested_at_us, schedule, scheduled_for_us, state,
    due_at_us)
VALUES
    (:job_id, :kind, :parameters, :requested_by, :requested_at_us, :schedule, :scheduled_for_us,
    :state, :due_at_us)
ON CONFLICT DO NOTHING;

-- name: select_job
-- One job. Parameters: job_id. Returns at most one row: the columns of job.
SELECT * FROM job WHERE job_id = :job_id;

-- name: select_jobs
-- Jobs, the latest request first. Parameters: state (NULL: any), limit.
-- Returns rows: the columns of job.
SELECT * FROM job WHERE :state IS NULL OR state = :state ORDER BY number DESC LIMIT :limit;

-- name: select_unfinished_jobs
-- Jobs that are due, and those that somebody is at, in order of request. Parameters: now_us.
-- Returns rows: the columns of job.
SELECT * FROM job
WHERE (state IN ('waiting', 'retrying') AND due_at_us <= :now_us) OR state = 'running'
ORDER BY number;

-- name: take_job
-- Give a job to a runner. Parameters: job_id, runner, lease_until_us, now_us, deaths.
UPDATE job SET
    state = 'running', runner = :runner, lease_until_us = :lease_until_us, fence = fence + 1,
    deaths = :deaths, started_at_us = coalesce(started_at_us, :now_us), attempt_at_us = :now_us,
    attempt_done = done, progress_at_us = :now_us, error_code = NULL, error = NULL
WHERE job_id = :job_id;

-- name: extend_lease
-- Keep a job. Parameters: job_id, fence, lease_until_us.
UPDATE job SET lease_until_us = :lease_until_us
WHERE job_id = :job_id AND fence = :fence AND state = 'running';

-- name: enter_stage
-- Note what a job is at. Parameters: job_id, fence, stage.
UPDATE job SET stage = :stage
WHERE job_id = :job_id AND fence = :fence AND state = 'running';

-- name: save_checkpoint
-- Note how far a job is. Parameters: job_id, fence, checkpoint, done, total, unit, now_us.
UPDATE job SET
    checkpoint = :checkpoint, done = :done, total = :total, unit = :unit, progress_at_us = :now_us,
    attempts = 0, deaths = 0
WHERE job_id = :job_id AND fence = :fence AND state = 'running';

-- name: leave_job
-- End a runner's work on a job. Parameters: job_id, fence, state, due_at_us, attempts,
-- finished_at_us, error_code, error, result.
UPDATE job SET
    state = :state, due_at_us = :due_at_us, attempts = :attempts, runner = NULL,
    lease_until_us = NULL, finished_at_us = :finished_at_us, error_code = :error_code,
    error = :error, result = :result
WHERE job_id = :job_id AND fence = :fence AND state = 'running';

-- name: request_cancel
-- Note that a job is to be cancelled; one that nobody is at is due for that at once.
-- Parameters: job_id, cancelled_by, now_us.
UPDATE job SET
    cancelled_by = :cancelled_by,
    due_at_us = CASE WHEN state = 'running' THEN due_at_us ELSE :now_us END
WHERE job_id = :job_id AND state IN ('waiting', 'retrying', 'running') AND cancelled_by IS NULL;

-- name: cancel_untouched_job
-- Cancel a job that nobody has begun. Parameters: job_id, now_us.
UPDATE job SET state = 'cancelled', finished_at_us = :now_us
WHERE job_id = :job_id AND state = 'waiting' AND started_at_us IS NULL;

-- name: revive_job
-- Let a job that ended go on from its last finished stage. Parameters: job_id, now_us.
UPDATE job SET
    state = 'waiting', due_at_us = :now_us, attempts = 0, deaths = 0, cancelled_by = NULL,
    finished_at_us = NULL, error_code = NULL, error = NULL
WHERE job_id = :job_id AND state IN ('failed', 'cancelled');

-- name: delete_finished_jobs
-- Forget jobs that ended long ago. Parameters: before_us.
DELETE FROM job WHERE finished_at_us < :before_us;

-- name: select_schedule_seen
-- Up to when a schedule's occasions became jobs. Parameters: schedule.
-- Returns at most one row: until_us.
SELECT until_us FROM schedule_seen WHERE schedule = :schedule;

-- name: upsert_schedule_seen
-- Note up to when a schedule's occasions became jobs. Parameters: schedule, until_us.
INSERT INTO schedule_seen (schedule, until_us) VALUES (:schedule, :until_us)
ON CONFLICT (schedule) DO UPDATE SET until_us = max(until_us, excluded.until_us);
