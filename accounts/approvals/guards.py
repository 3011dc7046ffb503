"""What the database itself holds to of governed acts: each begins as a proposal, is decided once, and is on record.

The owner installs these after each migration. `auditline_is_stated` also serves the guards of what acts put in force.
"""

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
    """
CREATE OR REPLACE FUNCTION auditline_guard_act() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.state <> 'proposed' THEN
    RAISE EXCEPTION 'an act is proposed before it is decided' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'UPDATE' AND OLD.state <> 'proposed' THEN
    RAISE EXCEPTION 'an act is decided once' USING ERRCODE = 'check_violation';
  ELSIF NEW.state IN ('approved', 'rejected') AND NOT NEW.four_eyes AND NEW.kind <> 'workspace.four_eyes' AND EXISTS (
      SELECT FROM accounts_workspace w WHERE w.id = NEW.workspace_id AND w.four_eyes) THEN
    RAISE EXCEPTION 'the workspace asks for four eyes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE TRIGGER guard_act BEFORE INSERT OR UPDATE ON accounts_governedact
FOR EACH ROW EXECUTE FUNCTION auditline_guard_act()
""",
    """
CREATE OR REPLACE FUNCTION auditline_guard_act_stated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT auditline_is_stated(NEW.workspace_id, ARRAY['accounts:act:' || NEW.state],
                             jsonb_build_object('act', NEW.id)) THEN
    RAISE EXCEPTION 'the act % has no statement that it is %', NEW.id, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
    """
DROP TRIGGER IF EXISTS guard_act_stated ON accounts_governedact
""",
    """
CREATE CONSTRAINT TRIGGER guard_act_stated AFTER INSERT OR UPDATE ON accounts_governedact DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION auditline_guard_act_stated()
""",
)

GUARDS: tuple[str, ...] = (_STATED, *_ACT)
"""In the order in which they can be installed."""
