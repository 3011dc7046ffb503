"""docs/flow.md names modules that exist and actions of the closed vocabulary."""

import re
from pathlib import Path

from accounts.journal.actions import Action

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/flow.md").read_text()


def test_every_module_named_exists() -> None:
    named = re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py|/))`", TEXT)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_action_named_can_be_written() -> None:
    named = re.findall(r"`([a-z]+:[a-z]+:[a-z]+)`", TEXT)
    assert named
    assert [name for name in named if name not in set(Action)] == []
