// name: index_case_entry_sequence
// For the records of this type in order of sequence.
CREATE INDEX case_entry_sequence IF NOT EXISTS
FOR (n:CaseEntry) ON (n.sequence)

// name: index_case_entry_case
// For the entries of one case.
CREATE INDEX case_entry_case IF NOT EXISTS
FOR (n:CaseEntry) ON (n.case_id)

// name: index_case_entry_purpose
// For the cases of one purpose in the order in which they were opened.
CREATE INDEX case_entry_purpose IF NOT EXISTS
FOR (n:CaseEntry) ON (n.purpose, n.step, n.sequence)
