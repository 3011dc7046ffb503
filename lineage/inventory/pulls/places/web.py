"""A web address that answers with one file."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from accounts.outbound.http import checked, get
from lineage.inventory.pulls.places.place import Asked, Fetched, Place, PullFailed, joined


def check(asked: Asked) -> None:
    """Refuse what is no address, and a secret over a connection that everybody can read."""
    checked(asked.address)
    if asked.secret and not asked.address.startswith("https://"):
        raise PullFailed("A secret is sent over https alone: give an address that begins with https://.")


def fetch(asked: Asked) -> Iterator[Fetched]:
    """Yield the file that the address answers with."""
    check(asked)
    body = joined(
        get(asked.address, headers=bearer(asked), limit=asked.limit, ca=asked.option("ca")), asked.limit, asked.address
    )
    yield Fetched(urlsplit(asked.address).path.rpartition("/")[2], body)


def bearer(asked: Asked) -> dict[str, str]:
    """Return the headers that let a request in."""
    return {"Authorization": f"Bearer {asked.secret}"} if asked.secret else {}


HTTPS = Place(
    "https", "such as https://inventory.example/assets.json", "bearer token", {"ca": "certificates to trust, in PEM"},
    check, fetch,
)  # fmt: skip
