"""What a place is asked: the files that it holds now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from accounts.errors import AuditlineError


class PullFailed(AuditlineError):
    """A place that could not be read; the message says what to do."""

    code = "pull_failed"


@dataclass(frozen=True)
class Asked:
    """Where to look and how to be let in. `limit`: bytes of one file; `only_newest`: of several files the last one."""

    address: str
    secret: str
    limit: int
    only_newest: bool
    workspace: str  # its slug
    options: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """Return an option, '' where it was not given."""
        return str(self.options.get(name, ""))


@dataclass(frozen=True)
class Fetched:
    """One file as it was found."""

    name: str
    body: bytes


@dataclass(frozen=True)
class Place:
    """A kind of place. `check` refuses an address or options that cannot be, without asking anybody; `fetch` asks.

    `options` are those that it takes, by name, with their meaning.
    """

    name: str
    address: str  # what an address looks like
    secret: str  # what its secret is; '' = it has none
    options: Mapping[str, str]
    check: Callable[[Asked], None]
    fetch: Callable[[Asked], Iterator[Fetched]]


def joined(chunks: Iterator[bytes], limit: int, name: str) -> bytes:
    """Return the chunks as one body, of at most `limit` bytes."""
    parts, taken = [], 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > limit:
            raise PullFailed(f"{name[:200]} has more than {limit:,} bytes, which is the limit of one file.")
        parts.append(chunk)
    return b"".join(parts)
