"""Keys of software by which bills of materials and clusters mean the same thing: image references and package URLs.

An image is known by registry, repository and digest, or by its tag where no digest is named: a tag can move, so an
image named by tag and one named by digest are two assets, even where they are the same bytes today. A package is known
by its package URL as it is given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

DOCKER_HUB = "docker.io"
"""Registry of a reference that names none (Kubernetes documentation, Images)."""
_ALIASES = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_REPOSITORY = re.compile(r"^[a-z0-9]+(?:(?:/|[._-]+)[a-z0-9]+)*$", re.ASCII)
_HOST = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?$", re.ASCII)
_TAG = re.compile(r"^\w[\w.-]{0,127}$", re.ASCII)
_DIGEST = re.compile(r"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,128}$", re.ASCII)


@dataclass(frozen=True)
class Image:
    """An image reference, completed: `tag` and `digest` as they were named, None = not named."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def uid(self) -> str:
        """The key of the image."""
        end = f"@{self.digest}" if self.digest else f":{self.tag or 'latest'}"
        return f"{self.registry}/{self.repository}{end}"

    @property
    def attributes(self) -> dict[str, Any]:
        """What the reference alone tells. Whether a tag is a fixed version is not known; `latest` is none."""
        fixed = True if self.digest else False if self.tag in (None, "latest") else None
        return {"subtype": "image", "registry": self.registry, "by_digest": self.digest is not None, "pinned": fixed}


@dataclass(frozen=True)
class Package:
    """A package URL in its parts, decoded; '' where a part is not named."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]


def image_of(reference: str, digest: str = "") -> Image | None:
    """Return a reference such as `ghcr.io/acme/app:1.2@sha256:...` in its parts; None where it is none.

    `digest` is one that is told beside the reference.
    """
    rest, _, named = reference.strip().partition("@")
    digest = named or digest
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        path, tag = rest, ""
    first, slash, repository = path.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, repository = DOCKER_HUB, path
    registry = DOCKER_HUB if first in _ALIASES else first.lower()
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    fits = _HOST.match(registry) and _REPOSITORY.match(repository) and (not tag or _TAG.match(tag))
    if not fits or (digest and not _DIGEST.match(digest)):
        return None
    return Image(registry, repository, tag or None, digest or None)


def package_of(purl: str) -> Package | None:
    """Return a package URL (`pkg:type/namespace/name@version?qualifiers`) in its parts; None where it is none."""
    scheme, _, rest = purl.strip().partition(":")
    rest, _, query = rest.partition("#")[0].partition("?")
    path, at, version = rest.strip("/").rpartition("@")
    if not at or "/" in version:
        path, version = rest.strip("/"), ""
    type_, _, named = path.partition("/")
    namespace, _, name = named.rpartition("/")
    if scheme != "pkg" or not type_ or not name:
        return None
    qualifiers = dict(parse_qsl(query[:4096]))
    return Package(type_.lower(), unquote(namespace), unquote(name), unquote(version), qualifiers)


def image_of_package(package: Package) -> Image | None:
    """Return the image that a package URL of type oci or docker names; None for other types."""
    place = package.qualifiers.get("repository_url", "").partition("://")[2] or package.qualifiers.get("repository_url")
    if package.type == "oci" and place:
        reference = place
    elif package.type == "docker":
        reference = "/".join(part for part in (place, package.namespace, package.name) if part)
    else:
        return None
    if ":" in package.version:
        return image_of(reference, package.version)
    tag = package.version or package.qualifiers.get("tag", "")
    return image_of(f"{reference}:{tag}" if tag else reference)


def host_of(address: str) -> str | None:
    """Return host and port of an address, in small letters; None where it names none."""
    try:
        parts = urlsplit(address.strip() if "://" in address else f"//{address.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not _HOST.match(host):
        return None
    return f"{host}:{port}" if port else host
