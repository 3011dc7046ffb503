"""Colours can be read: WCAG AA in light and dark, and verdict fills stay apart for colour-blind readers."""

import itertools
import math
import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[3] / "audit/web/static/auditline/tokens.css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
ROOT = CSS.read_text().split("@media")[0]
TOKENS: dict[str, tuple[str, str]] = {name: (light, dark) for name, light, dark in PAIR.findall(ROOT)}
SCHEMES = ("light", "dark")
VERDICTS = ("pass", "fail", "unknown", "error", "manual", "na")
TEXT_ON_PAPER = ("ink", "ink-2", "ink-3", "accent", "accent-strong", *(f"{verdict}-ink" for verdict in VERDICTS))
GROUNDS = ("paper", "sheet")

# Machado, Oliveira, Fernandes 2009, severity 1: what remains of linear RGB.
SIGHT = {
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}


def colour(name: str, scheme: str) -> str:
    return TOKENS[name][SCHEMES.index(scheme)]


def linear(text: str) -> list[float]:
    channels = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def contrast(one: str, other: str) -> float:
    def luminance(text: str) -> float:
        red, green, blue = linear(text)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(rgb: list[float]) -> tuple[float, float, float]:
    red, green, blue = rgb
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(text: str, sight: str) -> tuple[float, float, float]:
    rgb = linear(text)
    rows = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in SIGHT[sight]]
    return lab([min(1.0, max(0.0, value)) for value in rows])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", TEXT_ON_PAPER)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_on_paper_reaches_four_and_a_half_to_one(text: str, ground: str, scheme: str) -> None:
    assert contrast(colour(text, scheme), colour(ground, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_can_be_read_on_its_own_wash(verdict: str, scheme: str) -> None:
    assert contrast(colour(f"{verdict}-ink", scheme), colour(f"{verdict}-wash", scheme)) >= 4.5
    assert contrast(colour("ink", scheme), colour(f"{verdict}-wash", scheme)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_buttons_marks_and_borders_of_controls_are_visible(scheme: str) -> None:
    assert contrast(colour("on-accent", scheme), colour("accent", scheme)) >= 4.5
    assert contrast(colour("accent-strong", scheme), colour("accent-wash", scheme)) >= 4.5
    for ground in GROUNDS:
        assert contrast(colour("edge", scheme), colour(ground, scheme)) >= 3
        assert contrast(colour("focus", scheme), colour(ground, scheme)) >= 3
    for grade in "abc":
        assert contrast(colour(f"on-grade-{grade}", scheme), colour(f"grade-{grade}", scheme)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_verdict_fills_stay_apart_for_colour_blind_readers(sight: str, scheme: str) -> None:
    fills = {verdict: seen(colour(f"{verdict}-fill", scheme), sight) for verdict in VERDICTS if verdict != "na"}
    close = {
        f"{one}/{other}": round(math.dist(fills[one], fills[other]))
        for one, other in itertools.combinations(fills, 2)
        if math.dist(fills[one], fills[other]) < 20
    }
    assert close == {}
