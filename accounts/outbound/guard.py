"""The one way out: connections to addresses that members name, checked so that no request reaches what is not meant.

A name is looked up once, every address that it has is judged, and the connection goes to exactly the one that was
judged, so that a name that changes in between (DNS rebinding) gains nothing. Reachable are public addresses; private
ones, loopback, link-local (where clouds answer with credentials), multicast and reserved ones only where the operator
lists them in OUTBOUND_ALLOW. Addresses that carry another inside (IPv4 mapped, 6to4, NAT64) are judged by that one.
Server-side request forgery: OWASP, Server Side Request Forgery Prevention Cheat Sheet.
"""

import ipaddress
import socket
from collections.abc import Sequence

from django.conf import settings

from accounts.errors import AuditlineError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
CONNECT_SECONDS = 10.0


class OutboundRefused(AuditlineError):
    """An address that may not be reached, or a name that leads nowhere."""

    code = "address_refused"


def connect(host: str, port: int, timeout: float = CONNECT_SECONDS) -> socket.socket:
    """Return a connection to a host that may be reached. Raises OutboundRefused, or OSError where nobody answers."""
    failure: OSError | None = None
    for family, address in judged(host, port):
        found = socket.socket(family, socket.SOCK_STREAM)
        found.settimeout(timeout)
        try:
            found.connect((str(address), port))
        except OSError as error:
            found.close()
            failure = error
        else:
            return found
    raise failure or OSError(f"{host}:{port} has no address")


def judged(host: str, port: int) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the addresses of a host. Raises OutboundRefused where one of them may not be reached, or there is none."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundRefused(
            f"The host {host[:100]!r} cannot be found ({error}). Check how it is written, and that it is known here."
        ) from None
    found: list[tuple[socket.AddressFamily, Address]] = list(
        dict.fromkeys((row[0], ipaddress.ip_address(str(row[4][0]).partition("%")[0])) for row in rows)
    )
    for _, address in found:
        if not may_be_reached(address):
            raise OutboundRefused(
                f"{host[:100]!r} leads to {address}, which is no public address, and this installation reaches no "
                f"other. An operator can allow it: OUTBOUND_ALLOW={address}/{address.max_prefixlen} (docs/settings.md)."
            )
    return found


def may_be_reached(address: Address) -> bool:
    """Tell whether an address is public, or among those that the operator allows."""
    allowed: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = settings.AUDITLINE_OUTBOUND_ALLOW
    inner = _inner(address)
    if any(each.version == network.version and each in network for each in (address, inner) for network in allowed):
        return True
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one carries, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if (carried := address.ipv4_mapped or address.sixtofour) is not None:
            return carried
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
