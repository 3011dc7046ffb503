"""The way out leads to public addresses and to those that the operator lists, by whatever name or form they come."""

import ipaddress
import socket
from typing import Any

import pytest

from accounts.outbound.guard import OutboundRefused, connect, judged, may_be_reached
from accounts.outbound.http import checked, get
from tests.support.answering import answering

INSIDE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
    "192.0.2.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert not may_be_reached(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is_reached(address: str) -> None:
    assert may_be_reached(ipaddress.ip_address(address))


def test_the_operator_allows_networks_and_these_alone(settings: Any) -> None:
    settings.AUDITLINE_OUTBOUND_ALLOW = [ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("::1")]
    reached = [each for each in ("10.20.3.4", "::ffff:10.20.3.4", "10.21.0.1", "::1", "127.0.0.1")
               if may_be_reached(ipaddress.ip_address(each))]  # fmt: skip
    assert reached == ["10.20.3.4", "::ffff:10.20.3.4", "::1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]".strip("[]"), "127.1"])
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(OutboundRefused, match=r"OUTBOUND_ALLOW=|cannot be found"):
        judged(host, 80)


def test_a_name_is_looked_up_once_and_the_judged_address_is_the_one_that_is_reached(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.AUDITLINE_OUTBOUND_ALLOW = [ipaddress.ip_network("127.0.0.2")]
    with socket.create_server(("127.0.0.2", 0)) as allowed:
        asked: list[str] = []

        def rebinding(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            address = "127.0.0.2" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr("accounts.outbound.guard.socket.getaddrinfo", rebinding)
        with connect("rebinding.example", allowed.getsockname()[1], timeout=2) as reached:
            assert reached.getpeername()[0] == "127.0.0.2"
        assert asked == ["rebinding.example"]


def test_one_address_inside_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr("accounts.outbound.guard.socket.getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(OutboundRefused, match=r"leads to 10\.0\.0\.1"):
        judged("both.example", 80)


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example/x", "https://", "file:///etc/passwd", "https://a b.example/", "https://a.example:99999/",
            "http://[::1", "gopher://a.example"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused, match="is no address"):
        checked(url)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(OutboundRefused, match="user or a password") as refused:
        checked("https://me:hunter2@a.example/")
    assert "hunter2" not in refused.value.message


def test_a_file_is_fetched_within_its_limit_and_no_redirect_is_followed(settings: Any) -> None:
    with answering(
        {"/a": (200, b"x" * 1000, {}), "/b": (302, b"", {"Location": "http://169.254.169.254/latest"})}
    ) as at:
        with pytest.raises(OutboundRefused, match="no public address"):
            list(get(f"{at}/a", limit=1000))
        settings.AUDITLINE_OUTBOUND_ALLOW = [ipaddress.ip_network("127.0.0.1")]
        assert b"".join(get(f"{at}/a", limit=1000)) == b"x" * 1000
        with pytest.raises(OutboundRefused, match="more than 999 bytes"):
            list(get(f"{at}/a", limit=999))
        with pytest.raises(OutboundRefused, match="Redirects are not followed"):
            list(get(f"{at}/b", limit=9))
        with pytest.raises(OutboundRefused, match=r"answers 404, expected 200\. Check the path"):
            list(get(f"{at}/c?key=1", limit=9))
