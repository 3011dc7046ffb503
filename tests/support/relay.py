"""A relay before a server that loses answers: the request is done, and its sender never hears of it."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


@dataclass
class Relay:
    """Where it listens, and the status of each answer of the server behind it, lost ones too."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)


@contextmanager
def lossy_relay(target: str, *, losing: int) -> Iterator[Relay]:
    """Pass POSTs on to `target`; the first `losing` answers are lost with their connections."""
    relay = Relay()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            behind = http.client.HTTPConnection(urlsplit(target).netloc, timeout=30)
            behind.request("POST", self.path, body, {**self.headers, "Host": urlsplit(target).netloc})
            answer = behind.getresponse()
            content = answer.read()
            behind.close()
            relay.statuses.append(answer.status)
            self.close_connection = True
            if len(relay.statuses) > losing:
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
