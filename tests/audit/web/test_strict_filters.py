"""What the address of a list says and the list does not know is told in the form, and widens nothing; CSV is 400."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.cast import Cast

LISTS = ("findings", "verdicts", "assets", "tickets", "evidence")
WRONG = [
    *[(name, {"sverity": "critical"}, "This list has no filter &#x27;sverity&#x27;") for name in LISTS],
    *[(name, {"view": "zzz"}, "Got the view &#x27;zzz&#x27;, expected") for name in LISTS],
    ("findings", {"severity": "zzz"}, "Got zzz, expected one of critical, high"),
    ("findings", {"kind": "nope"}, "Got nope, expected a kind that this workspace has"),
    ("findings", {"family": "XXX"}, "Got XXX, expected one of"),
    ("findings", {"check": "NOPE-01"}, "There is no check NOPE-01"),
    ("findings", {"check": "SVO-04"}, "There is no check SVO-04. Did you mean &#x27;SOV-04&#x27;?"),
    ("verdicts", {"verdict": "zzz"}, "Got zzz, expected one of"),
    ("verdicts", {"overlay": "zzz"}, "Got zzz, expected one of"),
    ("verdicts", {"order": "zzz"}, "Got zzz, expected one of"),
    ("assets", {"source": "zzz"}, "Expected the id of a source"),
    ("tickets", {"severity": "zzz"}, "Got zzz, expected one of"),
    ("evidence", {"action": "zzz"}, "Got zzz, expected one of"),
]


@pytest.fixture
def auditor(estate: Cast) -> Client:
    return estate.page(estate.auditor)


@pytest.mark.parametrize(("name", "query", "said"), WRONG, ids=str)
def test_a_filter_that_cannot_be_used_is_told_and_leaves_no_rows(
    auditor: Client, name: str, query: dict[str, str], said: str
) -> None:
    page = auditor.get(reverse(f"web:{name}", args=["ours"]), query)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert page.context["page"]["shown"] == page.context["page"]["total"] == 0
    csv = auditor.get(reverse(f"web:{name}_csv", args=["ours"]), query)
    assert csv.status_code == 400
    assert said.replace("&#x27;", "'") in b"".join(csv.streaming_content).decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_knows_is_not_in_the_way(auditor: Client, name: str) -> None:
    page = auditor.get(reverse(f"web:{name}", args=["ours"]), {"after": "", "back": "", "view": ""})
    assert page.context["page"]["shown"] > 0
    assert page.context["filter_form"].is_valid()


@pytest.mark.parametrize("name", LISTS)
def test_a_filter_that_is_chosen_on_a_later_page_begins_at_the_first(auditor: Client, name: str) -> None:
    address = reverse(f"web:{name}", args=["ours"])
    shown = auditor.get(address, {"view": ""}).content.decode()
    assert f'hx-get="{address}"' in shown, "a form that asks for its own address takes the place in the list along"
