"""What the database refuses of holds, rules and deletions: what no approved act asks for, and what no statement tells.

A rule is set and ended, and a hold released, by the columns that say which act asked for it. The act must be approved
and say just this; its decider is who is written down. That is looked at when the row is written; the statement, which
comes after it, when the transaction commits.
"""

from accounts.workspaces.triggers import at_commit, before

TRIGGERS: tuple[str, ...] = (
    *before(
        "guard_hold",
        "lineage_legalhold",
        "INSERT OR UPDATE",
        """
BEGIN
  PERFORM auditline_lock_retention(NEW.workspace_id);
  IF TG_OP = 'INSERT' THEN
    IF NEW.released_at IS NOT NULL THEN
      RAISE EXCEPTION 'a hold is placed before it is released' USING ERRCODE = 'check_violation';
    END IF;
    NEW.asset_sources := auditline_sources_of(NEW.workspace_id, NEW.asset_kind, NEW.asset_uid);
  ELSIF OLD.released_at IS NOT NULL THEN
    RAISE EXCEPTION 'a hold is released once' USING ERRCODE = 'check_violation';
  ELSIF NOT EXISTS (
    SELECT FROM accounts_governedact a WHERE a.workspace_id = NEW.workspace_id AND a.id = NEW.released_act_id
      AND a.state = 'approved' AND a.decided_by = NEW.released_by
      AND a.kind = 'hold.release' AND a.payload->>'hold' = NEW.id::text) THEN
    RAISE EXCEPTION 'a hold is released by an approved act that says so' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
""",
    ),
    *at_commit(
        "guard_hold_stated",
        "lineage_legalhold",
        "INSERT OR UPDATE",
        """
BEGIN
  IF NOT auditline_is_stated(NEW.workspace_id,
                             ARRAY['lineage:hold:' || CASE TG_OP WHEN 'INSERT' THEN 'placed' ELSE 'released' END],
                             jsonb_build_object('hold', NEW.id)) THEN
    RAISE EXCEPTION 'what was done with the hold % has no statement that says so', NEW.id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
""",
    ),
    *at_commit(
        "guard_deletion",
        "lineage_deletion",
        "INSERT",
        """
DECLARE
  entered text := coalesce(current_setting('auditline.workspace', true), '');
BEGIN
  -- At the commit the caller has left the workspace already, and row security would hide its statement.
  PERFORM set_config('auditline.workspace', NEW.workspace_id::text, true);
  IF NOT EXISTS (SELECT FROM accounts_statement s WHERE s.workspace_id = NEW.workspace_id AND s.id = NEW.statement
                   AND s.action = 'lineage:events:deleted' AND s.body->>'deletion' = NEW.id::text
                   AND s.body->>'count' = NEW.count::text) THEN
    RAISE EXCEPTION 'deletion % has no statement that says so', NEW.id;
  END IF;
  PERFORM set_config('auditline.workspace', entered, true);
  RETURN NULL;
END
""",
    ),
    *before(
        "guard_rule",
        "lineage_retentionrule",
        "INSERT OR UPDATE",
        """
BEGIN
  PERFORM auditline_lock_retention(NEW.workspace_id);
  IF TG_OP = 'INSERT' AND NEW.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a rule is set before it ends' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'INSERT' AND NOT EXISTS (
    SELECT FROM accounts_governedact a WHERE a.workspace_id = NEW.workspace_id AND a.id = NEW.act_id
      AND a.state = 'approved' AND a.decided_by = NEW.set_by AND a.kind = 'retention.set'
      AND a.payload->>'days' = NEW.days::text AND a.payload->>'kind' IS NOT DISTINCT FROM NEW.kind
      AND a.payload->>'source' IS NOT DISTINCT FROM NEW.source
      AND a.payload->>'data_class' IS NOT DISTINCT FROM NEW.data_class) THEN
    RAISE EXCEPTION 'a rule is set by an approved act that says so' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a rule ends once' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'UPDATE' AND NOT EXISTS (
    SELECT FROM accounts_governedact a WHERE a.workspace_id = NEW.workspace_id AND a.id = NEW.ended_act_id
      AND a.state = 'approved' AND a.decided_by = NEW.ended_by
      AND (a.kind = 'retention.end' AND a.payload->>'rule' = NEW.id::text
           OR a.kind = 'retention.set' AND a.payload->>'replaces' = NEW.id::text)) THEN
    RAISE EXCEPTION 'a rule ends by an approved act that says so' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
""",
    ),
    *at_commit(
        "guard_rule_stated",
        "lineage_retentionrule",
        "INSERT OR UPDATE",
        """
BEGIN
  IF TG_OP = 'INSERT' AND auditline_is_stated(NEW.workspace_id, ARRAY['lineage:retention:changed'],
                                              jsonb_build_object('rule', NEW.id, 'act', NEW.act_id, 'days', NEW.days))
    OR TG_OP = 'UPDATE' AND auditline_is_stated(NEW.workspace_id, ARRAY['lineage:retention:ended'],
                                                jsonb_build_object('rule', NEW.id, 'act', NEW.ended_act_id))
    OR TG_OP = 'UPDATE' AND auditline_is_stated(NEW.workspace_id, ARRAY['lineage:retention:changed'],
                                                jsonb_build_object('replaces', NEW.id, 'act', NEW.ended_act_id)) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'what was done with the rule % has no statement that says so', NEW.id
    USING ERRCODE = 'check_violation';
END
""",
    ),
)
