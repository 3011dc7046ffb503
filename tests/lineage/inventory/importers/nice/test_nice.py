"""NICE Framework: work roles become roles that can be required, and nothing says that they are."""

from pathlib import Path

import pytest

from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, read, verdict
from tests.support.cast import Cast

COMPONENTS = Path(__file__).parent / "components.json"
ROLE = "nice/XX-WRL-001"


def test_a_work_role_is_a_role_by_its_code_with_the_edition_it_is_from() -> None:
    rows, rejected, prepared = read(COMPONENTS)
    assert (by_key(rows), rejected) == (
        {
            f"role_requirement:{ROLE}": {
                "name": "Keeper of models",
                "description": "Looks after models in service.",
                "subtype": "role",
                "skill_code": "XX-WRL-001",
                "labels": {"framework": "NICE_FRAMEWORK", "framework_version": "2.0.0", "skills": "2", "tasks": "1"},
            }
        },
        [],
    )
    assert {row.origin for row in rows} == {"declared"}
    assert prepared.parameters["format"] == "nice"


@pytest.mark.django_db
def test_a_critical_role_is_judged_once_the_framework_says_that_it_is_a_role(cast: Cast) -> None:
    where, asset = cast.workspace.pk, f"role_requirement:{ROLE}"
    known = {"criticality": "critical", "external_share": 0.0}
    import_rows(where, {"kind": "role_requirement", "uid": ROLE, "attributes": known})
    assert verdict(where, asset, "SKL-08") == "unknown"
    import_file(where, COMPONENTS.read_bytes(), source="framework")
    assert verdict(where, asset, "SKL-08") == "pass"
