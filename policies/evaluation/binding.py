"""Show the SQL engine where assets and their lineage facts lie: the same as subjects.py shows the row engine."""

from sqlglot import exp, parse_one

from policies.rules.sql.binding import Binding


def asset_binding(kind: str) -> Binding:
    """Return the binding for the assets of a kind that are judged, in the entered workspace."""
    subjects = parse_one(_SUBJECTS, dialect="postgres")
    assert isinstance(subjects, exp.Select)
    return Binding(
        subjects.where(exp.column("kind", "a").eq(exp.Literal.string(kind))),
        relations="lineage_related",
        lineage="lineage",
        possible="possible",
        basis_possible="basis_possible",
    )


def _facts(alias: str) -> str:
    return f"""
    CASE WHEN {alias}.id IS NOT NULL THEN {alias}u.facts || {alias}d.facts || jsonb_strip_nulls(jsonb_build_object(
      'upstream_count', {alias}.upstream_count, 'untraced_inputs', {alias}.untraced_inputs,
      'downstream_count', {alias}.downstream_count,
      'downstream_over_retention', {alias}.downstream_over_retention)) END"""


def _traced(alias: str, basis: str) -> str:
    return f"""
LEFT JOIN lineage_traced {alias} ON {alias}.workspace_id = a.workspace_id AND {alias}.asset_id = a.id
  AND {alias}.basis = '{basis}' AND {alias}.rev_to IS NULL
LEFT JOIN lineage_labelset {alias}u ON {alias}u.workspace_id = a.workspace_id AND {alias}u.id = {alias}.up
LEFT JOIN lineage_labelset {alias}d ON {alias}d.workspace_id = a.workspace_id AND {alias}d.id = {alias}.down"""


_SUBJECTS = f"""
SELECT a.id, a.document, a.known_relations, {_facts("p")} AS lineage, {_facts("q")} AS possible,
       a.kind = 'data_flow' AND a.document->>'basis' = 'possible' AS basis_possible
FROM lineage_asset a {_traced("p", "proven")} {_traced("q", "possible")}
WHERE a.state = 'reported'
"""  # noqa: S608 - our own names
