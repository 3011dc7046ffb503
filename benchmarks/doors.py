"""Send events to a web process of our own over plain sockets, as many connections as there are senders.

The client costs as little as it can, since it works on the same cores: requests are made before the clock runs, one
thread serves all connections of single events, an answer is read to its stated length.
"""

import contextlib
import os
import re
import selectors
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psycopg

from config.management.commands.up import WEB_DEFAULTS, web_command

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
PATIENCE = 60
"""Seconds until the web process must answer."""
MADE = 40_000
"""Requests that are made before a round of single events."""
SENDERS = 8
"""Connections that send batches at a time: by two alone, both may reach the same of the web processes."""


class Address(NamedTuple):
    """Where the web process listens."""

    host: str
    port: int


@contextlib.contextmanager
def served() -> Iterator[Address]:
    """Run a web process as `make up` does, on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        address = Address(HOST, free.getsockname()[1])
    web = subprocess.Popen(
        web_command(address.port), env={**WEB_DEFAULTS, **os.environ},
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(address)
        yield address
    finally:
        os.killpg(web.pid, signal.SIGTERM)
        web.wait()


def _wait(address: Address) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if connection.recv(12).endswith(b"200"):
                return
        time.sleep(0.1)
    raise TimeoutError(f"the web process does not answer on port {address.port}")


def bare_inserts(url: str, connections: int, seconds: float) -> float:
    """Return rows per second that threads insert, one per commit, by the driver alone: what the database gives."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE TABLE bench_bare (id uuid PRIMARY KEY, body bytea NOT NULL)")
    body = b"x" * 800

    def insert(go_on: Callable[[], bool]) -> list[float]:
        took = []
        with psycopg.connect(url, autocommit=True) as connection:
            while go_on():
                began = time.perf_counter()
                connection.execute("INSERT INTO bench_bare VALUES (%s, %s)", [uuid.uuid4(), body])
                took.append(time.perf_counter() - began)
        return took

    rate = _together(insert, connections, seconds)[0]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP TABLE bench_bare")
    return rate


def post_single(
    address: Address, secret: str, events: Iterator[bytes], connections: int, seconds: float
) -> tuple[float, list[float]]:
    """Return events per second by as many connections, one event per request, and how long each took in seconds."""
    waiting = [_request("/api/v1/lineage", secret, event) for event in islice(events, MADE)]
    return _in_turns(address, waiting, connections, seconds)


def post_batches(address: Address, secret: str, events: Iterator[bytes], size: int, seconds: float) -> float:
    """Return events per second in batches of `size`, by as many connections as there are senders."""
    made = int(seconds * 25) + SENDERS
    bodies = [b"[" + b",".join(islice(events, size)) + b"]" for _ in range(made)]
    waiting = [_request("/api/v1/lineage/batch", secret, body) for body in bodies]
    return _together(lambda go_on: _post(address, waiting, go_on), SENDERS, seconds)[0] * size


def _request(path: str, secret: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _in_turns(address: Address, waiting: list[bytes], connections: int, seconds: float) -> tuple[float, list[float]]:
    """Keep one request under way on each connection until time is over; return the rate, and how long each took."""
    took, sent_at = [], dict[socket.socket, float]()
    with contextlib.ExitStack() as opened, selectors.DefaultSelector() as ready:
        for _ in range(connections):
            connection = opened.enter_context(_connected(address))
            ready.register(connection, selectors.EVENT_READ)
            sent_at[connection] = 0.0
        began = time.perf_counter()
        for connection in sent_at:
            sent_at[connection] = time.perf_counter()
            connection.sendall(waiting.pop())
        while sent_at:
            for key, _ in ready.select():
                answered = key.fileobj
                assert isinstance(answered, socket.socket)
                _read(answered)
                now = time.perf_counter()
                took.append(now - sent_at[answered])
                if now - began < seconds and waiting:
                    sent_at[answered] = now
                    answered.sendall(waiting.pop())
                else:
                    del sent_at[answered]
    return len(took) / (time.perf_counter() - began), took


def _connected(address: Address) -> socket.socket:
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _post(address: Address, waiting: list[bytes], go_on: Callable[[], bool]) -> list[float]:
    """Send requests from the shared list until time is over or none is left; return how long each took."""
    took = []
    with _connected(address) as connection:
        while go_on():
            try:
                request = waiting.pop()
            except IndexError:
                break
            began = time.perf_counter()
            connection.sendall(request)
            _read(connection)
            took.append(time.perf_counter() - began)
    return took


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _read(connection: socket.socket) -> None:
    """Read one answer; raise where it is none of success."""
    got = connection.recv(65536)
    head, end, rest = got.partition(b"\r\n\r\n")
    while not end:
        got += connection.recv(65536)
        head, end, rest = got.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    assert length is not None, head
    left = int(length[1]) - len(rest)
    while left > 0:
        left -= len(connection.recv(65536))
    if head[9:10] != b"2":
        raise RuntimeError(f"the door refused: {head.decode(errors='replace')} {rest[:500]!r}")


def _together(
    work: Callable[[Callable[[], bool]], list[float]], threads: int, seconds: float
) -> tuple[float, list[float]]:
    """Run `work` in threads for a while; return how many pieces were done per second, and how long each took."""
    began = time.perf_counter()
    end = began + seconds
    found: list[list[float]] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work(lambda: time.perf_counter() < end))
        except BaseException as error:  # handed to the caller below
            failed.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    if failed:
        raise failed[0]
    took = [one for several in found for one in several]
    return len(took) / (time.perf_counter() - began), took
