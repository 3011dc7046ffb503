"""A small web server of somebody else, on loopback: what it answers by path, and what it was asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, bytes, Mapping[str, str]]
"""Status, body, headers."""


@contextmanager
def answering(answers: Mapping[str, Answer | Callable[[dict[str, str], Mapping[str, str]], Answer]]) -> Iterator[str]:
    """Yield the address of a server. An answer may be computed from (query, headers)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found = answers.get(parts.path, (404, b"", {}))
            status, body, headers = (
                found(dict(parse_qsl(parts.query)), dict(self.headers)) if callable(found) else found
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
