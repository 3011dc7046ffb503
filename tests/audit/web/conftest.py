"""A judged estate for pages: a store abroad that holds data bound to Germany, sealed, ticketed, worked off."""

import pytest

from tests.support.cast import Cast
from tests.support.estate import judged_estate


@pytest.fixture
def estate(cast: Cast) -> Cast:
    """The cast with verdicts, a finding, a ticket and a sealed ledger in its workspace."""
    judged_estate(cast)
    return cast
