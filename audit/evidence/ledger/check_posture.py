"""Recount the posture of a bundle from its verdicts: subjects by check, rates and the weakest grade."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from accounts.cells import csv_text
from audit.evidence.ledger.cells import read_table, table_path
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import Source

VERDICTS = ("pass", "fail", "unknown", "error", "not_applicable", "manual")


class Posture:
    """Counts of verdict rows by check; a few cells for each."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)

    @property
    def checks(self) -> set[str]:
        """Checks that have a verdict."""
        return set(self._counts)

    def add(self, cells: Mapping[str, str]) -> None:
        """Count one row of verdicts."""
        names = ("verdict", "stale", "waived", "grade")
        self._counts[cells.get("check", "")][tuple(cells.get(name, "") for name in names)] += 1

    def row(self, check: str) -> dict[str, str]:
        """Return the cells that the posture must have for a check. What is waived or stale is never a pass."""
        verdicts: Counter[str] = Counter()
        passed = stale = waived = 0
        weakest = ""
        for (verdict, is_stale, is_waived, grade), count in self._counts[check].items():
            verdicts[verdict] += count
            stale += count if is_stale == "true" else 0
            waived += count if is_waived == "true" else 0
            if verdict == "pass" and "true" not in (is_stale, is_waived):
                passed += count
                weakest = max(weakest, grade)  # A is the best, '' is no grade
        applicable = sum(verdicts.values()) - verdicts["not_applicable"]
        known = verdicts["pass"] + verdicts["fail"] - stale
        values: dict[str, object] = {
            "family": check.partition("-")[0], **{name: verdicts[name] for name in VERDICTS}, "passed": passed,
            "stale": stale, "waived": waived, "applicable": applicable, "grade": weakest,
            "pass_rate": passed / applicable if applicable else None,
            "known_rate": known / applicable if applicable else None,
        }  # fmt: skip
        return {name: csv_text(value) for name, value in values.items()}


def check_posture(source: Source, recount: Posture, log: Log) -> None:
    """Hold each row of the posture against the recount."""
    left = recount.checks
    for row in read_table(source, "posture", log):
        log.count("table rows")
        check = row.cells.get("check", "")
        if check not in left:
            log.problem(
                Code.TABLE_ROW_UNKNOWN, row.name, "Got a row, expected none: no verdict of the check, or twice."
            )
            continue
        left.discard(check)
        wrong = [
            f"{name}: got {row.cells.get(name)!r}, expected {value!r}"
            for name, value in recount.row(check).items()
            if row.cells.get(name) != value
        ]
        if wrong:
            log.problem(Code.TABLE_ROW_CHANGED, row.name, f"{'; '.join(wrong)}, as the verdicts recount.")
    for check in sorted(left):
        log.problem(
            Code.TABLE_ROW_MISSING, f"{table_path('posture')} ({check})", "Got no row, expected one: it has verdicts."
        )
