"""Container images by their reference, so that every format gives one image the same uid."""

import re
from typing import Any

DEFAULT_REGISTRY, DEFAULT_FOLDER, DEFAULT_TAG = "docker.io", "library", "latest"
_REFERENCE = re.compile(
    r"^(?P<path>[a-zA-Z0-9][\w.\-]*(?::\d+)?(?:/[a-zA-Z0-9][\w.\-]*)*)"
    r"(?::(?P<tag>\w[\w.\-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?$",
    re.ASCII,
)


def read_image(reference: str) -> tuple[str, dict[str, Any]] | None:
    """Return uid and attributes of a software_artifact from an image reference; None where it is none.

    The uid is the reference in full, `docker.io/library/nginx:latest` for `nginx`: what a client would fetch.
    """
    found = _REFERENCE.match(reference)
    if found is None:
        return None
    first, _, rest = found["path"].partition("/")
    is_host = bool(rest) and ("." in first or ":" in first or first == "localhost")
    registry, repository = (first, rest) if is_host else (DEFAULT_REGISTRY, found["path"])
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"{DEFAULT_FOLDER}/{repository}"
    tag, digest = found["tag"], found["digest"]
    if tag is None and digest is None:
        tag = DEFAULT_TAG
    uid = f"{registry}/{repository}" + (f":{tag}" if tag else "") + (f"@{digest.lower()}" if digest else "")
    return uid, {
        "subtype": "image",
        "registry": registry,
        "by_digest": digest is not None,
        "pinned": True if digest else False if tag == DEFAULT_TAG else None,
    }
