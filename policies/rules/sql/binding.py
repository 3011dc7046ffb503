"""Where the facts lie in the database: the row set of subjects, the relation table and the asset table."""

from dataclasses import dataclass, field

from sqlglot import exp


def _assets() -> exp.Table:
    return exp.to_table("lineage_asset")


@dataclass(frozen=True)
class Binding:
    """Names that the compiled SQL uses.

    `subjects` is a table or a sub-query, one row per asset of the checks' kind, with the columns id, `document` (jsonb
    object), `known_relations` (jsonb array of names) and, where given, `lineage` and `possible` (jsonb objects of
    lineage facts, NULL: nobody traced the asset) and `basis_possible` (boolean: the row stands for a possible flow).
    Related assets are reached by current rows of `relations` (from_asset_id, name, to_asset_id, rev_to) and read from
    `assets` (id, document).
    """

    subjects: exp.Table | exp.Select = field(default_factory=_assets)
    relations: str = "lineage_related"
    assets: str = "lineage_asset"
    id: str = "id"
    document: str = "document"
    known_relations: str = "known_relations"
    lineage: str | None = None
    possible: str | None = None
    basis_possible: str | None = None
