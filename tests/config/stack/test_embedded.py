"""The description of the embedded servers: needs none of them, and is the same for everybody who asks."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg.conninfo
import pytest
from kombu.connection import Connection

from config.stack.embedded import embedded
from config.stack.errors import StackError


def test_addresses_are_known_before_there_is_a_server(tmp_path: Path) -> None:
    described = embedded(tmp_path / "home")
    parts = psycopg.conninfo.conninfo_to_dict(described.app_url)
    assert parts["user"] == "auditline_app"
    assert parts["dbname"] == "auditline"
    assert parts["host"] == str(described.sockets)
    assert parts["password"] == described.passwords.app
    assert len({described.app_url, described.owner_url, described.backup_url, described.superuser_url}) == 4


def test_the_same_home_always_has_the_same_passwords(tmp_path: Path) -> None:
    assert embedded(tmp_path / "home") == embedded(tmp_path / "home")
    assert embedded(tmp_path / "home").passwords != embedded(tmp_path / "other").passwords


def test_processes_that_race_to_make_the_passwords_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: embedded(tmp_path / "home"), range(32)))
    assert len({(each.app_url, each.owner_url, each.redis_url) for each in found}) == 1
    assert not list((tmp_path / "home" / "secrets").glob(".*"))


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    described = embedded(tmp_path / "home")
    assert described.passwords.app not in repr(described)


def test_a_secrets_folder_that_was_opened_is_closed_again(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "secrets"
    embedded(tmp_path / "home")
    folder.chmod(0o755)
    embedded(tmp_path / "home")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_secrets_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home" / "secrets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackError, match="set AUDITLINE_HOME to a folder of your own"):
        embedded(tmp_path / "home")


def test_the_socket_path_is_short_however_long_the_home_is(tmp_path: Path) -> None:
    described = embedded(tmp_path / ("long" * 50))
    assert len(str(described.sockets / ".s.PGSQL.5432.lock")) < 100


def test_celery_reads_the_same_socket_and_password(tmp_path: Path) -> None:
    described = embedded(tmp_path / "home")
    with Connection(described.broker_url) as connection:
        assert connection.transport_cls == "redis"
        assert connection.hostname == f"socket://:{described.passwords.valkey}@{described.valkey_socket}?virtual_host=0"
