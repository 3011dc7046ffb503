"""Skill levels on the scale on which they were given, and on ours: 1 to 7."""

import re
from dataclasses import dataclass

from lineage.inventory.formats.look import double

OURS = 7
_STATED = re.compile(r"\(?\s*(?:scale\s*)?([01])\s*(?:-|–|\.\.|to)\s*(\d{1,3})\s*\)?\s*$", re.I)


@dataclass(frozen=True)
class Scale:
    """A scale that a file states: from 0 or 1 to its highest level. Its 0 is known to be nothing."""

    lowest: int
    highest: int

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"

    def level(self, cell: str) -> int | None:
        """Return a level on our scale: 1 stays 1, the highest becomes 7, and between them it is rounded down.

        0 = known to be nothing; None = no level of this scale.
        """
        given = double(cell)
        if given is None or not self.lowest <= given <= self.highest:
            return None
        if given < 1:
            return 0
        return 1 + int((given - 1) * (OURS - 1) / (self.highest - 1) + 1e-9)


def scale_in(text: str) -> tuple[str, Scale | None]:
    """Return a header without the scale that it states at its end, and that scale: `python (0-5)`."""
    found = _STATED.search(text)
    if found is None or not (found[0].lstrip().startswith("(") or found.start() == 0):
        return text.strip(), None
    lowest, highest = int(found[1]), int(found[2])
    return text[: found.start()].strip(), Scale(lowest, highest) if 2 <= highest <= 100 else None
