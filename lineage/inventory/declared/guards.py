"""What the database refuses of editions: one that no approved act asks for, out of turn, or that no statement tells."""

from accounts.workspaces.triggers import at_commit, before

GUARDS: tuple[str, ...] = (
    *before(
        "guard_edition",
        "lineage_vocabularyedition",
        "INSERT",
        """
BEGIN
  IF NOT EXISTS (
    SELECT FROM accounts_governedact a WHERE a.workspace_id = NEW.workspace_id AND a.id = NEW.act_id
      AND a.state = 'approved' AND a.decided_by = NEW.declared_by AND a.kind = 'kinds.declare') THEN
    RAISE EXCEPTION 'kinds are declared by an approved act that says so' USING ERRCODE = 'check_violation';
  ELSIF EXISTS (SELECT FROM lineage_vocabularyedition e
                WHERE e.workspace_id = NEW.workspace_id AND e.act_id = NEW.act_id) THEN
    RAISE EXCEPTION 'an act declares once' USING ERRCODE = 'check_violation';
  ELSIF NEW.number <> 1 + coalesce((SELECT max(e.number) FROM lineage_vocabularyedition e
                                    WHERE e.workspace_id = NEW.workspace_id), 0) THEN
    RAISE EXCEPTION 'editions are numbered without a gap' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
""",
    ),
    *at_commit(
        "guard_edition_stated",
        "lineage_vocabularyedition",
        "INSERT",
        """
BEGIN
  IF NOT auditline_is_stated(NEW.workspace_id, ARRAY['lineage:kinds:declared'],
                             jsonb_build_object('edition', NEW.number, 'act', NEW.act_id,
                                                'content', encode(NEW.digest, 'hex'))) THEN
    RAISE EXCEPTION 'the edition % has no statement that says so', NEW.number USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
""",
    ),
)
"""In the order in which they can be installed."""
