"""Verify an export bundle offline: what it says is what was signed, and nothing of it was changed, added or removed.

Plain Python with `cryptography`; no database, no network, no trust in the server that made the bundle. What it cannot
show is said in the report: without a witness or a timestamp, whoever holds the ledger's key can write another history,
and only a checkpoint that somebody kept can tell.

    python -m audit.evidence.ledger.verify BUNDLE [--checkpoint FILE] [--key KEY] [--json]
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from audit.evidence.ledger.bundle import FORMAT, SELF_SIGNED, TABLES, BundleInfo
from audit.evidence.ledger.check_files import check_files, check_manifest, load_key, load_manifest
from audit.evidence.ledger.check_heads import check_heads, load_earlier, load_head, load_history
from audit.evidence.ledger.check_ledger import Walk
from audit.evidence.ledger.check_proofs import check_consistency, check_proofs, consistency_size, proved_indexes
from audit.evidence.ledger.check_tables import check_tables, follows_ledger
from audit.evidence.ledger.note import Verifier
from audit.evidence.ledger.report import Code, Log, Report
from audit.evidence.ledger.sealed import Sealed
from audit.evidence.ledger.source import Source, open_source

VERIFIED, FAILED, NOT_CHECKED = 0, 1, 2


def verify_bundle(path: Path, checkpoint: Path | None = None, expected_key: str | None = None) -> Report:
    """Check a bundle (zip or unpacked directory) and return what was found.

    `checkpoint` is a signed head of the same ledger that the reader kept, or an earlier bundle; `expected_key` the
    verifier key's text or its fingerprint, got from elsewhere. Raises OSError when a path cannot be read at all;
    everything wrong inside a bundle is a problem in the report.
    """
    # 1. Open it; read the manifest and the key, and hold the key against the one expected.
    # 2. Hold the manifest against its signature.
    # 3. Hold every file against the manifest; name what was changed, added or removed.
    # 4. Read the signed heads: its own, its history, and the one that the reader kept.
    # 5. Walk the ledger: every entry, its statement, and the leaves of its batch.
    # 6. Hold the entries against all heads.
    # 7. Check the proofs that it carries.
    # 8. Hold the tables against what the sealed records say.
    log = Log()
    subject, key = f"Bundle {path.name}", None

    # (1)
    try:
        source = open_source(path, log)
    except zipfile.BadZipFile as error:
        log.problem(Code.UNREADABLE, path.name, f"Got a file that is no whole zip ({error}), expected a bundle.")
        return _report(subject, key, log)
    try:
        manifest = load_manifest(source, log)
        if manifest is None:
            return _report(subject, key, log)
        info, files = manifest
        subject = _subject(path, info)
        verifier = load_key(source, info, expected_key, log)

        # (2)
        if verifier is not None:
            key = verifier.key.fingerprint
            check_manifest(source, info, verifier, log)

        # (3)
        check_files(source, files, log)

        # (4) to (8)
        if verifier is not None:
            _check_ledger(source, info, verifier, checkpoint, log)
    finally:
        source.close()
    return _report(subject, key, log)


def _check_ledger(source: Source, info: BundleInfo, verifier: Verifier, checkpoint: Path | None, log: Log) -> None:
    # (4)
    own = load_head(source, info, verifier, log)
    history = list(load_history(source, verifier, log))
    earlier = None if checkpoint is None else load_earlier(checkpoint, verifier, log)
    sizes = {head.checkpoint.size for head in (own, earlier, *history) if head is not None}
    proved_from = consistency_size(source)
    indexes = proved_indexes(source, log)
    sealed = Sealed() if follows_ledger(info) else None

    # (5)
    walked = Walk(
        source,
        verifier.key,
        info.workspace,
        log,
        sizes=sizes if proved_from is None else sizes | {proved_from},
        indexes=indexes.values(),
        sealed=sealed,
    ).run()

    # (6)
    check_heads(walked, own, history, earlier, log)

    # (7)
    check_proofs(source, indexes, walked, verifier, log)
    if own is not None:
        check_consistency(source, walked, own.checkpoint, log)

    # (8)
    if sealed is not None:
        check_tables(source, sealed, log)
    elif any(name.startswith(TABLES) for name in source.names):
        log.notes.append(
            "this bundle is older than the rule that its tables follow from its ledger: they are as they were "
            "exported, and their rows were not compared with the sealed records."
        )
    if walked.size == 0:
        log.notes.append("the ledger is empty: nothing was sealed, so this bundle proves nothing.")


def _subject(path: Path, info: BundleInfo) -> str:
    period = "all of time" if info.period is None else f"{info.period[0]} to {info.period[1]}"
    return (
        f"Bundle {path.name}: {info.workspace_name} (workspace {info.workspace}), {period}, "
        f"as of revision {info.as_of_revision} ({info.as_of}), made {info.generated_at}, format {FORMAT}"
    )


def _report(subject: str, key: str | None, log: Log) -> Report:
    return Report(subject, tuple(log.problems), log.more, dict(log.checked), tuple(log.notes), key)


def main(argv: Sequence[str], out: TextIO = sys.stdout) -> int:
    """Verify from the command line; return 0 when verified, 1 when not, 2 when it could not be checked.

    Bad arguments leave by SystemExit with code 2, as argparse does.
    """
    parser = argparse.ArgumentParser(prog="verify", description="Verify an export bundle offline.")
    parser.add_argument("bundle", type=Path, help="the zip, or the directory that it was unpacked to")
    parser.add_argument("--checkpoint", type=Path, help="a signed checkpoint kept from earlier, or an earlier bundle")
    parser.add_argument("--key", help="the verifier key or its fingerprint, as got from elsewhere")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(argv)
    try:
        report = verify_bundle(options.bundle, options.checkpoint, options.key)
    except OSError as error:
        out.write(f"Could not check: {error}. Give the path of a bundle, and of a checkpoint file, that can be read.\n")
        out.write(f"{SELF_SIGNED}\n")
        return NOT_CHECKED
    out.write(json.dumps(report.as_json(), indent=2) + "\n" if options.json else report.as_text())
    return VERIFIED if report.ok else FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
