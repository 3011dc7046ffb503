"""Write what assets carry as bits of words, and read united words as sets again. Plain numpy.

Every set of labels becomes a union, so that one pass carries them all. An intersection (the countries that all limits
together allow) is the union of what each forbids.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lineage.graph.labels.carried import Carried

Words = npt.NDArray[np.uint64]
Bit = tuple[str, str | int]
"""(family, label); a family without labels has the label ''."""

STOPPED = ("class", "rank", "class unknown", "forbidden", "limited", "limit unknown")
"""Families that an approved masking stops; places, environments and gaps go on."""


class Alphabet:
    """The bits that occur: which word and which bit of it stands for what."""

    def __init__(self, bits: Iterable[Bit]) -> None:
        self.bits = sorted(set(bits), key=repr)
        self.number = {bit: number for number, bit in enumerate(self.bits)}
        self.words = max(1, -(-len(self.bits) // 64))

    def write(self, sets: Sequence[Iterable[Bit]]) -> Words:
        """Return one row of words per set."""
        rows = np.zeros((len(sets), self.words), np.uint64)
        for row, bits in enumerate(sets):
            for bit in bits:
                word, place = divmod(self.number[bit], 64)
                rows[row, word] |= np.uint64(1 << place)
        return rows

    def read(self, row: Sequence[int]) -> dict[str, list[Any]]:
        """Return the labels of a row of words by family, sorted."""
        found: dict[str, list[Any]] = {}
        for number, (family, label) in enumerate(self.bits):
            if row[number // 64] >> (number % 64) & 1:
                found.setdefault(family, []).append(label)
        return found

    def only(self, families: Iterable[str]) -> Words:
        """Return the words of all bits of these families."""
        wanted = set(families)
        word: Words = self.write([[bit for bit in self.bits if bit[0] in wanted]])[0]
        return word


def limits(carried: Iterable[Carried]) -> list[str]:
    """Return every country that some limit allows."""
    return sorted({country for each in carried if each.limited for country in each.allowed or ()})


def upwards(of: Carried, countries: Sequence[str]) -> set[Bit]:
    """Return what an asset gives to all that it feeds; only datasets give anything. `countries`: of all limits."""
    if of.part != "dataset":
        return set()
    bits: set[Bit] = set()
    if of.classification is not None:
        bits.add(("class", of.classification))
    bits.add(("class unknown", "") if of.rank is None else ("rank", of.rank))
    bits.add(("environment unknown", "") if of.environment is None else ("environment", of.environment))
    bits |= {("country", country) for country in of.places or ()}
    if not of.places:
        bits.add(("country unknown", ""))
    if of.limited is None or (of.limited and of.allowed is None):
        bits.add(("limit unknown", ""))
    if of.limited:
        bits.add(("limited", ""))
        bits |= {
            ("forbidden", country) for country in countries if of.allowed is not None and country not in of.allowed
        }
    return bits


def downwards(of: Carried) -> set[Bit]:
    """Return what an asset gives to all that feeds it."""
    bits: set[Bit] = {("country", country) for country in of.places or ()}
    if of.part in ("dataset", "model", "service") and of.places is None:
        bits.add(("country unknown", ""))
    if of.classification is not None:
        bits.add(("class", of.classification))
    if of.tier is not None:
        bits.add(("tier", of.tier))
    if of.part == "dataset" and of.over_retention is None and of.personal is not False:
        bits.add(("retention unknown", ""))
    return bits
