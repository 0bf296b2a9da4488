// name: select_subject_numbers
// Numbers of many subjects. Parameters: ids ('kind:key').
// Returns one row of columns, for those that are known: position (in ids), number.
UNWIND range(0, size($ids) - 1) AS i
MATCH (subject:Subject {id: $ids[i]})
USING INDEX subject:Subject(id)
RETURN collect(i) AS position, collect(subject.number) AS number

// name: insert_subjects
// Number new subjects. Parameters: label (columns, from the kinds that exist), id, kind, key, number.
UNWIND range(0, size($id) - 1) AS i
CREATE (:Subject:$($label[i]) {id: $id[i], kind: $kind[i], key: $key[i], number: $number[i]})

// name: select_subjects
// Subjects in a range of numbers. Parameters: after, up_to.
// Returns one row of columns: number, kind, key.
MATCH (subject:Subject)
USING INDEX subject:Subject(number)
WHERE $after < subject.number <= $up_to
RETURN collect(subject.number) AS number, collect(subject.kind) AS kind, collect(subject.key) AS key
