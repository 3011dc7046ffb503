"""The pages of an asset over time: what changed, by whom, and all that was known then."""

from typing import Any

import pytest
from django.test import Client

from accounts.workspaces.isolation import in_workspace
from tests.lineage.inventory.support import find, report, source
from tests.support.cast import Cast

LAKE, FRA, ZRH = ("storage", "lake"), ("site", "fra1"), ("site", "zrh1")


@pytest.fixture
def path(cast: Cast) -> str:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE"}, relations={"at": [FRA]})
        report(LAKE, {"country": "CH"}, relations={"at": [ZRH]}, hours=1)
        report(LAKE, {"country": "FR"}, by=source("sheet", "spreadsheet"), hours=2)
        return f"/w/ours/assets/{find(*LAKE).pk}"


def page(cast: Cast, path: str, **query: str) -> Any:
    client = Client()
    client.force_login(cast.auditor)
    return client.get(path, query)


def test_what_changed_is_listed_with_what_was_known_before_and_after(cast: Cast, path: str) -> None:
    text = page(cast, f"{path}/history/").content.decode()
    assert text.index("revision 3: test") < text.index("revision 2: test") < text.index("revision 1: test")
    assert "conflict over country" in text
    assert "relation at" in text
    assert "site:zrh1" in text
    assert f"{path}/then/?as_of=rev%3A2" in text
    assert f"{path}/history/" in page(cast, f"{path}/").content.decode()


def test_an_asset_is_shown_as_known_at_a_revision(cast: Cast, path: str) -> None:
    first = page(cast, f"{path}/then/", as_of="rev:1").content.decode()
    assert '<strong class="breaks">DE</strong>' in first.replace("<bdi>", "").replace("</bdi>", "")
    assert "FR" not in first.partition("<main")[2]
    assert "sheet says FR" in page(cast, f"{path}/then/").content.decode().replace("<bdi>", "").replace("</bdi>", "")
    assert "Nothing was known of it then" in page(cast, f"{path}/then/", as_of="2020-01-01").content.decode()


@pytest.mark.parametrize(("end", "query"), [
    ("then", {"as_of": "yesterday"}), ("then", {"as_of": "rev:99"}), ("then", {"of": "rev:1"}),
    ("history", {"after": "x"}), ("history", {"as_of": "rev:1"}),
])  # fmt: skip
def test_an_address_that_cannot_be_read_is_refused_with_what_is_expected(
    cast: Cast, path: str, end: str, query: dict[str, str]
) -> None:
    answer = page(cast, f"{path}/{end}/", **query)
    assert answer.status_code == 400
    assert next(iter(query.values()))[:5] in answer.content.decode() or "not known here" in answer.content.decode()
