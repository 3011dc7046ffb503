"""Name what events speak of: the uid of datasets, jobs and runs (vocabulary, conventions `uid`)."""

from urllib.parse import quote

MAX_UID = 2500
"""Bytes of a uid and of a name: a B-tree entry holds 2,704 bytes together with the other columns."""

MAX_RUN_ID = 200
_SURELY_SHORT = MAX_UID // 12  # characters: at most 4 bytes of UTF-8 each, 3 characters per byte when quoted


def uid_of(namespace: str, name: str) -> str:
    """Return the uid of a dataset or job: both parts quoted, so that the one "/" between them is no part of either."""
    return f"{quote(namespace, safe='')}/{quote(name, safe='')}"


def run_uid(run_id: str) -> str:
    """Return the uid of a run: its id in lower case."""
    return run_id.lower()


def fits(namespace: str, name: str) -> bool:
    """Tell whether a dataset or job of that name can be kept."""
    if len(namespace) + len(name) < _SURELY_SHORT:
        return True
    return len(uid_of(namespace, name)) <= MAX_UID and len(name.encode()) <= MAX_UID
