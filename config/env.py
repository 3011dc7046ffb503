"""Read settings from the environment: typed, loud on a typo, each name listed in docs/settings.md.

A value that cannot be read stops the start with its name, what was got and what was expected, because a
misspelt safeguard that is silently off is worse than a service that does not start.
"""

import ipaddress
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BROKERS = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps")
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the variable `name`, stripped, or `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """Return a yes/no variable; raise ImproperlyConfigured for anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.strip().lower() in TRUE:
        return True
    if raw.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}: got {raw!r}, expected 1 or 0. Set it to 1 or 0, or unset it.")


def number(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole-number variable that is at least `least`; raise ImproperlyConfigured otherwise."""
    raw = text(name)
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16 and int(raw) >= least):
        raise ImproperlyConfigured(f"{name}: got {raw!r}, expected a whole number of at least {least}.")
    return int(raw)


def one_of(given: str, known: Collection[str], *, name: str) -> str:
    """Return `given`, the value of `name`, where it is one of `known` (capitals); raise ImproperlyConfigured."""
    if given.upper() not in known:
        raise ImproperlyConfigured(f"{name}: got {given!r}, expected one of {', '.join(known)}.")
    return given.upper()


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated variable as a list without empty members."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return a comma-separated variable of addresses and networks; raise ImproperlyConfigured for what is neither."""
    found = []
    for word in words(name):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name}: got {word!r} ({error}), expected addresses or networks such as 10.20.0.0/16 or ::1."
            ) from None
    return found


def home() -> Path:
    """Return AUDITLINE_HOME (all state of this installation), by default `var/` beside manage.py."""
    return Path(text("AUDITLINE_HOME", str(Path(__file__).resolve().parent.parent / "var"))).resolve()


def secret_key() -> str:
    """Return SECRET_KEY, or the content of SECRET_KEY_FILE, or a key made once under AUDITLINE_HOME."""
    if key := text("SECRET_KEY"):
        return key
    named = text("SECRET_KEY_FILE")
    path = Path(named) if named else home() / "secrets" / "django-secret-key"
    if named and not (path.is_file() and os.access(path, os.R_OK)):
        raise ImproperlyConfigured(f"SECRET_KEY_FILE: no file to be read at {path}. Create it, or unset the variable.")
    if not path.is_file():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(
                f"AUDITLINE_HOME: got {home()}, expected a folder that can be written ({error.strerror}). Name another."
            ) from error
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process won the race and has written it
            pass
        else:
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_urlsafe(64))
    return path.read_text().strip()


def database(url: str, *, name: str) -> dict[str, object]:
    """Turn a `postgresql://user:password@host:port/db?host=/socket/dir` URL into Django's DATABASES entry.

    PostgreSQL alone: row security, COPY and SKIP LOCKED carry the design.
    """
    parts = _address(url, ("postgres", "postgresql"), "postgresql://user:password@host:5432/database", name=name)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def broker(name: str, default: str) -> str:
    """Return the address of Redis or another broker; raise ImproperlyConfigured where the variable holds none."""
    url = text(name)
    if url:
        _address(url, BROKERS, "redis://host:6379/0", name=name)
    return url or default


def _address(url: str, schemes: Collection[str], example: str, *, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # nothing of it is shown: what reads as its port may be part of a password
        raise ImproperlyConfigured(f"{name}: got an address that cannot be read, expected {example}.") from None
    if parts.scheme not in schemes:
        raise ImproperlyConfigured(f"{name}: got scheme {parts.scheme!r}, expected {example}.")
    return parts


def oidc() -> dict[str, object]:
    """Return allauth's provider settings for OpenID Connect, from OIDC_* variables; empty without OIDC_SERVER_URL."""
    server = text("OIDC_SERVER_URL")
    if not server:
        return {}
    client, secret = text("OIDC_CLIENT_ID"), text("OIDC_CLIENT_SECRET")
    if not client or not secret:
        raise ImproperlyConfigured(
            "OIDC_SERVER_URL is set, but OIDC_CLIENT_ID or OIDC_CLIENT_SECRET is not. Set both, or unset the first."
        )
    app = {
        "provider_id": text("OIDC_PROVIDER_ID", "oidc"),
        "name": text("OIDC_NAME", "Single sign-on"),
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": server},
    }
    return {"openid_connect": {"APPS": [app]}}
