// name: index_dispute_sequence
// For the records of this type in order of sequence.
CREATE INDEX dispute_sequence IF NOT EXISTS
FOR (n:Dispute) ON (n.sequence)

// name: constrain_erasure_token
// An erasure is committed once, however often it was tried.
CREATE CONSTRAINT erasure_token IF NOT EXISTS
FOR (n:Erasure) REQUIRE n.token IS UNIQUE
