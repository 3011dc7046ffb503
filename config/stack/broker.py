"""The broker: does it answer?"""

from kombu.connection import Connection
from kombu.exceptions import OperationalError

PATIENCE = 1  # second; a health check and a start have no time to wait for a network that swallows packets


def broker_answers(url: str) -> bool:
    """Return whether the broker takes a connection."""
    limits = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    try:
        with Connection(url, connect_timeout=PATIENCE, transport_options=limits) as broker:  # type: ignore[no-untyped-call]
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
    except (OSError, OperationalError):
        return False
    return True


def shown(url: str) -> str:
    """Return the address without its password."""
    return str(Connection(url).as_uri())  # type: ignore[no-untyped-call]
