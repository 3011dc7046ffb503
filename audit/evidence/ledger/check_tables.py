"""Hold the tables of a bundle against what its sealed records say, row by row.

A table is a projection: whoever may edit the database can edit it, and the next export signs what it finds. The records
cannot be edited unseen, so a row must be exactly what the newest record about it says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from audit.evidence.ledger.bundle import TABLES_CONTENT, TABLES_V2, BundleInfo
from audit.evidence.ledger.cells import TableRow, read_table, table_path
from audit.evidence.ledger.check_posture import Posture, check_posture
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.sealed import FINDING, NOT_JUDGED, TICKET, Judged, Order, Pair, Sealed, unpacked
from audit.evidence.ledger.source import Source
from audit.evidence.ledger.twins import check_twins

NOT_COVERED = (
    "of the tables these columns were not held against sealed records, because none holds them: verdicts asset, name, "
    "severity, judged_at, flip_at, flip_to, stale_at, version; findings owner; all of checks, evaluations and sources; "
    "nor were the populations that the manifest's scope states."
)


def follows_ledger(info: BundleInfo) -> bool:
    """Return whether the tables of this bundle were made from the very records that its ledger covers."""
    return info.scope.get(TABLES_CONTENT) == TABLES_V2


def check_tables(source: Source, sealed: Sealed, log: Log) -> None:
    """Report every row that does not follow from the sealed records, and every one that is missing."""
    # 1. Each verdict is the newest change in the leaves, and each judged pair has its row.
    # 2. The posture is the recount of the verdicts.
    # 3. Findings and tickets are what their newest statements and acts say.
    # 4. The JSON twin of each table says the same.
    log.count("table rows", 0)
    older: Counter[str] = Counter()
    check_posture(source, _check_verdicts(source, sealed, log, older), log)  # 1, 2
    findings = _check_findings(source, sealed, log, older)
    _check_tickets(source, sealed, findings, log, older)  # 3
    check_twins(source, log)  # 4
    log.notes.append(NOT_COVERED)
    log.notes += [f"{count} {what}" for what, count in sorted(older.items())]


def _check_verdicts(source: Source, sealed: Sealed, log: Log, older: Counter[str]) -> Posture:
    """Hold each verdict against the newest change in the leaves; return the recount."""
    posture = Posture()
    for row in read_table(source, "verdicts", log):
        log.count("table rows")
        posture.add(row.cells)
        pair, check = (row.cells.get("kind", ""), row.cells.get("uid", "")), row.cells.get("check", "")
        kept = sealed.verdicts.get(pair, {}).pop(check, None)  # a second row then finds none
        if kept is None:
            _unknown(row, "no sealed leaf judges it, or the row stands twice", log)
            continue
        (_, statement), judged = kept
        if judged.verdict == NOT_JUDGED:
            _unknown(row, f"the newest leaf, of statement {statement}, says that it is no longer judged", log)
            continue
        said = {"verdict": judged.verdict, "stale": judged.stale, "waived": judged.waived, "grade": judged.grade}
        _compare(row, said, f"the leaf of statement {statement}", log)
        if None in said.values():
            older["verdict(s) whose leaf does not say grade or overlays: these were not compared."] += 1
    for pair, check, judged, order in _left(sealed):
        name = f"{pair[0]} {pair[1][:200]}, {check}"
        _missing(table_path("verdicts"), name, f"statement {order[1]} judged it {judged.verdict}", log)
    return posture


def _left(sealed: Sealed) -> Iterator[tuple[Pair, str, Judged, Order]]:
    for pair, kept in sealed.verdicts.items():
        for check, (order, judged) in kept.items():
            if judged.verdict != NOT_JUDGED:
                yield pair, check, judged, order


def _check_findings(source: Source, sealed: Sealed, log: Log, older: Counter[str]) -> dict[str, Mapping[str, str]]:
    """Hold findings against their newest statements; return by finding the cells that its ticket shows as well."""
    left, about = dict(sealed.findings), dict[str, Mapping[str, str]]()
    for row in read_table(source, "findings", log):
        log.count("table rows")
        key = row.cells.get("id", "")
        about[key] = {name: row.cells[name] for name in ("severity", "check", "resolution") if name in row.cells}
        kept = left.pop(key, None)
        if kept is None:
            _unknown(row, "no sealed statement raised it, or the row stands twice", log)
            continue
        said = unpacked(kept[1], FINDING)
        _compare(row, said, "its newest statement", log)
        if None in said.values():
            older["finding(s) of older statements, which do not say all columns: those were not compared."] += 1
    for key, (_, packed) in left.items():
        said = unpacked(packed, FINDING)
        _missing(
            table_path("findings"), f"{said['kind']} {said['uid']}, {said['check']}", f"finding {key} was sealed", log
        )
    return about


def _check_tickets(
    source: Source, sealed: Sealed, findings: Mapping[str, Mapping[str, str]], log: Log, older: Counter[str]
) -> None:
    """Hold tickets against their newest statements, what people did to them, and their findings."""
    left = dict(sealed.tickets)
    for row in read_table(source, "tickets", log):
        log.count("table rows")
        key = row.cells.get("id", "")
        kept = left.pop(key, None)
        if kept is None:
            _unknown(row, "no sealed statement opened it, or the row stands twice", log)
            continue
        order, packed = kept
        said = {**unpacked(packed, TICKET), **findings.get(row.cells.get("finding", ""), {})}
        if not row.cells.get("closed_at"):
            said["resolution"] = ""  # shown once the ticket is closed
        assigned, due = sealed.assigned.get(key), sealed.due.get(key)
        said["assignee"] = assigned.value if assigned else ""
        if due is not None and due.order > order:
            whole = row.cells.get("due_at", "")
            said["due_at"] = due.value if due.exact else whole if whole.startswith(due.value) else due.value
        _compare(row, said, "its newest statement or act", log)
        if None in said.values():
            older["ticket(s) of older statements, which do not say all columns: those were not compared."] += 1
    for _, packed in left.values():
        _missing(table_path("tickets"), f"T-{unpacked(packed, TICKET)['number']}", "a statement opened it", log)


def _compare(row: TableRow, said: Mapping[str, str | None], by: str, log: Log) -> None:
    wrong = [
        f"{name}: got {row.cells[name]!r}, expected {value!r}"[:400]
        for name, value in said.items()
        if value is not None and name in row.cells and row.cells[name] != value
    ]
    if wrong:
        log.problem(Code.TABLE_ROW_CHANGED, row.name, f"{'; '.join(wrong)}, as {by} says.")


def _unknown(row: TableRow, why: str, log: Log) -> None:
    log.problem(Code.TABLE_ROW_UNKNOWN, row.name, f"Got a row, expected none: {why}.")


def _missing(path: str, about: str, why: str, log: Log) -> None:
    log.problem(Code.TABLE_ROW_MISSING, f"{path} ({about})", f"Got no row, expected one: {why}.")
