"""What every list page does alike: filters, views, a pager by key, and the whole list as CSV.

A filter that cannot be read leaves no rows, because a filter that is dropped would widen the answer.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.forms.boundfield import BoundField
from django.http import HttpRequest, StreamingHttpResponse

from accounts.members.strict import did_you_mean
from accounts.paging import CSV_PAGE, Page, csv_lines
from accounts.workspaces.isolation import in_workspace
from audit.web.links import with_query
from audit.web.scope import Scope
from lineage.inventory.population import gap_notes

PER_PAGE = 50
COUNTED = 100_000
"""Rows that a page counts at most where no roll-up knows the number."""
ON_SOURCES = ("assets", "findings", "verdicts", "tickets")
"""Lists whose rows follow from what sources report."""
FIRST = "0"  # the first page in the trail of cursors; no cursor reads so
TRAIL = 8  # former pages that "Previous" can reach; the address stays short

Fetch = Callable[[str | None, int], Page[Any]]


PAGER = ("after", "back")
"""What an address of a list may say beside its filters."""


class FilterForm(forms.Form):
    """Filters over a list; `view` is hidden and chooses one of the named `views`.

    What the address says and the list does not know is told in the form, and leaves no rows: nothing is dropped.
    """

    use_required_attribute = False
    search_field = ""
    views: ClassVar[Mapping[str, str]] = {}
    view = forms.CharField(label="Address", required=False, widget=forms.HiddenInput)

    def clean_view(self) -> str:
        """Return the name of the view."""
        view = str(self.cleaned_data["view"])
        if view and view not in self.views:
            expected = f"one of {', '.join(self.views)}" if self.views else "none"
            raise forms.ValidationError(f"Got the view {view[:40]!r}, expected {expected}. Choose one above the list.")
        return view

    def clean(self) -> dict[str, Any]:
        """Refuse names that are no filter of this list."""
        unknown = [name for name in self.data if name not in self.fields and name not in PAGER]
        if unknown:
            known = [field.name for field in super().visible_fields()]
            said = f"This list has no filter {unknown[0][:40]!r}.{did_you_mean(unknown[0], known)}"
            self.add_error("view", f"{said} Take it out of the address, or choose from the filters.")
        return self.cleaned_data

    def hidden_fields(self) -> list[BoundField]:
        """Return the fields that nobody sees: hidden ones, as long as there is nothing to say about them."""
        return [field for field in super().hidden_fields() if not field.errors]

    def visible_fields(self) -> list[BoundField]:
        """Return the fields that are shown, and hidden ones with what is wrong about them."""
        return [*super().visible_fields(), *(field for field in super().hidden_fields() if field.errors)]

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters in force, '' and None left out; {} for a form that cannot be read."""
        given = self.cleaned_data if self.is_valid() else {}
        return {name: value for name, value in given.items() if value not in ("", None, False)}


def any_of(label: str, choices: Sequence[tuple[str, str]], any_word: str = "Any") -> forms.ChoiceField:
    """Return a choice that may be left open, with an error that names what is known."""
    known = ", ".join(value for value, _ in choices[:12])
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", any_word), *choices],
        error_messages={"invalid_choice": f"Got %(value)s, expected one of {known}. Choose one from the list."},
    )


def words(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return choices that read as they are: "not_applicable" is "Not applicable"."""
    return [(value, value.replace("_", " ").capitalize()) for value in values]


def named_views(request: HttpRequest, views: Mapping[str, str], current: str, counts: Mapping[str, int]) -> list[Any]:
    """Return the views over a list as links; a view without a count shows none."""
    return [
        {
            "label": label,
            "href": with_query(request, view=name),
            "count": counts.get(name),
            "current": name == current,
        }
        for name, label in views.items()
    ]


def count_up_to(rows: "QuerySet[Any, Any]", most: int = COUNTED) -> int | None:
    """Return how many rows there are; None beyond `most`, so that no page counts over everything."""
    count = rows.order_by()[: most + 1].count()
    return count if count <= most else None


def list_context(
    request: HttpRequest, form: FilterForm, page: Page[Any], total: int | None, *, csv: bool = True
) -> dict[str, Any]:
    """Return what the list templates share: filters and chips, pager, CSV."""
    cleared: dict[str, object] = dict.fromkeys(form.fields, None)
    return {
        "filter_form": form,
        "search_field": form.search_field,
        "active_filters": _chips(request, form),
        "clear_href": with_query(request, "", **(cleared | {"view": request.GET.get("view")})),
        "page": pager(request, page, total),
        "csv_href": with_query(request, f"{request.path.rstrip('/')}.csv") if csv else "",
    }


def _chips(request: HttpRequest, form: FilterForm) -> list[dict[str, Any]]:
    chips = []
    for name, value in form.chosen.items():
        field = form.fields[name]
        if not form[name].is_hidden:
            choices: Any = field.choices if isinstance(field, forms.ChoiceField) else ()
            shown = dict(choices).get(value, value)
            shown = "yes" if shown is True else shown
            chips.append({"label": field.label, "value": shown, "remove_href": with_query(request, "", **{name: None})})
    return chips


def pager(request: HttpRequest, page: Page[Any], total: int | None) -> dict[str, Any]:
    """Return the pager. Pages are found by key, so the way back is kept in the address as a trail of cursors."""
    here = request.GET.get("after") or FIRST
    trail = [cursor for cursor in request.GET.get("back", "").split("~") if cursor]
    previous_href = next_href = ""
    if here != FIRST:
        before = trail[-1] if trail else FIRST
        previous_href = _page_href(request, before, trail[:-1])
    if page.next is not None:
        next_href = _page_href(request, page.next, [*trail, here][-TRAIL:])
    return {"shown": len(page.rows), "total": total, "previous_href": previous_href, "next_href": next_href}


def _page_href(request: HttpRequest, after: str, trail: Sequence[str]) -> str:
    return with_query(request, after="" if after == FIRST else after, back="~".join(trail))


EMPTY: Page[Any] = Page((), None)


def fetched(request: HttpRequest, form: FilterForm, fetch: Fetch) -> Page[Any]:
    """Return the page that the address asks for; an empty one where the filters cannot be read."""
    return fetch(request.GET.get("after") or None, PER_PAGE) if form.is_valid() else EMPTY


def csv_answer(
    scope: Scope, form: FilterForm, fetch: Fetch, columns: Sequence[str], name: str
) -> StreamingHttpResponse:
    """Answer with the whole filtered list as CSV, streamed page by page; the same rows as the page and the API.

    Filters that cannot be read are 400 with what is wrong: an empty file would look like an answer. Where a source
    holds back what could be in the list, a line before the header says so: a file outlives the page it came from.
    """
    if not form.is_valid():
        wrong = [f"{form[name].label}: {error}\n" for name, errors in form.errors.items() for error in errors]
        return StreamingHttpResponse(wrong, status=400, content_type="text/plain; charset=utf-8")
    first = fetch(None, CSV_PAGE)  # in the request: a refusal is still a clear error
    gaps = list(_gap_lines(scope, form, name))
    return StreamingHttpResponse(
        itertools.chain(gaps, csv_lines(columns, _all_rows(scope, first, fetch))),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{scope.slug}-{name}.csv"'},
    )


def _gap_lines(scope: Scope, form: FilterForm, name: str) -> Iterator[str]:
    kind = str(form.chosen.get("kind", "")) if name == "assets" else ""
    if name in ON_SOURCES and (notes := gap_notes(scope.now, kind)):
        yield from csv_lines([" ".join(notes)], [])


def _all_rows(scope: Scope, page: Page[Any], fetch: Fetch) -> Iterator[Mapping[str, object]]:
    """Yield the rows of all pages; it runs after the view has left the workspace, so each page enters it again."""
    yield from page.rows
    while page.next is not None:
        with in_workspace(scope.workspace.pk):
            page = fetch(page.next, CSV_PAGE)
        yield from page.rows
