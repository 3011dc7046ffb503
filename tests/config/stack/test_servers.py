"""The embedded servers: private, with passwords, and up again after any death."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.stack.embedded import OWNER, embedded
from config.stack.errors import StackError
from config.stack.postgres import EmbeddedPostgres
from config.stack.server import EmbeddedServer
from config.stack.servers import servers
from config.stack.valkey import EmbeddedValkey


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "home", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "home")
    server.start()
    yield server
    server.stop()


def kill(server: EmbeddedServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.is_running():
        time.sleep(0.01)


def keep_seven(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.description.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def test_each_role_signs_in_with_its_own_rights(postgres: EmbeddedPostgres) -> None:
    described = postgres.description
    rights = "SELECT concat_ws(' ', rolname, rolsuper, rolcreatedb, rolbypassrls) FROM pg_roles WHERE rolname = user"
    assert ask(described.superuser_url, rights) == "postgres t t t"
    assert ask(described.owner_url, rights) == "auditline_owner f t f"
    assert ask(described.app_url, rights) == "auditline_app f f f"
    assert ask(described.backup_url, rights) == "auditline_backup f f t"


def test_the_database_belongs_to_the_owner_and_is_utf8(postgres: EmbeddedPostgres) -> None:
    found = "SELECT concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datlocale) FROM pg_database "
    assert ask(postgres.description.app_url, found + "WHERE datname = 'auditline'") == f"{OWNER} UTF8 C.UTF-8"
    assert ask(postgres.description.app_url, "SHOW data_checksums") == "on"


def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    described = postgres.description
    for role in ("auditline_app", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(described.app_url, user=role, password="wrong")


def test_the_app_role_cannot_make_tables_or_roles(postgres: EmbeddedPostgres) -> None:
    for attempt in ("CREATE TABLE mine (id int)", "CREATE ROLE more", "CREATE DATABASE more"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(postgres.description.app_url, attempt)


def test_no_network_port_is_open(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres.description.app_url, "SHOW listen_addresses") == ""


def test_only_the_server_can_enter_its_folders(postgres: EmbeddedPostgres) -> None:
    described = postgres.description
    private = [described.home / "secrets", described.database_folder, described.sockets]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in private] == [0o700] * 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in (described.home / "secrets").iterdir()} == {0o600}


def test_commits_wait_for_the_disk_unless_a_test_says_otherwise(tmp_path: Path) -> None:
    with servers(tmp_path / "home") as described:
        assert ask(described.app_url, "SHOW synchronous_commit") == "on"
        assert ask(described.app_url, "SHOW fsync") == "on"
    with servers(tmp_path / "home", durable=False) as described:
        assert ask(described.app_url, "SHOW fsync") == "off"


def test_a_second_start_finds_the_data_of_the_first(postgres: EmbeddedPostgres) -> None:
    keep_seven(postgres)
    postgres.stop()
    assert not postgres.is_running()
    postgres.start()
    assert ask(postgres.description.owner_url, "SELECT n FROM kept") == 7


def test_what_was_committed_is_there_after_its_process_was_killed(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    postgres.durable = True
    postgres.start()
    with psycopg.connect(postgres.description.owner_url):  # its backend outlives the postmaster for a moment
        keep_seven(postgres)
        kill(postgres)
        postgres.start()
    assert ask(postgres.description.owner_url, "SELECT n FROM kept") == 7


def test_it_starts_when_another_program_has_the_pid_in_its_lock_files(postgres: EmbeddedPostgres) -> None:
    kill(postgres)
    described = postgres.description
    for lock in (described.database_folder / "postmaster.pid", described.sockets / ".s.PGSQL.5432.lock"):
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    postgres.start()
    assert ask(described.app_url, "SELECT 1") == 1


def test_a_half_made_data_folder_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "home" / ".postgres-half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path / "home", durable=False)
    server.start()
    server.stop()
    assert not half.exists()
    assert server.description.database_folder.is_dir()


def test_two_cannot_run_on_one_home(postgres: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(postgres.description.home)
    with pytest.raises(StackError, match=f"already running, started by process {os.getpid()}"):
        second.start()
    second.stop()
    assert ask(postgres.description.app_url, "SELECT 1") == 1


def test_a_socket_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    described = embedded(tmp_path / "home")
    described.sockets.mkdir()
    described.sockets.chmod(0o755)
    try:
        with pytest.raises(StackError, match="mode 0700"):
            EmbeddedPostgres(tmp_path / "home").start()
    finally:
        described.sockets.rmdir()


def test_valkey_asks_for_its_password(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.description.redis_url) as client:
        assert client.ping()
        assert client.config_get("save", "appendonly", "port") == {"save": "", "appendonly": "no", "port": "0"}
    with (
        redis.Redis(unix_socket_path=str(valkey.description.valkey_socket)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_valkey_starts_again_after_its_process_was_killed(valkey: EmbeddedValkey) -> None:
    kill(valkey)
    valkey.start()
    with redis.Redis.from_url(valkey.description.redis_url) as client:
        assert client.ping()


def test_nothing_is_left_running_or_lying_about(tmp_path: Path) -> None:
    with servers(tmp_path / "home", durable=False) as described:
        assert {path.name for path in described.run_folder.glob("*.json")} == {"postgres.json", "valkey.json"}
    assert not list(described.run_folder.glob("*.json"))
    assert not described.sockets.exists()
