"""Assets, checklists and answers as pages: a member reads rows, a stranger learns nothing."""

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.estate import judged_estate

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "assets/": "customers",
    "assets/?kind=dataset": "customers",
    "checklists/": "SOV",
    "checklists/?framework=gdpr": "SOV",
    "checklists/SOV/": "SOV-04",
    "checklists/SOV/SOV-04/": "asset.storage_countries",
    "ask/": "/findings",
    "ask/?q=/findings": "Findings, worst first.",
    "ask/?q=anything": "has not been asked yet",
    "ask/history/": "Nothing asked yet",
}


def test_a_member_reads_rows_and_a_stranger_gets_404(cast: Cast) -> None:
    judged_estate(cast)
    with in_workspace(cast.workspace.pk):
        asset = Asset.objects.get(name="customers").pk
    for page, text in {"ask/history/": PAGES["ask/history/"], **PAGES, f"assets/{asset}/": "SOV-04"}.items():
        answer = cast.page(cast.officer).get(f"/w/ours/{page}")
        assert answer.status_code == 200, page
        assert text in answer.content.decode(), page
        assert cast.page(cast.outsider).get(f"/w/ours/{page}").status_code == 404, page


def test_what_does_not_exist_is_404(cast: Cast) -> None:
    judged_estate(cast)
    officer = cast.page(cast.officer)
    for page in (
        "checklists/XXX/",
        "checklists/SOV/SOV-99/",
        "checklists/?framework=none",
        f"assets/{cast.officer.pk}/",
    ):
        assert officer.get(f"/w/ours/{page}").status_code == 404, page
