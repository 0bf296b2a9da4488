// name: constrain_run_fence
// One number for each run says who may stage and publish it.
CREATE CONSTRAINT run_fence IF NOT EXISTS
FOR (n:RunFence) REQUIRE n.run_id IS UNIQUE
