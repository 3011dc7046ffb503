"""Ask other systems over HTTP(S) through the guard, within bounds of time and size; redirects are not followed."""

import socket
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from accounts.outbound.guard import CONNECT_SECONDS, OutboundRefused, connect

READ_SECONDS = 60.0
"""Without a byte, at most."""
WHOLE_SECONDS = 1800.0
"""For a whole answer, at most."""
CHUNK = 256 * 1024


class _Guarded(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, int(self.port or 80))


class _GuardedTLS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, int(self.port or 443))


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


def guarded_pool(ca: str = "") -> urllib3.PoolManager:
    """Return a manager of connections that all go through the guard. `ca`: certificates (PEM) to trust as well.

    Proxies of the environment are not used: what they reach is not judged here.
    """
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=False,
        ca_certs=None if ca else certifi.where(),
        ca_cert_data=f"{_usual()}\n{ca}" if ca else None,
    )
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
    return pool


def _usual() -> str:
    with open(certifi.where(), encoding="ascii") as file:
        return file.read()


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    limit: int,
    ca: str = "",
    pool: urllib3.PoolManager | None = None,
) -> Iterator[bytes]:
    """Yield the body of an answer of status 200, at most `limit` bytes after decompression.

    Raises OutboundRefused for an address that may not be reached, an answer that is none, one that redirects, is too
    large or takes too long; OSError or urllib3's errors where the connection fails.
    """
    checked(url)
    began = time.monotonic()
    answer = (pool or guarded_pool(ca)).request(
        "GET", url, headers=dict(headers or {}), redirect=False, preload_content=False, decode_content=True
    )
    try:
        if answer.status != 200:
            raise OutboundRefused(_refusal(url, answer))
        taken = 0
        for chunk in answer.stream(CHUNK, decode_content=True):
            taken += len(chunk)
            if taken > limit:
                raise OutboundRefused(f"{place(url)} sends more than {limit:,} bytes, which is the limit of one file.")
            if time.monotonic() - began > WHOLE_SECONDS:
                raise OutboundRefused(f"{place(url)} was still sending after {WHOLE_SECONDS / 60:.0f} minutes.")
            yield chunk
    finally:
        answer.release_conn()


def checked(url: str) -> str:
    """Return an address of the web as it stands. Raises OutboundRefused for what is none, or holds a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and parts.hostname and (parts.port or 1) < 65_536
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or any(char.isspace() or not char.isprintable() for char in url):
        raise OutboundRefused(
            f"{url[:120]!r} is no address: expected one such as https://inventory.example/assets.json."
        )
    if parts.username or parts.password:
        raise OutboundRefused("The address holds a user or a password: leave them out, and give them as its secret.")
    return url


def place(url: str) -> str:
    """Return an address as it may be shown: without its query, which may hold a key."""
    return url.partition("?")[0]


def _refusal(url: str, answer: urllib3.BaseHTTPResponse) -> str:
    if 300 <= answer.status < 400:
        target = place(answer.headers.get("Location", ""))[:200]
        return f"{place(url)} answers {answer.status} and points to {target!r}. Redirects are not followed: name that."
    step = {401: "Check its secret.", 403: "Check what its secret allows.", 404: "Check the path."}
    return f"{place(url)} answers {answer.status}, expected 200. {step.get(answer.status, 'Try it again later.')}"
