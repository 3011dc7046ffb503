"""Read what Marquez's addresses take: names and values are theirs, bounds are ours."""

import datetime

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.members.strict import BadParameter
from accounts.paging import text_parameter
from lineage.graph.parameters import aware
from lineage.marquez.answers import STATES
from lineage.marquez.queries import Window

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 100, 1_000, 10_000
DEFAULT_DEPTH, MAX_DEPTH = 20, 100
_BOOLEAN = "[Tt]rue|[Ff]alse"

LIMIT = OpenApiParameter("limit", int, description=f"rows, 0 to {MAX_LIMIT}; {DEFAULT_LIMIT} where not given")
PAGE = [LIMIT, OpenApiParameter("offset", int, description=f"rows to leave out, 0 to {MAX_OFFSET}")]
STATE = OpenApiParameter("lastRunStates", str, enum=sorted(STATES.values()), description="of the newest run")
DEPTH = OpenApiParameter("depth", int, description=f"0 to {MAX_DEPTH}; {DEFAULT_DEPTH} where not given")
DOWNSTREAM = OpenApiParameter("withDownstream", str, pattern=f"^({_BOOLEAN})$", description="true or false")
SORT_DIRECTION = OpenApiParameter(
    "sortDirection", str, pattern="^(?i:asc|desc)$", description="asc or desc; desc where not given"
)
INSTANTS = [
    OpenApiParameter("after", OpenApiTypes.DATETIME, description="an instant: event time from then on"),
    OpenApiParameter("before", OpenApiTypes.DATETIME, description="an instant: event time before then"),
]
DAYS = [
    OpenApiParameter("after", datetime.date, description="a day such as 2026-11-01: changed after it began"),
    OpenApiParameter("before", datetime.date, description="a day such as 2026-11-01: changed before it began"),
]
PERIOD = [
    OpenApiParameter("period", str, required=True, enum=["DAY", "WEEK"], description="the last 24 hours, or 7 days"),
    OpenApiParameter("timezone", str, description="a time zone such as Europe/Berlin, for days; UTC where not given"),
]


def node_parameter(forms: str) -> OpenApiParameter:
    """Return the declaration of a nodeId of these forms."""
    return OpenApiParameter("nodeId", str, required=True, description=f"{forms}; #<version> may follow")


def window(request: Request, default: int = DEFAULT_LIMIT) -> Window:
    """Return which part of a list is asked for."""
    return Window(number(request, "limit", default, MAX_LIMIT), number(request, "offset", 0, MAX_OFFSET))


def number(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number up to `most`."""
    value = int(text_parameter(request, name) or default)
    if value > most:
        raise BadParameter(f"{name}={value} is too much: expected 0 to {most}.")
    return value


def depth(request: Request) -> int:
    """Return how far to go."""
    return number(request, "depth", DEFAULT_DEPTH, MAX_DEPTH)


def moment(request: Request, name: str) -> datetime.datetime | None:
    """Return an instant; a day begins in UTC. None where it is not given."""
    text = text_parameter(request, name)
    return aware(datetime.datetime.fromisoformat(text.replace(" ", "+"))) if text else None
