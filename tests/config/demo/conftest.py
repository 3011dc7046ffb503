"""One estate for all tests of the generator: made once, at a fixed anchor that no clock is before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.demo.generate import Manifest, generate

ANCHOR = datetime(2025, 6, 2, 14, tzinfo=UTC)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """The full estate: its folder and what the generator says of it."""
    folder = tmp_path_factory.mktemp("estate")
    return folder, generate(folder, anchor=ANCHOR)
