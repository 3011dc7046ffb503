"""Load the demo estate into its workspace: make the raw files, send them in, watch the work that follows.

What was loaded stands in `demo/loaded.json` under AUDITLINE_HOME. A load that was interrupted is taken up again with
its own anchor: every event and inventory has its receipt, so what arrived before has no effect twice.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.workspaces.models import Work, Workspace
from accounts.workspaces.queue import Stage
from config.demo.chance import anchor_of, full_hour, stamp
from config.demo.doors import Delivery, Doors
from config.demo.estate import SOURCES
from config.demo.generate import Manifest, generate
from config.demo.logins import write_private

BATCH = 500
STAGES = (Stage.PROJECT, Stage.EVALUATE, Stage.RAISE, Stage.OPEN, Stage.SEAL)
STALLED_SECONDS = 60
"""Without any progress for so long, the workers are asked whether they are there."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """What a workspace was loaded with. `finished` false: it was interrupted."""

    workspace: str
    seed: int
    scale: float
    anchor: str
    finished: bool


class AnotherEstate(Exception):
    """The workspace holds an estate of another seed, scale or anchor; the message says what to do."""


def read_state(home: Path, workspace: Workspace) -> Loaded | None:
    """Return what this workspace was loaded with; None where nothing was, or where the file speaks of another one."""
    try:
        state = Loaded(**json.loads(_state_file(home, workspace).read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None
    return state if state.workspace == str(workspace.pk) else None


def wanted_state(
    workspace: Workspace, before: Loaded | None, *, seed: int, scale: float, anchor: datetime | None
) -> Loaded:
    """Return what is to be loaded: the interrupted load again, or a new one; the anchor is this hour where none is
    given.

    Raises AnotherEstate: two anchors in one workspace would count every run of the days that they share twice.
    """
    kept = anchor_of(before.anchor) if before else None
    wanted_anchor = anchor or kept or full_hour(timezone.now())
    wanted = Loaded(str(workspace.pk), seed, scale, stamp(wanted_anchor), finished=False)
    if before is not None and (before.seed, before.scale, kept) != (seed, scale, wanted_anchor):
        raise AnotherEstate(
            f"Workspace {workspace.slug} holds the estate of seed {before.seed}, scale {before.scale:g}, anchor "
            f"{before.anchor}; got seed {seed}, scale {scale:g}, anchor {wanted.anchor}. Load it into a workspace of "
            "its own: --workspace demo-2."
        )
    return wanted


def load(home: Path, workspace: Workspace, wanted: Loaded, doors: Doors, say: Say) -> Manifest:
    """Make the files and send them.

    1. Note what is being loaded, so that an interrupted load goes on with the same anchor.
    2. Make the raw files.
    3. Send inventories, then events in the order of their files.
    4. Note that it is finished.
    """
    _keep(home, workspace, wanted)  # 1
    folder = home / "demo" / workspace.slug
    manifest = generate(folder, seed=wanted.seed, scale=wanted.scale, anchor=anchor_of(wanted.anchor))  # 2
    size = sum(file.bytes for file in manifest.files) / 1e6
    say(f"made {len(manifest.files)} raw files, {size:.0f} MB, anchor {wanted.anchor}")
    for delivery in deliveries(folder, manifest):  # 3
        doors.send_inventory(delivery)
    say(f"sent {sum(file.path.startswith('inventory/') for file in manifest.files)} inventories")
    sent = 0
    for batch in event_batches(folder, manifest):
        doors.send_events(batch)
        sent += len(batch)
        if sent % (4 * BATCH) < len(batch) or sent == manifest.events:
            say(f"sent {sent:,} of {manifest.events:,} events")
    _keep(home, workspace, Loaded(**(asdict(wanted) | {"finished": True})))  # 4
    return manifest


def deliveries(folder: Path, manifest: Manifest) -> Iterator[Delivery]:
    """Yield the inventory files as they are sent: each is all that its source knows."""
    for file in manifest.files:
        if not file.path.startswith("inventory/"):
            continue
        kind = SOURCES[file.source].csv_kind
        body = (folder / file.path).read_bytes()
        yield Delivery(body, file.source, "csv" if kind else "native", "full", kind)


def event_batches(folder: Path, manifest: Manifest) -> Iterator[list[str]]:
    """Yield the events in batches."""
    for file in manifest.files:
        if file.path.startswith("lineage/"):
            with (folder / file.path).open(encoding="utf-8") as lines:
                while batch := [line.rstrip("\n") for line in islice(lines, BATCH)]:
                    yield batch


def watch(workspace: Workspace, say: Say, pause: Callable[[float], None] = time.sleep) -> bool:
    """Say what still waits until nothing does; return False where no worker answers, so that nothing would move."""
    last, still = -1, 0.0
    while (due := due_work(workspace)) > 0:
        if due != last:
            last, still = due, 0.0
            say(f"{due:,} pieces of work wait for the workers")
        elif still >= STALLED_SECONDS:
            if not worker_answers():
                return False
            still = 0.0
        pause(2)
        still += 2
    return True


def worker_answers() -> bool:
    """Return whether a worker takes orders; a long batch is no reason to give up, no worker is."""
    try:
        return bool(current_app.control.ping(timeout=2))
    except OperationalError:
        return False


def due_work(workspace: Workspace) -> int:
    """Return how much work of the demo is due now; what only time will bring is not counted."""
    return Work.objects.filter(workspace=workspace, stage__in=STAGES, due_at__lte=timezone.now()).count()


def _state_file(home: Path, workspace: Workspace) -> Path:
    return home / "demo" / workspace.slug / "loaded.json"


def _keep(home: Path, workspace: Workspace, state: Loaded) -> None:
    write_private(_state_file(home, workspace), json.dumps(asdict(state), indent=1) + "\n")
