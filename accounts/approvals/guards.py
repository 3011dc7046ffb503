"""What the database itself holds to of governed acts: each is proposed, then decided once and in time, and on record.

Persons are compared by `proposer` and `decider`; who is written down beside them is held to be the same.

The owner installs these after each migration. `auditline_is_stated` also serves the guards of what acts put in force.
"""

from accounts.workspaces.triggers import at_commit, before

_STATED = """
CREATE OR REPLACE FUNCTION auditline_is_stated(workspace uuid, actions text[], said jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
DECLARE
  entered text := coalesce(current_setting('auditline.workspace', true), '');
  found boolean;
BEGIN
  -- At the commit the caller has left the workspace already, and row security would hide its statement.
  PERFORM set_config('auditline.workspace', workspace::text, true);
  found := EXISTS (SELECT FROM accounts_statement s
                   WHERE s.workspace_id = workspace AND s.action = ANY (actions) AND s.body @> said);
  PERFORM set_config('auditline.workspace', entered, true);
  RETURN found;
END $$
"""

_ACT = (
    *before(
        "guard_act",
        "accounts_governedact",
        "INSERT OR UPDATE",
        """
BEGIN
  IF TG_OP = 'INSERT' AND NEW.state <> 'proposed' THEN
    RAISE EXCEPTION 'an act is proposed before it is decided' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'UPDATE' AND OLD.state <> 'proposed' THEN
    RAISE EXCEPTION 'an act is decided once' USING ERRCODE = 'check_violation';
  ELSIF NEW.state IN ('approved', 'rejected') AND NOT NEW.four_eyes AND NEW.kind <> 'workspace.four_eyes' AND EXISTS (
      SELECT FROM accounts_workspace w WHERE w.id = NEW.workspace_id AND w.four_eyes) THEN
    RAISE EXCEPTION 'the workspace asks for four eyes' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'INSERT' AND NEW.proposed_by <> 'member:' || NEW.proposer AND NOT EXISTS (
      SELECT FROM accounts_apitoken t WHERE t.workspace_id = NEW.workspace_id
        AND NEW.proposed_by = 'token:' || t.id AND t.created_by_id = NEW.proposer) THEN
    RAISE EXCEPTION 'an act names the person who proposes it' USING ERRCODE = 'check_violation';
  ELSIF NEW.state IN ('approved', 'rejected') AND NEW.decided_by IS DISTINCT FROM 'member:' || NEW.decider THEN
    RAISE EXCEPTION 'an act names the person who decides it' USING ERRCODE = 'check_violation';
  ELSIF NEW.state IN ('approved', 'rejected') AND NEW.valid_until <= now() THEN
    RAISE EXCEPTION 'an act that has expired is not decided' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
""",
    ),
    *at_commit(
        "guard_act_stated",
        "accounts_governedact",
        "INSERT OR UPDATE",
        """
BEGIN
  IF NOT auditline_is_stated(NEW.workspace_id, ARRAY['accounts:act:' || NEW.state],
                             jsonb_build_object('act', NEW.id)) THEN
    RAISE EXCEPTION 'the act % has no statement that it is %', NEW.id, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
""",
    ),
)

# The setting that all of these rest on. The newest act about it says what it is: an older one cannot be used again.
_SETTING = (
    *before(
        "guard_four_eyes",
        "accounts_workspace",
        "UPDATE",
        """
BEGIN
  IF (SELECT a.payload->>'on' FROM accounts_governedact a
      WHERE a.workspace_id = NEW.id AND a.kind = 'workspace.four_eyes' AND a.state = 'approved'
      ORDER BY a.decided_at DESC, a.id DESC LIMIT 1) IS DISTINCT FROM NEW.four_eyes::text THEN
    RAISE EXCEPTION 'four eyes are turned on and off by an approved act' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
""",
        when="OLD.four_eyes IS DISTINCT FROM NEW.four_eyes",
    ),
)

GUARDS: tuple[str, ...] = (_STATED, *_ACT, *_SETTING)
"""In the order in which they can be installed."""
