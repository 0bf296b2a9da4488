// name: append_links
// Add links and their places in the ledger. Parameters (columns): type (a relationship type, from
// the kinds that exist), kind, src, dst (subject numbers), sequence, source, external_id, supersedes,
// content_hash, weight, count, currency, valid_from_us, valid_to_us; and recorded_at_us.
UNWIND range(0, size($sequence) - 1) AS i
MATCH (src:Subject {number: $src[i]})
USING INDEX src:Subject(number)
MATCH (dst:Subject {number: $dst[i]})
USING INDEX dst:Subject(number)
CREATE (:Record {
    sequence: $sequence[i], source: $source[i], external_id: $external_id[i],
    content_hash: $content_hash[i], link_kind: $kind[i]
})
CREATE (src)-[:$($type[i]) {
    sequence: $sequence[i], weight: $weight[i], count: $count[i], currency: $currency[i],
    valid_from_us: $valid_from_us[i], valid_to_us: $valid_to_us[i],
    source: $source[i], external_id: $external_id[i], supersedes: $supersedes[i],
    recorded_at_us: $recorded_at_us
}]->(dst)

// name: supersede_links
// Put links of one kind out of an analyst's sight, with all that they said. LINK_TYPE is replaced.
// Parameters: kind; sequence, superseded_by (columns).
UNWIND range(0, size($sequence) - 1) AS i
MATCH (src)-[link:LINK_TYPE {sequence: $sequence[i]}]->(dst)
USING INDEX link:LINK_TYPE(sequence)
CREATE (src)-[moved:SUPERSEDED]->(dst)
SET moved = properties(link), moved.kind = $kind, moved.superseded_by = $superseded_by[i]
DELETE link

// name: select_link_columns
// Links of one kind in a range that stand. LINK_TYPE is replaced. Parameters: after, up_to, no_start_us
// and no_end_us (what stands for missing times).
// Returns at most one row: type, and the columns kind (empty), sequence, src, dst, weight, count,
// valid_from_us, valid_to_us, superseded_by. A link that is just being deleted has lost properties and
// is left out.
MATCH (src)-[link:LINK_TYPE]->(dst)
USING INDEX link:LINK_TYPE(sequence)
WHERE $after < link.sequence <= $up_to
WITH link.sequence AS sequence, src.number AS src, dst.number AS dst,
    link.weight AS weight, link.count AS count,
    coalesce(link.valid_from_us, $no_start_us) AS valid_from_us,
    coalesce(link.valid_to_us, $no_end_us) AS valid_to_us
WHERE sequence IS NOT NULL AND weight IS NOT NULL AND count IS NOT NULL
RETURN 'LINK_TYPE' AS type, [] AS kind, collect(sequence) AS sequence,
    collect(src) AS src, collect(dst) AS dst, collect(weight) AS weight, collect(count) AS count,
    collect(valid_from_us) AS valid_from_us, collect(valid_to_us) AS valid_to_us,
    [] AS superseded_by

// name: select_superseded_link_columns
// Links of some kinds in a range that were superseded. Parameters and rows: as select_link_columns,
// and the parameter kinds; the columns kind and superseded_by are filled.
MATCH (src)-[link:SUPERSEDED]->(dst)
USING INDEX link:SUPERSEDED(sequence)
WHERE $after < link.sequence <= $up_to AND link.kind IN $kinds
RETURN 'SUPERSEDED' AS type, collect(link.kind) AS kind, collect(link.sequence) AS sequence,
    collect(src.number) AS src, collect(dst.number) AS dst,
    collect(link.weight) AS weight, collect(link.count) AS count,
    collect(coalesce(link.valid_from_us, $no_start_us)) AS valid_from_us,
    collect(coalesce(link.valid_to_us, $no_end_us)) AS valid_to_us,
    collect(link.superseded_by) AS superseded_by

// name: select_moved_link_columns
// As select_superseded_link_columns, but only those superseded by a record after `moved_after`.
MATCH (src)-[link:SUPERSEDED]->(dst)
USING INDEX link:SUPERSEDED(superseded_by)
WHERE link.superseded_by > $moved_after AND $after < link.sequence <= $up_to AND link.kind IN $kinds
RETURN 'SUPERSEDED' AS type, collect(link.kind) AS kind, collect(link.sequence) AS sequence,
    collect(src.number) AS src, collect(dst.number) AS dst,
    collect(link.weight) AS weight, collect(link.count) AS count,
    collect(coalesce(link.valid_from_us, $no_start_us)) AS valid_from_us,
    collect(coalesce(link.valid_to_us, $no_end_us)) AS valid_to_us,
    collect(link.superseded_by) AS superseded_by

// name: select_links
// Links of one kind in a range that stand. LINK_TYPE is replaced. Parameters: after, up_to.
// Returns at most one row: type, links (a list of maps with all properties and both ends;
// a link that is just being deleted may lack some).
MATCH (src)-[link:LINK_TYPE]->(dst)
USING INDEX link:LINK_TYPE(sequence)
WHERE $after < link.sequence <= $up_to
RETURN 'LINK_TYPE' AS type, collect(link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
}) AS links

// name: select_superseded_links
// Links of some kinds in a range that were superseded. Parameters: kinds, after, up_to.
// Returns at most one row: type, links (maps that have kind and superseded_by too).
MATCH (src)-[link:SUPERSEDED]->(dst)
USING INDEX link:SUPERSEDED(sequence)
WHERE $after < link.sequence <= $up_to AND link.kind IN $kinds
RETURN 'SUPERSEDED' AS type, collect(link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
}) AS links

// name: select_moved_links
// As select_superseded_links, but only those superseded by a record after `moved_after`.
MATCH (src)-[link:SUPERSEDED]->(dst)
USING INDEX link:SUPERSEDED(superseded_by)
WHERE link.superseded_by > $moved_after AND $after < link.sequence <= $up_to AND link.kind IN $kinds
RETURN 'SUPERSEDED' AS type, collect(link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
}) AS links

// name: select_links_of_subject
// Links at either end of one subject. LINK_TYPES is replaced by the types, joined with |.
// Parameters: id, kinds, after, up_to, moved_after (0: all), limit.
// Returns rows: type, link (a map with all properties and both ends), by sequence.
MATCH (subject:Subject {id: $id})
USING INDEX subject:Subject(id)
MATCH (subject)-[link:LINK_TYPES]-()
WHERE $after < link.sequence <= $up_to
    AND ($moved_after = 0 OR link.superseded_by > $moved_after)
    AND (link.kind IS NULL OR link.kind IN $kinds)
WITH link ORDER BY link.sequence LIMIT $limit
WITH link, startNode(link) AS src, endNode(link) AS dst
RETURN type(link) AS type, link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
} AS link
ORDER BY link.sequence

// name: select_standing_links_of_subjects
// The next links at either end of many subjects, that stood at `up_to`. LINK_TYPES is replaced by the
// types, joined with |. Parameters: ids ('kind:key'), kinds, after, up_to, limit (for each subject),
// moved_after (0: those that stand now; otherwise those that a later record superseded), since_us,
// until_us, not_over_before_us, is_outgoing (null each: any).
// Returns rows, for those who have any: id, links (a list of maps: type, link, a map with all
// properties and both ends; by sequence).
UNWIND $ids AS id
MATCH (subject:Subject {id: id})
USING INDEX subject:Subject(id)
CALL (subject) {
    MATCH (subject)-[link:LINK_TYPES]-()
    WHERE $after < link.sequence <= $up_to
        AND ($moved_after = 0 OR (link.superseded_by > $moved_after AND link.kind IN $kinds))
        AND ($is_outgoing IS NULL OR (startNode(link) = subject) = $is_outgoing)
        AND ($since_us IS NULL OR link.valid_from_us >= $since_us)
        AND ($until_us IS NULL OR link.valid_from_us < $until_us)
        AND ($not_over_before_us IS NULL OR coalesce(
            link.valid_to_us,
            CASE WHEN coalesce(link.kind, toLower(type(link))) IN ['paid', 'refunded']
                THEN link.valid_from_us END,
            $not_over_before_us
        ) >= $not_over_before_us)
    WITH link ORDER BY link.sequence LIMIT $limit
    WITH link, startNode(link) AS src, endNode(link) AS dst
    RETURN collect({type: type(link), link: link {
        .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
    }}) AS links
}
WITH id, links WHERE size(links) > 0
RETURN id, links

// name: select_links_at
// Links of one kind by sequence that stand. LINK_TYPE is replaced. Parameters: sequences.
// Returns at most one row: type, links (see select_links).
UNWIND $sequences AS sequence
MATCH (src)-[link:LINK_TYPE {sequence: sequence}]->(dst)
USING INDEX link:LINK_TYPE(sequence)
RETURN 'LINK_TYPE' AS type, collect(link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
}) AS links

// name: select_superseded_links_at
// Links by sequence that were superseded. Parameters: sequences.
// Returns at most one row: type, links (maps that have kind and superseded_by too).
UNWIND $sequences AS sequence
MATCH (src)-[link:SUPERSEDED {sequence: sequence}]->(dst)
USING INDEX link:SUPERSEDED(sequence)
RETURN 'SUPERSEDED' AS type, collect(link {
    .*, src_kind: src.kind, src_key: src.key, dst_kind: dst.kind, dst_key: dst.key
}) AS links
