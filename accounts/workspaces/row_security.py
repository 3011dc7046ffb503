"""Make the database itself keep workspaces apart. Runs after every migration, as the owner, from the model registry.

For each table of a `WorkspaceModel`:
  1. row security, enabled and forced, with one policy for reading and writing;
  2. grants to the app's role by name (an append-only table gets SELECT and INSERT alone, others what they say); the
     backup role may read;
  3. composite foreign keys (workspace_id, x_id) -> (workspace_id, id), so that no row points into another workspace;
  4. the functions and triggers that the model brings along;
  5. no statistics of whose rows they are: a workspace that these do not know yet would count as one row.
Partitions get no grants: a partition that can be reached directly is readable round its parent's policy. The other
tables of the app (sessions, allauth, workspaces, work) are granted one by one as well, since default privileges would
also reach partitions. Idempotent; measured reasons in docs/decisions/0001-row-security.md.
"""

import hashlib
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.workspaces.models import WorkspaceModel
from accounts.workspaces.partitions import ensure_partitions, install_partition_function

POLICY = "(workspace_id = (SELECT NULLIF(current_setting('auditline.workspace', true), '')::uuid))"
# Written by the app, read only through accounts_find_door (members/models.py: a leaked role must not list tokens).
INSERT_ONLY = {"accounts_door"}


def secure_after_migrate(using: str, plan: object = None, **kwargs: object) -> None:
    """Handle post_migrate: secure the whole database, once, after the last app that was migrated."""
    sender = kwargs.get("sender")
    if using != "owner" or getattr(sender, "name", "") != _last_app():
        return
    secure(connections[using])


def _last_app() -> str:
    return [config.name for config in apps.get_app_configs() if config.models_module is not None][-1]


def secure(connection: BaseDatabaseWrapper) -> None:
    """Apply policies, grants and composite keys to all tables of all models, through the owner's connection."""
    app_role = str(settings.DATABASES["default"]["USER"])
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for statement in _statements(existing, app_role):
            cursor.execute(statement)
        cursor.execute(_SHARES_FUNCTION)
        install_partition_function(cursor, app_role)
        ensure_partitions(cursor)
        cursor.execute(_SHARES)
        cursor.execute(_DOOR_FUNCTION.format(role=app_role))
        for statement in _installed(existing, app_role):
            cursor.execute(statement)


def _statements(existing: set[str], app_role: str) -> Iterator[str]:
    models_here = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in existing]
    for table in ["django_migrations", *(model._meta.db_table for model in models_here)]:
        yield f'REVOKE ALL ON "{table}" FROM PUBLIC'
    for model in models_here:
        yield from _secure_table(model, app_role)
    for model in models_here:
        if issubclass(model, WorkspaceModel):
            yield from _composite_keys(model)
    for view in [model._meta.db_table for model in apps.get_models() if not model._meta.managed]:
        # security_invoker (its migration says so): the policies of the tables that it reads hold for whoever asks.
        yield f'REVOKE ALL ON "{view}" FROM PUBLIC'
        yield f'GRANT SELECT ON "{view}" TO "{app_role}"'
    yield f'GRANT SELECT ON "django_migrations" TO "{app_role}"'
    yield f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{app_role}"'


def _secure_table(model: type[models.Model], app_role: str) -> Iterator[str]:
    table = model._meta.db_table
    rights = "SELECT, INSERT, UPDATE, DELETE"
    if table in INSERT_ONLY:
        rights = "INSERT"
    elif issubclass(model, WorkspaceModel) and (model.granted or model.append_only):
        rights = model.granted or "SELECT, INSERT"
    yield f'REVOKE ALL ON "{table}" FROM "{app_role}"'
    yield f'GRANT {rights} ON "{table}" TO "{app_role}"'
    if not issubclass(model, WorkspaceModel):
        return
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield f'DROP POLICY IF EXISTS workspace_only ON "{table}"'
    yield f'CREATE POLICY workspace_only ON "{table}" USING {POLICY} WITH CHECK {POLICY}'


def _installed(existing: set[str], app_role: str) -> Iterator[str]:
    """Yield what models bring along for the owner to install, once their table is there."""
    for model in apps.get_models():
        if issubclass(model, WorkspaceModel) and model._meta.db_table in existing:
            for statement in model.installed:
                yield statement.replace("{role}", app_role)


def _composite_keys(model: type[WorkspaceModel]) -> Iterator[str]:
    table = model._meta.db_table
    for field in model._meta.local_fields:
        target = field.related_model
        if not isinstance(field, models.ForeignKey) or not isinstance(target, type):
            continue
        if not issubclass(target, WorkspaceModel) or getattr(field, "db_constraint", True):
            continue
        other = target._meta.db_table
        yield from _add_constraint(other, _name(other, "tenant_key"), "UNIQUE (workspace_id, id)")
        yield from _add_constraint(
            table,
            _name(f"{table}_{field.column}", "same_workspace"),
            f'FOREIGN KEY (workspace_id, "{field.column}") REFERENCES "{other}" (workspace_id, id)'
            + (" ON DELETE CASCADE" if field.remote_field.on_delete is models.CASCADE else "")
            + " DEFERRABLE INITIALLY DEFERRED",
        )


def _add_constraint(table: str, name: str, definition: str) -> Iterator[str]:
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}' "  # noqa: S608 - our own names
        f"AND conrelid = '\"{table}\"'::regclass) THEN "
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}; END IF; END $$'
    )


def _name(stem: str, suffix: str) -> str:
    """Return a constraint name within PostgreSQL's 63 characters, unique by a digest where it had to be cut."""
    name = f"{stem}_{suffix}"
    if len(name) <= 63:
        return name
    digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
    return f"{stem[: 53 - len(suffix)]}_{digest}_{suffix}"


# What PostgreSQL is to believe of `workspace_id`, for good: some twenty workspaces, none of them known (decision 0001).
# Before 18 it can't be told so, and takes a workspace for one part in 200; nor can it forget what it has counted, so
# that counting goes on where it once began.
_SHARES_FUNCTION = """
CREATE OR REPLACE FUNCTION auditline_even_workspaces(of regclass) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  told boolean;
  t pg_class%ROWTYPE;
BEGIN
  SELECT * INTO STRICT t FROM pg_class WHERE oid = of;
  IF current_setting('server_version_num')::int >= 180000 THEN
    PERFORM pg_clear_attribute_stats('public', t.relname, 'workspace_id', t.relkind = 'p');
    told := pg_restore_attribute_stats(
      'schemaname', 'public', 'relname', t.relname::text, 'attname', 'workspace_id', 'inherited', t.relkind = 'p',
      'version', 180000, 'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 20::real);
    IF NOT told THEN
      RAISE EXCEPTION 'PostgreSQL did not take what it was told of %.workspace_id', of;
    END IF;
  ELSIF t.reltuples >= 0 THEN
    RETURN;
  END IF;
  EXECUTE format('ALTER TABLE %s ALTER COLUMN workspace_id SET STATISTICS 0', of);
END $$;
REVOKE ALL ON FUNCTION auditline_even_workspaces(regclass) FROM PUBLIC;
"""
# Of our own tables: others may lie beside them.
_SHARES = """
SELECT auditline_even_workspaces(t.oid) FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND a.attname = 'workspace_id'
  AND pg_has_role(t.relowner, 'USAGE');
"""

# A token or webhook is known by a digest before its workspace is: this function alone may look it up.
_DOOR_FUNCTION = """
CREATE OR REPLACE FUNCTION accounts_find_door(wanted bytea)
RETURNS TABLE (workspace_id uuid, subject uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT d.workspace_id, d.subject FROM accounts_door d WHERE d.digest = wanted $$;
REVOKE ALL ON FUNCTION accounts_find_door(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts_find_door(bytea) TO "{role}";
"""
