"""Who may see what became of large files, and how lists of them are cut."""

from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.imports.models import Import
from tests.support.cast import Cast
from tests.support.imports import keep_import


@pytest.fixture
def kept(cast: Cast) -> Import:
    with in_workspace(cast.workspace.pk):
        return keep_import("cmdb")


def get(cast: Cast, who: str, path: str = "imports", **parameters: str) -> Any:
    return cast.api[who].get(f"/api/v1/{path}", query_params=parameters)


@pytest.mark.parametrize("who", ["officer", "auditor", "engineer", "admin"])
def test_members_see_what_became_of_a_file(cast: Cast, kept: Import, who: str) -> None:
    [row] = get(cast, who).json()["results"]
    assert row == get(cast, who, f"imports/{kept.pk}").json()
    assert (row["state"], row["source"], row["parts"]) == ("done", "cmdb", 1)


def test_outsider_cannot_tell_that_an_import_exists(cast: Cast, kept: Import) -> None:
    assert get(cast, "outsider").json()["results"] == []
    theirs = get(cast, "outsider", f"imports/{kept.pk}")
    nobodys = get(cast, "outsider", "imports/00000000-0000-7000-8000-000000000000")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()


def test_pipeline_reads_nothing_of_imports_and_nobody_is_asked_to_sign_in(cast: Cast, kept: Import) -> None:
    assert get(cast, "pipeline").status_code == get(cast, "pipeline", f"imports/{kept.pk}").status_code == 403
    assert get(cast, "nobody").status_code == 401


def test_imports_come_page_by_page_the_newest_first_and_by_source_and_state(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        made = [keep_import(source) for source in ("cmdb", "cloud", "cmdb")]
    first = get(cast, "officer", limit="2").json()
    rest = get(cast, "officer", limit="2", after=first["next"]).json()
    assert [row["id"] for row in first["results"] + rest["results"]] == [str(row.pk) for row in reversed(made)]
    assert rest["next"] is None
    assert len(get(cast, "officer", source="cmdb").json()["results"]) == 2
    assert get(cast, "officer", state="failed").json()["results"] == []
