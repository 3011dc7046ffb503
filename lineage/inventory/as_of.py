"""Read `as_of`: an instant, or `rev:N`. What was known then is what stands in rows that are valid at that revision."""

import datetime

from drf_spectacular.utils import OpenApiParameter

from accounts.members.strict import BadParameter
from accounts.workspaces.revisions import revision_at

AS_OF = OpenApiParameter("as_of", str, description="an instant (RFC 3339) or rev:N; the present where not given")


def known_revision(text: str, newest: int) -> int:
    """Return the revision that `as_of` names: N of rev:N, or the last one known at an instant; `newest` for ''.

    Raises BadParameter for what is neither, and for a revision that is not known yet.
    """
    if not text:
        return newest
    number = text.removeprefix("rev:")
    if text.startswith("rev:") and number.isascii() and number.isdigit() and len(number) < 19:
        if int(number) <= newest:
            return int(number)
        raise BadParameter(f"as_of={text[:40]!r} is not known yet: the newest revision is rev:{newest}.")
    try:
        instant = datetime.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadParameter(
            f"as_of={text[:40]!r} is no time: expected rev:N, or an instant such as 2026-11-01T00:00:00Z."
        ) from None
    return revision_at(instant if instant.tzinfo else instant.replace(tzinfo=datetime.UTC))
