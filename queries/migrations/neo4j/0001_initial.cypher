// name: constrain_migration_number
// Each step of the schema is noted once.
CREATE CONSTRAINT migration_number IF NOT EXISTS
FOR (n:Migration) REQUIRE n.number IS UNIQUE

// name: constrain_counter_name
// One node of each name, which writers lock first.
CREATE CONSTRAINT counter_name IF NOT EXISTS
FOR (n:Counter) REQUIRE n.name IS UNIQUE

// name: constrain_subject_id
// A subject is one node, 'kind:key'.
CREATE CONSTRAINT subject_id IF NOT EXISTS
FOR (n:Subject) REQUIRE n.id IS UNIQUE

// name: constrain_subject_number
// Subjects are numbered from 0.
CREATE CONSTRAINT subject_number IF NOT EXISTS
FOR (n:Subject) REQUIRE n.number IS UNIQUE

// name: constrain_record_identity
// A source uses an external id once, over all types of record.
CREATE CONSTRAINT record_identity IF NOT EXISTS
FOR (n:Record) REQUIRE (n.source, n.external_id) IS UNIQUE

// name: constrain_record_sequence
// A sequence number is given once, over all types of record.
CREATE CONSTRAINT record_sequence IF NOT EXISTS
FOR (n:Record) REQUIRE n.sequence IS UNIQUE

// name: index_record_superseded_by
// For what was superseded in a range.
CREATE INDEX record_superseded_by IF NOT EXISTS
FOR (n:Record) ON (n.superseded_by)

// name: constrain_append_token
// An append is committed once, however often it was tried.
CREATE CONSTRAINT append_token IF NOT EXISTS
FOR (n:Append) REQUIRE n.token IS UNIQUE

// name: index_append_recorded_at
// For "the last sequence recorded at or before a time".
CREATE INDEX append_recorded_at IF NOT EXISTS
FOR (n:Append) ON (n.recorded_at_us)

// name: index_registration_sequence
// For the records of this type in order of sequence.
CREATE INDEX registration_sequence IF NOT EXISTS
FOR (n:Registration) ON (n.sequence)

// name: index_event_sequence
// For the records of this type in order of sequence.
CREATE INDEX event_sequence IF NOT EXISTS
FOR (n:Event) ON (n.sequence)

// name: index_report_sequence
// For the records of this type in order of sequence.
CREATE INDEX report_sequence IF NOT EXISTS
FOR (n:Report) ON (n.sequence)

// name: index_listing_sequence
// For the records of this type in order of sequence.
CREATE INDEX listing_sequence IF NOT EXISTS
FOR (n:Listing) ON (n.sequence)

// name: index_retraction_sequence
// For the records of this type in order of sequence.
CREATE INDEX retraction_sequence IF NOT EXISTS
FOR (n:Retraction) ON (n.sequence)

// name: index_listing_list_name
// For the entries of one list in order of sequence.
CREATE INDEX listing_list_name IF NOT EXISTS
FOR (n:Listing) ON (n.list_name, n.sequence)

// name: constrain_definition_version
// A version of a document is stored once.
CREATE CONSTRAINT definition_version IF NOT EXISTS
FOR (n:Definition) REQUIRE (n.kind, n.name, n.version) IS UNIQUE

// name: constrain_score_run_id
// A run is published once.
CREATE CONSTRAINT score_run_id IF NOT EXISTS
FOR (n:ScoreRun) REQUIRE n.run_id IS UNIQUE

// name: constrain_score_run_publication
// Publications are counted without doubles.
CREATE CONSTRAINT score_run_publication IF NOT EXISTS
FOR (n:ScoreRun) REQUIRE n.publication IS UNIQUE

// name: index_score_run_programme
// For the run published last for a programme.
CREATE INDEX score_run_programme IF NOT EXISTS
FOR (n:ScoreRun) ON (n.programme, n.publication)

// name: constrain_score_run_chunk
// Each part of a run's payload is there once.
CREATE CONSTRAINT score_run_chunk IF NOT EXISTS
FOR (n:ScoreRunChunk) REQUIRE (n.run_id, n.chunk) IS UNIQUE

// name: constrain_audit_entry_position
// Entries have one place each in the chain.
CREATE CONSTRAINT audit_entry_position IF NOT EXISTS
FOR (n:AuditEntry) REQUIRE n.position IS UNIQUE

// name: constrain_audit_entry_previous_hash
// The chain never forks.
CREATE CONSTRAINT audit_entry_previous_hash IF NOT EXISTS
FOR (n:AuditEntry) REQUIRE n.previous_hash IS UNIQUE

// name: index_audit_entry_token
// For entries whose commit was in doubt.
CREATE INDEX audit_entry_token IF NOT EXISTS
FOR (n:AuditEntry) ON (n.token)

// name: index_link_knows_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_knows_sequence IF NOT EXISTS
FOR ()-[r:KNOWS]-() ON (r.sequence)

// name: index_link_follows_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_follows_sequence IF NOT EXISTS
FOR ()-[r:FOLLOWS]-() ON (r.sequence)

// name: index_link_vouches_for_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_vouches_for_sequence IF NOT EXISTS
FOR ()-[r:VOUCHES_FOR]-() ON (r.sequence)

// name: index_link_household_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_household_sequence IF NOT EXISTS
FOR ()-[r:HOUSEHOLD]-() ON (r.sequence)

// name: index_link_works_at_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_works_at_sequence IF NOT EXISTS
FOR ()-[r:WORKS_AT]-() ON (r.sequence)

// name: index_link_trusts_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_trusts_sequence IF NOT EXISTS
FOR ()-[r:TRUSTS]-() ON (r.sequence)

// name: index_link_rates_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_rates_sequence IF NOT EXISTS
FOR ()-[r:RATES]-() ON (r.sequence)

// name: index_link_paid_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_paid_sequence IF NOT EXISTS
FOR ()-[r:PAID]-() ON (r.sequence)

// name: index_link_refunded_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_refunded_sequence IF NOT EXISTS
FOR ()-[r:REFUNDED]-() ON (r.sequence)

// name: index_link_uses_device_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_uses_device_sequence IF NOT EXISTS
FOR ()-[r:USES_DEVICE]-() ON (r.sequence)

// name: index_link_uses_address_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_uses_address_sequence IF NOT EXISTS
FOR ()-[r:USES_ADDRESS]-() ON (r.sequence)

// name: index_link_uses_phone_sequence
// For links of this kind in order of sequence.
CREATE INDEX link_uses_phone_sequence IF NOT EXISTS
FOR ()-[r:USES_PHONE]-() ON (r.sequence)

// name: index_superseded_sequence
// For superseded links in order of sequence.
CREATE INDEX superseded_sequence IF NOT EXISTS
FOR ()-[r:SUPERSEDED]-() ON (r.sequence)

// name: index_superseded_by
// For links superseded in a range.
CREATE INDEX superseded_by IF NOT EXISTS
FOR ()-[r:SUPERSEDED]-() ON (r.superseded_by)

// name: create_ledger_counter
// What sequence and subject numbers are counted with, and the store's id.
MERGE (counter:Counter {name: 'ledger'})
ON CREATE SET counter.store_id = randomUUID(), counter.sequence = 0, counter.subjects = 0,
    counter.recorded_at_us = 0

// name: create_audit_counter
// The end of the audit chain.
MERGE (counter:Counter {name: 'audit'})
ON CREATE SET counter.position = 0

// name: create_publications_counter
// What publications are counted with.
MERGE (counter:Counter {name: 'publications'})
ON CREATE SET counter.publications = 0
