"""Read what the addresses of the graph take: which dataset, which flows, which nodes, as of when."""

import datetime
import uuid
from collections.abc import Sequence
from typing import TypeVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.members.strict import BadParameter
from accounts.paging import text_parameter
from accounts.workspaces.revisions import current_revision
from lineage.graph.queries import MAX_DEPTH, FlowFilter, NodeFilter
from lineage.graph.search import FOUND_BY, START, Key
from lineage.graph.snapshot import BASES, Seen
from lineage.inventory.as_of import known_revision
from lineage.inventory.labels import RANKS
from lineage.inventory.models import Asset

Row = TypeVar("Row")
DEFAULT_DEPTH = 20
PROOF = ("proven", "possible")
_CLASSES = "|".join(RANKS)

FLOWS = [
    OpenApiParameter(
        "basis",
        str,
        enum=[*PROOF, *BASES],
        description="follow proven flows alone, or those of one basis; possible: all",
    ),
    OpenApiParameter(
        "seen_since", datetime.datetime, description="an instant: follow flows that were seen then or later"
    ),
    OpenApiParameter(
        "seen_until", datetime.datetime, description="an instant: follow flows that were seen then or before"
    ),
]
NODES = [
    OpenApiParameter("namespace", str, description="how the namespace begins"),
    OpenApiParameter(
        "label",
        str,
        pattern=f"^(class:({_CLASSES})|country:[A-Z]{{2}})$",
        description=f"its own class or country, such as class:personal or country:DE; classes are {', '.join(RANKS)}",
    ),
]


def dataset(request: Request, name: str) -> uuid.UUID:
    """Return the id of a dataset that this parameter names; raise 404 where the workspace has none."""
    return get_object_or_404(Asset, pk=uuid.UUID(text_parameter(request, name)), kind="dataset").pk


def flow_filter(request: Request) -> FlowFilter:
    """Return which flows are to be followed."""
    basis = text_parameter(request, "basis")
    since, until = _instant(request, "seen_since"), _instant(request, "seen_until")
    if since and until and since > until:
        raise BadParameter(f"seen_since={since.isoformat()} is after seen_until={until.isoformat()}: swap them.")
    bases = frozenset({basis} if basis in BASES else BASES)
    return FlowFilter(bases, basis == "proven", Seen(since, until))


def node_filter(request: Request) -> NodeFilter:
    """Return which nodes are to be listed."""
    label, _, value = text_parameter(request, "label").partition(":")
    return NodeFilter(
        kind=text_parameter(request, "kind") or "dataset",
        namespace=text_parameter(request, "namespace"),
        classification=value if label == "class" else "",
        country=value if label == "country" else "",
    )


def _instant(request: Request, name: str) -> datetime.datetime | None:
    text = text_parameter(request, name)
    return aware(datetime.datetime.fromisoformat(text.replace(" ", "+"))) if text else None


def aware(instant: datetime.datetime) -> datetime.datetime:
    """Return an instant in UTC where it names no zone."""
    return instant if timezone.is_aware(instant) else instant.replace(tzinfo=datetime.UTC)


def steps(request: Request, name: str, default: int, most: int) -> int:
    """Return a number of steps, 1 to `most`."""
    text = text_parameter(request, name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= most):
        raise BadParameter(f"{name}={text[:40]!r} is no number of steps: expected 1 to {most}.")
    return int(text)


def depth(request: Request) -> int:
    """Return how many steps to walk."""
    return steps(request, "depth", DEFAULT_DEPTH, MAX_DEPTH)


def part(rows: Sequence[Row], revision: int, after: str | None, limit: int) -> tuple[Sequence[Row], str | None]:
    """Return the rows of a page of an answer as of `revision`, and the cursor of the next one."""
    begin = cursor(after)[1] if after else 0
    end = begin + limit
    return rows[begin:end], f"{revision}-{end}" if end < len(rows) else None


def cursor(after: str) -> tuple[int, int]:
    """Return revision and row of a cursor: the revision, so that the pages of one answer fit while others write."""
    revision, _, index = after.partition("-")
    if not (after.isascii() and revision.isdigit() and index.isdigit() and len(after) < 30):
        raise BadParameter(f"after={after[:80]!r} is no cursor of this list: send the `next` of the former answer.")
    return int(revision), int(index)


def search_key(after: str | None) -> Key:
    """Return behind which row of a search a page begins."""
    if not after:
        return START
    rank, _, identifier = after.partition("-")
    try:
        asset = Asset.objects.get(pk=uuid.UUID(identifier))
        return Key(range(len(FOUND_BY))[int(rank)], asset.name, asset.pk)
    except (ValueError, IndexError, Asset.DoesNotExist):
        raise BadParameter(
            f"after={after[:80]!r} is no cursor of this list: send the `next` of the former answer."
        ) from None


def revision(request: Request) -> int:
    """Return the revision to read: that of the cursor, of `rev:N`, the last one known at an instant, or the newest."""
    newest = current_revision()
    said = known_revision(text_parameter(request, "as_of"), newest)
    if after := text_parameter(request, "after"):
        return known_revision(f"rev:{cursor(after)[0]}", newest)
    return said
