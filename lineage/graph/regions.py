"""Read a provider's region out of an address, where the address of a store holds one (notes: most hold none).

A hint and no more: it becomes the attribute `region`, from which no country is derived, and an inventory outranks it.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

_AWS = r"[a-z]{2}(?:-gov|-iso[a-f]?)?-(?:north|south|east|west|central|(?:north|south)(?:east|west))-\d"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^awsathena://athena\.({_AWS})\.",
        rf"^arn:aws[a-z-]*:[a-z0-9-]+:({_AWS}):",
        rf"^redshift://[^./:]+\.({_AWS})(?::|$)",
        rf"://[^/]*?[.-]({_AWS})\.(?:[a-z0-9-]+\.)?amazonaws\.com",
        rf"^snowflake://[^./]+\.({_AWS})(?:\.aws)?(?:[./]|$)",
        r"^snowflake://[^./]+\.([a-z0-9-]+)\.(?:azure|gcp)(?:[./]|$)",
    )
)
LONGEST = 2000
"""Characters of an address that are looked at."""


def region_of(address: str) -> str:
    """Return the region that an address names in a place where it can mean nothing else; '' where it names none."""
    low = address[:LONGEST].lower()
    return next((match.group(1) for pattern in _PATTERNS if (match := pattern.search(low))), "")


@lru_cache(maxsize=4096)
def region_of_namespace(quoted: str) -> str:
    """Return the region in a namespace as uids hold it."""
    return region_of(unquote(quoted))
