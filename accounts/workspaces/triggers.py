"""Write the triggers by which the database itself refuses a row: a function in PL/pgSQL, and what calls it.

Both kinds can be installed again and again, and look up names in our schema alone. `body` is the function's, from BEGIN
(or DECLARE) to END.
"""


def before(name: str, table: str, events: str, body: str, *, when: str = "") -> tuple[str, str]:
    """Return the statements of a trigger that looks at each row before it is written, and returns NEW or raises.

    `when`: a condition on OLD and NEW; other rows are not looked at.
    """
    condition = f" WHEN ({when})" if when else ""
    what = f"{name} BEFORE {events} ON {table} FOR EACH ROW{condition}"
    return _function(name, body, ""), f"CREATE OR REPLACE TRIGGER {what} EXECUTE FUNCTION auditline_{name}()"


def at_commit(name: str, table: str, events: str, body: str) -> tuple[str, str, str]:
    """Return the statements of a trigger that looks at each row when its transaction commits, by the owner's rights."""
    what = f"{name} AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    return (
        _function(name, body, "SECURITY DEFINER "),
        f"DROP TRIGGER IF EXISTS {name} ON {table}",  # one of these cannot be replaced
        f"CREATE CONSTRAINT TRIGGER {what} EXECUTE FUNCTION auditline_{name}()",
    )


def _function(name: str, body: str, rights: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION auditline_{name}() RETURNS trigger "
        f"LANGUAGE plpgsql {rights}SET search_path = public, pg_temp AS $$\n{body.strip()}\n$$"
    )
