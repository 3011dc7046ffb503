"""Image references and package URLs: the same software has the same key, whoever names it."""

import pytest

from lineage.inventory.formats.artifacts import host_of, image_of, image_of_package, package_of

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("reference", "uid"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx:1.27", "docker.io/library/nginx:1.27"),
        ("index.docker.io/library/nginx:1.27", "docker.io/library/nginx:1.27"),
        ("tern/app", "docker.io/tern/app:latest"),
        ("registry.tern.example:5000/app", "registry.tern.example:5000/app:latest"),
        ("localhost/app:2", "localhost/app:2"),
        (f"ghcr.io/tern/app@{DIGEST}", f"ghcr.io/tern/app@{DIGEST}"),
        (f"ghcr.io/tern/app:1.2@{DIGEST}", f"ghcr.io/tern/app@{DIGEST}"),
    ],
)
def test_an_image_is_known_by_registry_repository_and_digest_or_tag(reference: str, uid: str) -> None:
    image = image_of(reference)
    assert image is not None
    assert image.uid == uid


@pytest.mark.parametrize("reference", ["", ":", "@", "UPPER/case", "a b", "a//b", "app@sha256:12", "app\x00"])
def test_what_is_no_image_reference_is_told_as_such(reference: str) -> None:
    assert image_of(reference) is None


def test_a_tag_is_no_digest_and_may_be_a_fixed_version_or_not() -> None:
    exact = [image_of(each) for each in (f"app@{DIGEST}", "app:1.2", "app:latest", "app")]
    shown = [(each.attributes["by_digest"], each.attributes["pinned"]) for each in exact if each is not None]
    assert shown == [(True, True), (False, None), (False, False), (False, False)]


@pytest.mark.parametrize(
    ("purl", "uid"),
    [
        (f"pkg:oci/app@{DIGEST.replace(':', '%3A')}?repository_url=ghcr.io%2Ftern%2Fapp", f"ghcr.io/tern/app@{DIGEST}"),
        ("pkg:oci/app?repository_url=ghcr.io/tern/app&tag=1.2", "ghcr.io/tern/app:1.2"),
        ("pkg:docker/tern/app@1.2?repository_url=gcr.io", "gcr.io/tern/app:1.2"),
        (f"pkg:docker/nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
    ],
)
def test_package_urls_of_images_mean_the_same_images(purl: str, uid: str) -> None:
    package = package_of(purl)
    assert package is not None
    image = image_of_package(package)
    assert image is not None
    assert image.uid == uid


def test_an_image_without_its_registry_is_no_image_that_can_be_known() -> None:
    package = package_of(f"pkg:oci/app@{DIGEST}")
    assert package is not None
    assert image_of_package(package) is None


def test_package_urls_are_read_in_parts() -> None:
    package = package_of("pkg:npm/%40tern/quill@2.0.0?arch=x86#lib")
    assert package is not None
    assert (package.type, package.namespace, package.name, package.version) == ("npm", "@tern", "quill", "2.0.0")
    assert package.qualifiers == {"arch": "x86"}
    assert [package_of(each) for each in ("", "pkg:", "npm/quill", "pkg:npm")] == [None] * 4


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Mirror.Tern.example/simple", "mirror.tern.example"),
        ("mirror.tern.example:8443/simple", "mirror.tern.example:8443"),
        ("https://user:word@mirror.tern.example", "mirror.tern.example"),
        ("https://[", None),
        ("/simple", None),
        ("https://mirror:99999999", None),
    ],
)
def test_addresses_give_their_host(address: str, host: str | None) -> None:
    assert host_of(address) == host
