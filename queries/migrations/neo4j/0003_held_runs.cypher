// name: constrain_held_run_id
// A run waits for its release once.
CREATE CONSTRAINT held_run_id IF NOT EXISTS
FOR (n:HeldRun) REQUIRE n.run_id IS UNIQUE

// name: index_held_run_by_time
// For the list of all that wait.
CREATE INDEX held_run_by_time IF NOT EXISTS
FOR (n:HeldRun) ON (n.held_at_us)
