"""What the database itself holds to: no event goes but by `auditline_delete_events`, and none that a hold covers.

The app's role can neither delete events nor write receipts; it may call the two definer functions below, which take no
condition from it: rules, holds, clock and workspace are looked up here. The owner installs them after each migration.

Why nothing comes between a hold and a deletion: placing or releasing a hold, setting or ending a rule, and deleting
take the same lock until they commit (`auditline_lock_retention`), and the functions run in READ COMMITTED alone, where
each statement sees what was committed before it. A snapshot from before would not see the hold, so it is refused.

What an event is about is read from its kept body and not from what was derived of it, which the app's role may change:
every {namespace, name} in an OpenLineage event, wherever it stands; in an inventory the text of keys and namespaces. A
body that cannot be read is covered by every hold on a namespace or an asset.
"""

from lineage.retention.triggers import TRIGGERS

_LOCK = """
CREATE OR REPLACE FUNCTION auditline_lock_retention(workspace uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS
$$ SELECT pg_advisory_xact_lock(hashtextextended('auditline/retention/' || workspace::text, 0)) $$
"""

# urllib.parse.quote(given, safe="") of the bytes in UTF-8: as uids are made (lineage/events/identity.py).
_QUOTED = """
CREATE OR REPLACE FUNCTION auditline_quoted(given text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN given ~ '^[A-Za-z0-9_.~-]*$' THEN given ELSE (
    SELECT string_agg(CASE WHEN chr(code) ~ '^[A-Za-z0-9_.~-]$' AND code < 128 THEN chr(code)
                           ELSE '%' || lpad(upper(to_hex(code)), 2, '0') END, '' ORDER BY place)
    FROM generate_series(0, octet_length(convert_to(given, 'UTF8')) - 1) AS place,
         LATERAL (SELECT nullif(get_byte(convert_to(given, 'UTF8'), place), 0) AS code) AS byte
  ) END
$$
"""

_READ_BODY = (
    """
CREATE OR REPLACE FUNCTION auditline_json(given text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  RETURN given::jsonb;
EXCEPTION WHEN data_exception OR statement_too_complex OR program_limit_exceeded THEN
  RETURN NULL;  -- no JSON
END $$
""",
    """
CREATE OR REPLACE FUNCTION auditline_text(body bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  given text;
BEGIN
  given := convert_from(body, 'UTF8');
  -- JSON is written anew, so that escapes hide no text; line by line where it is not one value. CSV stays as it is.
  RETURN coalesce(auditline_json(given)::text,
                  (SELECT string_agg(coalesce(auditline_json(line)::text, line), E'\\n')
                   FROM regexp_split_to_table(given, E'\\r?\\n') AS line));
EXCEPTION WHEN data_exception THEN
  RETURN NULL;  -- cannot be read
END $$
""",
    """
CREATE OR REPLACE FUNCTION auditline_names(document jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT auditline_quoted(found->>'namespace') || '/' || auditline_quoted(found->>'name')),
                  '{}')
  FROM jsonb_path_query(document,
    'strict $.** ? (@.namespace.type() == "string" && @.name.type() == "string")') AS found
$$
""",
    """
CREATE OR REPLACE FUNCTION auditline_mentions(content text, needle text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  -- As a value begins in JSON or CSV, written as either writes it.
  SELECT content IS NULL OR EXISTS (
    SELECT FROM unnest(ARRAY[needle, substr(to_json(needle)::text, 2, length(to_json(needle)::text) - 2),
                             replace(needle, '"', '""')]) AS form,
                unnest(ARRAY['"', ',', ';', '|', ' ', E'\\t', E'\\n']) AS before
    WHERE starts_with(content, form) OR strpos(content, before || form) > 0)
$$
""",
)

_HOLD_OF = """
CREATE OR REPLACE FUNCTION auditline_hold_of(e lineage_event) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  hold uuid;
  content text;
  document jsonb;
  names text[];
BEGIN
  -- 1. What columns tell.
  SELECT h.id INTO hold FROM lineage_legalhold h
  WHERE h.workspace_id = e.workspace_id AND h.released_at IS NULL AND CASE h.scope
    WHEN 'everything' THEN true
    WHEN 'event' THEN h.event = e.id
    WHEN 'sender' THEN h.sender = e.sender
    WHEN 'source' THEN h.source = e.source
    WHEN 'received' THEN e.received_at >= coalesce(h.received_from, '-infinity')
                     AND e.received_at <= coalesce(h.received_until, 'infinity')
    ELSE false END
  LIMIT 1;
  IF hold IS NOT NULL OR NOT EXISTS (
    SELECT FROM lineage_legalhold h WHERE h.workspace_id = e.workspace_id AND h.released_at IS NULL
      AND h.scope IN ('namespace', 'asset')) THEN
    RETURN hold;
  END IF;
  -- 2. What the body tells.
  content := auditline_text(e.body);
  IF e.kind <> 'inventory' THEN
    document := auditline_json(content);
    names := auditline_names(document);
  END IF;
  SELECT h.id INTO hold FROM lineage_legalhold h
  WHERE h.workspace_id = e.workspace_id AND h.released_at IS NULL AND CASE
    WHEN h.scope NOT IN ('namespace', 'asset') THEN false
    WHEN content IS NULL OR (e.kind <> 'inventory' AND document IS NULL) THEN true
    WHEN h.scope = 'namespace' AND e.kind <> 'inventory' THEN EXISTS (
      SELECT FROM jsonb_path_query(document, 'strict $.**.namespace') AS named
      WHERE starts_with(named #>> '{}', h.namespace))
    WHEN h.scope = 'namespace' THEN
      auditline_mentions(content, h.namespace) OR auditline_mentions(content, auditline_quoted(h.namespace))
    ELSE auditline_mentions(content, h.asset_uid)
      OR h.asset_uid = ANY (names)
      OR (e.kind = 'inventory' AND (e.source = ANY (h.asset_sources) OR auditline_reports(h.workspace_id, e.source,
                                                                            h.asset_kind, h.asset_uid)))
      OR (h.asset_kind = 'run' AND EXISTS (
        SELECT FROM jsonb_path_query(document, 'strict $.**.runId') AS run WHERE lower(run #>> '{}') = h.asset_uid))
      OR (h.asset_kind = 'data_flow' AND EXISTS (
        SELECT FROM unnest(names) AS name WHERE auditline_quoted(name) = ANY (string_to_array(h.asset_uid, '/'))))
    END
  LIMIT 1;
  RETURN hold;
END $$
"""

_REPORTS = (
    """
CREATE OR REPLACE FUNCTION auditline_sources_of(workspace uuid, asset_kind text, asset_uid text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT s.name), '{}') FROM lineage_asset a
  JOIN lineage_source s ON s.workspace_id = workspace AND s.door = 'inventory'
  WHERE a.workspace_id = workspace AND a.kind = asset_kind AND a.uid = asset_uid
    AND (EXISTS (SELECT FROM lineage_factset f WHERE f.workspace_id = workspace AND f.asset_id = a.id
                   AND f.source_id = s.id)
      OR EXISTS (SELECT FROM lineage_relation r WHERE r.workspace_id = workspace AND r.source_id = s.id
                   AND (r.from_asset_id = a.id OR r.to_asset_id = a.id)))
$$
""",
    """
CREATE OR REPLACE FUNCTION auditline_reports(workspace uuid, source text, asset_kind text, asset_uid text)
RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS
$$ SELECT source = ANY (auditline_sources_of(workspace, asset_kind, asset_uid)) $$
""",
)

_CLASSES = """
CREATE OR REPLACE FUNCTION auditline_classes_of(e lineage_event) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  names text[];
BEGIN
  IF e.kind = 'inventory' THEN
    RETURN ARRAY(SELECT 'personal' FROM lineage_importresult r WHERE r.workspace_id = e.workspace_id AND r.event = e.id
                   AND r.kinds && ARRAY['person', 'identity', 'skill_holding']::varchar[]);
  END IF;
  names := auditline_names(auditline_json(auditline_text(e.body)));
  RETURN ARRAY(
    SELECT a.document->>'classification' FROM lineage_asset a
    WHERE a.workspace_id = e.workspace_id AND a.kind = 'dataset' AND a.uid = ANY (names)
      AND a.document ? 'classification'
    UNION SELECT 'personal' FROM lineage_asset a
    WHERE a.workspace_id = e.workspace_id AND a.kind = 'dataset' AND a.uid = ANY (names)
      AND a.document->'contains_personal_data' = 'true');
END $$
"""

# Judges the next `most` events in the order of ids, as deletion does and a preview too: delete, held, waiting (its work
# or an open dead letter does), newest (what its source says at present) or kept (no rule, or not old enough).
_JUDGE = (
    """
CREATE OR REPLACE FUNCTION auditline_judge_events(rules jsonb, after uuid, most integer)
RETURNS TABLE (event uuid, rule uuid, outcome text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  workspace uuid := NULLIF(current_setting('auditline.workspace', true), '')::uuid;
  by_class boolean := EXISTS (SELECT FROM jsonb_array_elements(rules) AS r WHERE r->>'data_class' IS NOT NULL);
  least integer := (SELECT min((r->>'days')::integer) FROM jsonb_array_elements(rules) AS r);
BEGIN
  RETURN QUERY
  SELECT e.id, d.id, CASE
    WHEN d.id IS NULL OR e.received_at >= now() - make_interval(days => d.days) THEN 'kept'
    WHEN auditline_hold_of(e) IS NOT NULL THEN 'held'
    WHEN EXISTS (SELECT FROM accounts_work w WHERE w.workspace_id = workspace AND w.stage = 'project'
                   AND w.subject = e.id) THEN 'waiting'
    WHEN EXISTS (SELECT FROM accounts_deadletter l WHERE l.workspace_id = workspace AND l.stage = 'project'
                   AND l.subject = e.id AND l.replayed_at IS NULL) THEN 'waiting'
    WHEN e.kind = 'inventory' AND NOT EXISTS (
           SELECT FROM lineage_event n WHERE n.workspace_id = workspace AND n.source = e.source AND n.kind = e.kind
             AND n.id > e.id) THEN 'newest'
    ELSE 'delete' END
  FROM (
    SELECT * FROM lineage_event v
    -- Ids tell when an event came, nearly: a day more ends the scan before what cannot be old enough.
    WHERE v.workspace_id = workspace AND v.id > after
      AND v.id < auditline_lowest_id(now() - make_interval(days => least - 1))
    ORDER BY v.id LIMIT most
  ) AS o
  JOIN lineage_event e ON e.workspace_id = workspace AND e.id = o.id
  LEFT JOIN LATERAL (
    SELECT r.id, r.days
    FROM jsonb_to_recordset(rules) AS r (id uuid, kind text, source text, data_class text, days integer),
         LATERAL (SELECT CASE WHEN by_class THEN auditline_classes_of(e) END AS found) AS classes
    WHERE coalesce(r.kind, e.kind) = e.kind AND coalesce(r.source, e.source) = e.source
      AND (r.data_class IS NULL OR r.data_class = ANY (classes.found))
    ORDER BY r.data_class IS NULL, r.source IS NULL, r.kind IS NULL, r.days DESC, r.id LIMIT 1
  ) AS d ON true
  ORDER BY e.id;
END $$
""",
    """
CREATE OR REPLACE FUNCTION auditline_lowest_id(instant timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT (lpad(to_hex(greatest(floor(extract(epoch FROM instant) * 1000), 0)::bigint), 12, '0')
          || '70008000000000000000')::uuid
$$
""",
)

_DELETE = (
    """
CREATE OR REPLACE FUNCTION auditline_delete_events(batch uuid, statement uuid, after uuid, most integer) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  workspace uuid := NULLIF(current_setting('auditline.workspace', true), '')::uuid;
  active jsonb;
  reached uuid;
BEGIN
  IF workspace IS NULL THEN
    RAISE EXCEPTION 'no workspace is entered';
  ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'events are deleted in READ COMMITTED alone: an older snapshot does not see every hold';
  ELSIF after IS NULL OR most IS NULL OR most NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'expected an id to begin after and 1 to 1000 events at a time';
  END IF;
  PERFORM auditline_lock_retention(workspace);
  SELECT jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'source', r.source, 'data_class', r.data_class,
                                      'days', r.days)) INTO active
  FROM lineage_retentionrule r WHERE r.workspace_id = workspace AND r.ended_at IS NULL;
  IF active IS NULL THEN
    RETURN NULL;
  END IF;
  WITH judged AS MATERIALIZED (
    SELECT * FROM auditline_judge_events(active, after, most)
  ), gone AS (
    DELETE FROM lineage_event e USING judged j
    WHERE e.workspace_id = workspace AND e.id = j.event AND j.outcome = 'delete'
    RETURNING e.id, e.kind, e.received_digest, e.kept_digest, e.received_at, j.rule
  ), receipt AS (
    INSERT INTO lineage_deletionreceipt (id, workspace_id, kind, received_digest, kept_digest, received_at, rule_id,
                                         deletion_id)
    SELECT g.id, workspace, g.kind, g.received_digest, g.kept_digest, g.received_at, g.rule, batch FROM gone g
  ), deletion AS (
    INSERT INTO lineage_deletion (id, workspace_id, statement, count, first, last)
    SELECT batch, workspace, statement, count(*), (array_agg(g.id ORDER BY g.id))[1],
           (array_agg(g.id ORDER BY g.id DESC))[1]
    FROM gone g HAVING count(*) > 0
  )
  SELECT j.event INTO reached FROM judged j ORDER BY j.event DESC LIMIT 1;
  RETURN reached;
END $$
""",
    """
REVOKE ALL ON FUNCTION auditline_delete_events(uuid, uuid, uuid, integer) FROM PUBLIC
""",
    """
GRANT EXECUTE ON FUNCTION auditline_delete_events(uuid, uuid, uuid, integer) TO "{role}"
""",
)

_DROP = (
    """
CREATE OR REPLACE FUNCTION auditline_drop_empty_month(child text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  ends uuid;
  filled boolean;
BEGIN
  SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([0-9a-f-]{36})''\\)')::uuid INTO ends
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'lineage_event'::regclass AND c.relname = child
    AND child ~ '^lineage_event_[0-9]{4}_[0-9]{2}$';
  IF ends IS NULL OR ends > auditline_lowest_id(now() - interval '1 day') THEN
    RAISE EXCEPTION '% is no month of events that is over', child;
  ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'months are dropped in READ COMMITTED alone: an older snapshot does not see every row';
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I)', child) INTO filled;
  IF NOT filled THEN  -- and once more where nobody can write any longer
    LOCK TABLE lineage_event IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', child) INTO filled;
  END IF;
  IF NOT filled THEN
    EXECUTE format('ALTER TABLE lineage_event DETACH PARTITION %I', child);
    EXECUTE format('DROP TABLE %I', child);
  END IF;
  RETURN NOT filled;
END $$
""",
    """
REVOKE ALL ON FUNCTION auditline_drop_empty_month(text) FROM PUBLIC
""",
    """
GRANT EXECUTE ON FUNCTION auditline_drop_empty_month(text) TO "{role}"
""",
)

GUARDS: tuple[str, ...] = (
    _LOCK, _QUOTED, *_READ_BODY, _REPORTS[0], _REPORTS[1], _HOLD_OF, _CLASSES, _JUDGE[1], _JUDGE[0], *_DELETE, *_DROP,
    *TRIGGERS,
)  # fmt: skip
"""In the order in which they can be installed."""
