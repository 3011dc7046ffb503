"""Read what is asked of a picture: the same words in the addresses of the API and of the page."""

import re
import uuid
from collections.abc import Callable
from typing import get_args

from drf_spectacular.utils import OpenApiParameter

from accounts.members.strict import BadParameter
from lineage.graph.picture.cut import More
from lineage.graph.picture.draw import MAX_NODES, Collapse, Frame
from lineage.graph.snapshot import Direction

DEFAULT_STEPS = 2
MOST_STEPS = 10
DEFAULT_NODES = 150
MOST_ALSO = 200
COLLAPSE = tuple(each for each in get_args(Collapse) if each)
_SIDES: dict[str, Direction] = {"up": "upstream", "down": "downstream"}
_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_GROUP = f"(namespace:[^,:]+|job:{_ID})"
OPEN, EXPAND, SHOW = (
    f"^{each}(,{each})*$" for each in (_GROUP, f"{_ID}:(up|down):[1-9][0-9]{{0,3}}", _ID)
)  # fmt: skip

FRAME = [
    OpenApiParameter(
        "up", int, description=f"steps upstream, 0 to {MOST_STEPS}; {DEFAULT_STEPS} where not given"
    ),
    OpenApiParameter(
        "down", int, description=f"steps downstream, 0 to {MOST_STEPS}; {DEFAULT_STEPS} where not given"
    ),
    OpenApiParameter("nodes", int, description=f"how many nodes, 1 to {MAX_NODES}; {DEFAULT_NODES} where not given"),
    OpenApiParameter("collapse", str, enum=COLLAPSE, description="one node for a namespace or job"),
    OpenApiParameter("open", str, pattern=OPEN, description="ids of groups to show one by one, with commas between"),
    OpenApiParameter(
        "expand",
        str,
        pattern=EXPAND,
        description="neighbours to show of single datasets, as <id>:up:40 or <id>:down:40, with commas between",
    ),
    OpenApiParameter("show", str, pattern=SHOW, description="ids of datasets to show in any case, with commas between"),
]  # fmt: skip


def frame(get: Callable[[str], str]) -> Frame:
    """Return what is asked for; raise BadParameter for what cannot be. `get` gives a parameter, '' where absent."""
    collapse = get("collapse")
    if collapse and collapse not in COLLAPSE:
        raise BadParameter(f"collapse={collapse[:40]!r} cannot be used: expected one of {', '.join(COLLAPSE)}.")
    also = tuple(uuid.UUID(each) for each in _several(get, "show", SHOW))
    if len(also) > MOST_ALSO:
        raise BadParameter(f"show has {len(also)} ids: expected at most {MOST_ALSO}.")
    more = (each.split(":") for each in _several(get, "expand", EXPAND))
    return Frame(
        up=_number(get, "up", DEFAULT_STEPS, 0, MOST_STEPS),
        down=_number(get, "down", DEFAULT_STEPS, 0, MOST_STEPS),
        limit=_number(get, "nodes", DEFAULT_NODES, 1, MAX_NODES),
        collapse=collapse,  # type: ignore[arg-type]  # is one of them
        opened=frozenset(_several(get, "open", OPEN)),
        more=tuple(More(uuid.UUID(which), _SIDES[side], int(count)) for which, side, count in more),
        also=also,
    )


def _several(get: Callable[[str], str], name: str, pattern: str) -> list[str]:
    text = get(name)
    if text and not re.fullmatch(pattern, text):
        raise BadParameter(
            f"{name}={text[:80]!r} cannot be used: expected ids with commas between, see the API's page."
        )
    return text.split(",") if text else []


def _number(get: Callable[[str], str], name: str, default: int, least: int, most: int) -> int:
    text = get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most):
        raise BadParameter(f"{name}={text[:40]!r} is no number that fits: expected {least} to {most}.")
    return int(text)
