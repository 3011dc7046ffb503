"""One image has one uid, however its reference is written."""

import pytest

from lineage.inventory.formats.images import read_image

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("reference", "uid", "registry"),
    [
        ("nginx", "docker.io/library/nginx:latest", "docker.io"),
        ("docker.io/nginx:latest", "docker.io/library/nginx:latest", "docker.io"),
        ("acme/risk:1.2", "docker.io/acme/risk:1.2", "docker.io"),
        ("localhost:5000/risk", "localhost:5000/risk:latest", "localhost:5000"),
        ("ghcr.io/acme/risk/model:1.2", "ghcr.io/acme/risk/model:1.2", "ghcr.io"),
        (f"ghcr.io/acme/risk@{DIGEST.upper().replace('SHA', 'sha')}", f"ghcr.io/acme/risk@{DIGEST}", "ghcr.io"),
        (f"ghcr.io/acme/risk:1@{DIGEST}", f"ghcr.io/acme/risk:1@{DIGEST}", "ghcr.io"),
    ],
)
def test_a_reference_is_read_in_full(reference: str, uid: str, registry: str) -> None:
    found = read_image(reference)
    assert found is not None
    assert (found[0], found[1]["registry"]) == (uid, registry)


@pytest.mark.parametrize(
    ("reference", "by_digest", "pinned"),
    [("nginx", False, False), ("nginx:1.27", False, None), (f"nginx@{DIGEST}", True, True)],
)
def test_only_a_digest_fixes_the_version_and_a_tag_may_move(reference: str, by_digest: bool, pinned: bool) -> None:
    found = read_image(reference)
    assert found is not None
    assert (found[1]["by_digest"], found[1]["pinned"]) == (by_digest, pinned)


@pytest.mark.parametrize("reference", ["", " ", "https://ghcr.io/acme", "a b", "nginx:", "nginx@sha256:1", "${image}"])
def test_what_is_no_reference_is_none(reference: str) -> None:
    assert read_image(reference) is None
