"""Template tags of the house: the small pieces of HTML that need arithmetic or a lookup.

Known to templates as `{% load auditline %}` (settings: TEMPLATES, OPTIONS, libraries). Plain functions, no queries.
A verdict or grade that is not among the words below raises KeyError: a misspelt verdict must not be shown as
something harmless.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import floor
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.web.visible import visible
from audit.web.words import readable_uid

register = template.Library()

VERDICT_WORDS = {
    "pass": "Pass",
    "fail": "Fail",
    "unknown": "Unknown",
    "error": "Error",
    "manual": "Manual",
    "not_applicable": "Not applicable",
    "waived": "Waived",
    "stale": "Stale",
    "none": "Not judged",
}
VERDICT_MEANINGS = {
    "pass": "The condition holds on known, fresh facts",
    "fail": "The condition does not hold",
    "unknown": "A fact that the condition needs is missing: never a pass",
    "error": "The check could not be evaluated: never a pass",
    "manual": "Only a person can answer; nobody has yet",
    "not_applicable": "The check does not concern this asset",
    "waived": "Accepted by a person until a date; the verdict stays and is not a pass",
    "stale": "The newest fact is older than the check allows; not a pass",
    "none": "No verdict yet",
}
GRADE_MEANINGS = {
    "A": "measured, or derived from measured facts only",
    "B": "derived with declared parameters",
    "C": "declared by a person",
    "D": "attested only",
}
BASIS_WORDS = {"law": "law", "norm": "a norm", "house": "our own default"}
# The order in bars and legends: what is good, what is bad, what nobody knows, what is set aside.
BAR_ORDER = ("pass", "fail", "unknown", "error", "manual", "waived", "stale")
LEAST_WIDTH = 1.2  # per cent: one failure among 100,000 passes must still be seen


@register.simple_tag
def icon(name: str, label: str = "", tone: str = "") -> SafeString:
    """An icon of static/auditline/icons.svg; with `label` it speaks, without it is decoration. `tone` is a verdict."""
    href = f"{static('auditline/icons.svg')}#{name}"
    classes = f"icon ink-{tone}" if tone else "icon"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


@register.filter
def verdict_word(verdict: str) -> str:
    """The verdict as people read it."""
    return VERDICT_WORDS[verdict]


@register.filter
def verdict_meaning(verdict: str) -> str:
    """One sentence on what the verdict says, for titles and legends."""
    return VERDICT_MEANINGS[verdict]


@register.filter
def grade_meaning(grade: str) -> str:
    """What a grade A-D says about the weakest fact."""
    return GRADE_MEANINGS[grade]


@register.filter
def basis_word(basis: str) -> str:
    """What a check rests on, as people say it: law, a norm, or our own default."""
    return BASIS_WORDS[basis]


@register.filter
def figure(number: int | None) -> str:
    """A count with thousands separators; an en dash where there is no count (None is not 0)."""
    return "–" if number is None else f"{number:,}"


@register.filter
def counted(number: int | None, noun: str) -> str:
    """A count with what is counted: "1 statement", "2,000 statements"; a plural without s is given: "leaf,leaves".

    >>> counted(1, "statement"), counted(2000, "statement"), counted(2, "leaf,leaves"), counted(None, "row")
    ('1 statement', '2,000 statements', '2 leaves', '– rows')
    """
    one, _, several = noun.partition(",")
    return f"{figure(number)} {one if number == 1 else several or f'{one}s'}"


@register.filter
def percent(share: float | None) -> str:
    """A share (0-1) as per cent, rounded down: 99.97 % must not read as 100 %, nor 0.2 % as none.

    >>> percent(0.9997), percent(1.0), percent(0.002), percent(0.0), percent(None)
    ('99.9 %', '100 %', '0.2 %', '0 %', '–')
    """
    if share is None:
        return "–"
    if share >= 1:
        return "100 %"
    if share > 0.99 or 0 < share < 0.01:
        return f"{max(floor(share * 1000) / 10, 0.1):.1f} %"
    return f"{floor(share * 100)} %"


@register.filter
def shorten(digest: str, length: int = 12) -> str:
    """The head of a digest or key, enough to tell two apart on one page."""
    return digest if len(digest) <= length else f"{digest[:length]}…"


@register.filter
def bdi(name: object, most: int = 0) -> SafeString:
    """A name from outside: its direction ends with it, nothing in it is unseen; longer than `most`, its title has all.

    >>> bdi("customers"), bdi("x" * 9, 5)
    ('<bdi>customers</bdi>', '<bdi title="xxxxxxxxx">xxxx…</bdi>')
    """
    shown = visible(name)
    if most and len(shown) > most:
        return format_html('<bdi title="{}">{}…</bdi>', shown, shown[: most - 1])
    return format_html("<bdi>{}</bdi>", shown)


@register.filter(name="visible")
def visible_text(name: object) -> str:
    """A name where no tag may stand, as in titles: nothing in it is unseen."""
    return visible(name)


@register.filter
def readable(uid: str, kind: str) -> str:
    """The key of an asset as people read it: that of a dataset or job as namespace and name."""
    return readable_uid(kind, uid)


@register.filter
def lookup(mapping: Mapping[str, Any] | None, key: str) -> Any:
    """mapping[key], or None where either is absent."""
    return None if mapping is None else mapping.get(key)


@register.simple_tag
def when(value: datetime | date | None, style: str = "minute") -> SafeString | str:
    """A moment as <time datetime>; style is day, minute or second. Always in UTC, so that two readers agree."""
    if value is None:
        return "–"
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), f"{value:%-d %b %Y}")
    moment = value.astimezone(UTC)
    exact = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    shapes = {
        "day": f"{moment:%-d %b %Y}",
        "minute": f"{moment:%-d %b %Y, %H:%M}",
        "second": f"{moment:%-d %b %Y, %H:%M:%S} UTC",
    }
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, exact, shapes[style])


@register.simple_tag
def apart(value: datetime | date | None, now: datetime) -> str:
    """How far `value` lies from `now`, in the largest whole unit: "in 3 days", "2 hours ago", "now"."""
    if value is None:
        return ""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    seconds = int((moment - now).total_seconds())
    size = abs(seconds)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = size // length
        if count:
            words = f"{count:,} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"


@register.simple_tag
def due(value: datetime | date | None, now: datetime) -> str:
    """A limit as people say it: "in 3 days", "2 days overdue"."""
    words = apart(value, now)
    return f"{words.removesuffix(' ago')} overdue" if words.endswith(" ago") else words


def segments(counts: Mapping[str, int], hrefs: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Bar segments with x and width in per cent, in BAR_ORDER; each non-zero count is at least LEAST_WIDTH wide.

    `counts` are disjoint: a waived or stale verdict is counted there and nowhere else. not_applicable has no segment.
    """
    present = [(verdict, counts.get(verdict, 0)) for verdict in BAR_ORDER if counts.get(verdict, 0)]
    total = sum(count for _, count in present)
    widths = [max(count * 100 / total, LEAST_WIDTH) for _, count in present]
    scale = 100 / sum(widths) if widths else 0.0
    placed, x = [], 0.0
    for (verdict, count), width in zip(present, widths, strict=True):
        placed.append(
            {
                "verdict": verdict,
                "count": count,
                "x": round(x, 3),
                "width": round(width * scale, 3),
                "href": (hrefs or {}).get(verdict, ""),
            }
        )
        x += width * scale
    return placed


@register.inclusion_tag("web/components/verdict_bar.html")
def verdict_bar(counts: Mapping[str, int], label: str, hrefs: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The segmented bar over disjoint verdict counts; its label speaks the same counts to who cannot see it."""
    return {"segments": segments(counts, hrefs), "label": label, "not_applicable": counts.get("not_applicable", 0)}


@register.inclusion_tag("web/components/verdict_counts.html")
def verdict_counts(counts: Mapping[str, int], hrefs: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The counts of a bar as text with icons; each is a link where `hrefs` has one. not_applicable comes last."""
    rows = [(v, counts.get(v, 0)) for v in (*BAR_ORDER, "not_applicable") if counts.get(v, 0)]
    return {"rows": [{"verdict": v, "count": n, "href": (hrefs or {}).get(v, "")} for v, n in rows]}


@register.inclusion_tag("web/components/grade_bar.html")
def grade_bar(grades: Mapping[str, int], label: str) -> dict[str, Any]:
    """Distribution of grades A-D over decided verdicts, as a bar and as words."""
    total = sum(grades.get(grade, 0) for grade in GRADE_MEANINGS)
    parts, x = [], 0.0
    for grade in GRADE_MEANINGS:
        count = grades.get(grade, 0)
        if count:
            width = count * 100 / total
            parts.append({"grade": grade, "count": count, "x": round(x, 3), "width": round(width, 3)})
            x += width
    return {"parts": parts, "label": label, "total": total}
