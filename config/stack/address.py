"""The address that the web process listens on: is it free, and does it answer?"""

import contextlib
import errno
import http.client
import socket

from config.stack.errors import StackError

HOST = "127.0.0.1"


def port_of(text: str) -> int:
    """Read PORT. Raises StackError."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise StackError(f"PORT: got {text!r}, expected a number from 1 to 65535, for example PORT=8001.")
    return int(text)


def must_be_free(port: int) -> None:
    """Raise StackError when nobody could listen on `port`."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run may linger
        try:
            attempt.bind((HOST, port))
            attempt.listen(1)  # of two with SO_REUSEADDR, the second fails only here
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason, next_step = "another program uses it", f"Stop that program, or choose: make up PORT={port + 1}"
            else:
                reason, next_step = str(error.strerror), "Choose a port above 1023: make up PORT=8000"
            raise StackError(f"cannot listen on port {port} of {HOST}: {reason}. {next_step}") from None


def answers(port: int, paths: tuple[str, ...] = ("/readyz", "/healthz")) -> bool:
    """Return whether the service says that it is ready; a path it does not know (404) passes the question on."""
    for path in paths:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return False
        if status != 404:
            return status == 200
    return False
