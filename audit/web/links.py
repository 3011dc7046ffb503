"""Addresses of pages, made in one place."""

import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse


def href(name: str, slug: str, /, *args: object, **query: object) -> str:
    """Return the address of a page of a workspace; parameters that are empty are left out."""
    path = reverse(f"web:{name}", args=[slug, *args])
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def family_of(check: str) -> str:
    """Return the family that a check belongs to: "SOV-04" is of SOV."""
    return check.partition("-")[0]


def check_href(slug: str, check: str) -> str:
    """Return the address of a check."""
    return href("check", slug, family_of(check), check)


def asset_href(slug: str, asset: uuid.UUID | str) -> str:
    """Return the address of an asset."""
    return href("asset", slug, asset)


def verdict_hrefs(slug: str, counts: Mapping[str, int], **query: object) -> dict[str, str]:
    """Return, by bucket of a bar, the list of exactly these verdicts.

    A bar's buckets are disjoint: where some verdicts are waived or stale, the others' lists leave those out.
    """
    overlaid = bool(counts.get("waived") or counts.get("stale"))
    found = {}
    for bucket in counts:
        if bucket in ("waived", "stale"):
            found[bucket] = href("verdicts", slug, **query, overlay=bucket)
        else:
            found[bucket] = href("verdicts", slug, **query, verdict=bucket, overlay="none" if overlaid else "")
    return found


def with_query(request: HttpRequest, path: str = "", **changes: object) -> str:
    """Return the page's own address with parameters changed (None or empty: taken away), from the first page on."""
    query = request.GET.copy()
    for name in ("after", "back"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    text = query.urlencode()
    return f"{path or request.path}?{text}" if text else path or request.path
