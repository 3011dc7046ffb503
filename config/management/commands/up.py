"""`manage.py up`: everything that one machine needs, in one terminal."""

import contextlib
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections
from kombu.exceptions import OperationalError as BrokerError

from config.celery import app as celery
from config.stack.address import HOST, answers, must_be_free, port_of
from config.stack.broker import broker_answers, shown
from config.stack.child import Service
from config.stack.errors import StackError
from config.stack.postgres import EmbeddedPostgres
from config.stack.processes import only_one
from config.stack.server import EmbeddedServer
from config.stack.supervise import Supervisor, stop_signals
from config.stack.valkey import EmbeddedValkey

QUEUES = "project,evaluate,raise,open,export,notify"
# Of their own: a checkpoint is promised within 2 seconds, and beat's orders expire, so long work must not hold them up.
PROMPT_QUEUES = "seal,celery"
STOP_ORDER = ("web", "beat", "worker", "sealer")  # no new work, no new plans, then finish and seal what is in hand
READY_SECONDS = 300  # a slow machine is no error; a service that ends is noticed at once
# Each thread works on one request and may hold a connection: with workers and beat this stays below max_connections.
WEB_DEFAULTS = {"GRANIAN_WORKERS": "2", "GRANIAN_BLOCKING_THREADS": "32"}
# A person reads this terminal: what needs attention and no line per request. LOG_LEVEL=INFO brings those back.
LOG_DEFAULTS = {"LOG_LEVEL": "WARNING", "GRANIAN_LOG_LEVEL": "warning"}

# In a container everything is root; messages are JSON and tasks carry ids only, so Celery's reason does not hold.
AS_ROOT_TOO = "ignore:You're running the worker with superuser:UserWarning"


class Command(BaseCommand):
    help = "Start Auditline on this machine: embedded servers, migrations, web, worker, sealer, beat, demo estate."
    requires_system_checks = []  # there may be no database yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT", "8000"), help="port of the web process (PORT)")

    def handle(self, *args: object, port: str, **options: object) -> None:
        """Run until Ctrl-C. Exit code 0 after an orderly stop, 1 with one clear message otherwise."""
        with stop_signals() as asked:
            try:
                self.run_all(Path(settings.AUDITLINE_HOME), port_of(port), asked)
            except StackError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                pass
        self.say("up", "stopped")

    def run_all(self, home: Path, port: int, asked: Callable[[], bool]) -> None:
        """1. One per home; end orphans. 2. Servers. 3. Migrate. 4. Services. 5. Ready. 6. Demo. 7. Until Ctrl-C.

        The stack unwinds in reverse on any way out: web, beat, worker, then Valkey, then PostgreSQL.
        """
        run_folder = home / "run"
        with contextlib.ExitStack() as started:
            started.enter_context(only_one(run_folder / "up.lock", "Auditline on this AUDITLINE_HOME"))  # 1
            servers = embedded_servers(home)
            supervisor = Supervisor(
                run_folder,
                services(home, port),
                stop_order=STOP_ORDER,
                environment={**WEB_DEFAULTS, **LOG_DEFAULTS, **os.environ},
                say=self.say,
                servers=servers,
            )
            supervisor.reap()
            must_be_free(port)
            for server in servers:  # 2
                self.say("up", f"starting {server.title}")
                started.callback(server.stop)
                server.start()
            self.find_broker()
            # The servers set their own; what web and workers write is evidence, and nobody else's to read.
            os.umask(0o077)
            self.migrate()  # 3
            settings.STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns without it; finders serve the files
            started.callback(supervisor.stop)
            supervisor.start()  # 4
            self.wait_until_ready(supervisor, port)  # 5
            if settings.AUDITLINE_DEMO:
                self.load_demo(supervisor)  # 6
            self.announce(home, port)
            while not asked():  # 7
                supervisor.tick()

    def find_broker(self) -> None:
        url = settings.CELERY_BROKER_URL
        if not broker_answers(url):
            raise StackError(
                f"the broker does not answer at {shown(url)}. Start it, or check REDIS_URL and CELERY_BROKER_URL, or "
                "unset both to use the embedded server."
            )

    def migrate(self) -> None:
        self.say("up", "bringing the database up to date")
        try:
            call_command("migrate", database="owner", interactive=False, verbosity=0)
        except OperationalError as error:
            raise StackError(
                f"the database does not answer: {str(error).strip()}. Check DATABASE_URL and DATABASE_OWNER_URL, "
                "or unset both to use the embedded server."
            ) from error
        finally:
            connections.close_all()

    def wait_until_ready(self, supervisor: Supervisor, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (answers(port) and workers_answer()):
            supervisor.tick()
            if time.monotonic() > deadline:
                raise StackError(
                    f"http://{HOST}:{port}/readyz did not say ready, or no worker answered, within {READY_SECONDS} "
                    "seconds. The lines above say why."
                )
        supervisor.ready = True

    def load_demo(self, supervisor: Supervisor) -> None:
        self.say("up", "loading the demo estate (DEMO=0 leaves it out)")
        code = supervisor.run(Service("demo", (*manage(), "load_demo", "--no-logins")))
        if code != 0:
            self.say("up", f"the demo estate was not loaded (exit code {code}); the lines above say why")

    def announce(self, home: Path, port: int) -> None:
        self.stdout.write(f"Auditline is ready at http://{HOST}:{port}")
        with contextlib.suppress(FileNotFoundError):
            if settings.AUDITLINE_DEMO:
                self.stdout.write((home / "secrets" / "demo-logins").read_text().rstrip())
        self.stdout.flush()

    def say(self, who: str, line: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more (`make up | head`): that must not break the stop
            self.stdout.write(f"{who:<6} | {line}")
            self.stdout.flush()


def workers_answer() -> bool:
    """Return whether worker and sealer take orders from the broker: without them nothing is judged, nothing sealed."""
    try:
        answered = {name.partition("@")[0] for reply in celery.control.ping(timeout=0.5) for name in reply}
        return answered >= {"worker", "sealer"}
    except BrokerError:
        return False


def embedded_servers(home: Path) -> list[EmbeddedServer]:
    """Return the servers to run here: those that no variable places elsewhere."""
    wanted: list[EmbeddedServer] = []
    if not os.environ.get("DATABASE_URL", "").strip():
        wanted.append(EmbeddedPostgres(home))
    if not os.environ.get("REDIS_URL", "").strip():
        wanted.append(EmbeddedValkey(home))
    return wanted


def services(home: Path, port: int) -> list[Service]:
    python = sys.executable
    run_celery = (python, "-W", AS_ROOT_TOO, "-m", "celery", "-A", "config", "--quiet")
    worker = (*run_celery, "worker", "--without-gossip", "--without-mingle")
    return [
        Service("web", web_command(port)),
        Service("worker", (*worker, "-Q", QUEUES, "-n", "worker@%h"), patience=30),
        Service("sealer", (*worker, "-Q", PROMPT_QUEUES, "-n", "sealer@%h", "--concurrency", "1"), patience=30),
        Service("beat", (*run_celery, "beat", "--schedule", str(home / "run" / "beat-schedule"))),
    ]


def web_command(port: int) -> tuple[str, ...]:
    """Return how the web processes are started; how many, and of how many threads, is in their environment."""
    listen = ("--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws")
    return sys.executable, "-m", "granian", *listen, "config.wsgi:application"


def manage() -> tuple[str, str]:
    return sys.executable, str(settings.BASE_DIR / "manage.py")
