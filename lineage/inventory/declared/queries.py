"""Read what workspaces have declared: the vocabulary in force, that of an earlier edition, and the editions.

An edition never changes, so that merging it is remembered in each process. Which one is the newest is looked up once
each time a workspace is entered: what another process has committed holds from the next transaction on.
"""

import uuid
from functools import lru_cache

from django.db.models import QuerySet

from accounts.workspaces.isolation import current_workspace, in_workspace, workspace_memo
from lineage.inventory.declared.models import VocabularyEdition
from lineage.inventory.kinds.declared import EMPTY, Content, merged
from lineage.inventory.kinds.load import load_vocabulary, shipped_vocabulary
from lineage.inventory.kinds.types import Vocabulary

REMEMBERED = 256
"""Merged vocabularies that a process keeps; each holds the kinds that its edition adds to."""
_MEMO = "vocabulary"


def workspace_vocabulary() -> Vocabulary | None:
    """Return the vocabulary of the entered workspace, None where none is entered. One query per entrance."""
    memo = workspace_memo()
    if memo is None:
        return None
    if _MEMO not in memo:
        newest = editions().values_list("number", "digest").first()
        memo[_MEMO] = _of(*newest) if newest else shipped_vocabulary()
    found: Vocabulary = memo[_MEMO]
    return found


def forget_vocabulary() -> None:
    """Look up the newest edition again: this transaction has written one."""
    memo = workspace_memo()
    if memo is not None:
        memo.pop(_MEMO, None)


def vocabulary_of(workspace_id: uuid.UUID) -> Vocabulary:
    """Return the vocabulary of a workspace that is not entered: what judges outside of a transaction begins with it."""
    with in_workspace(workspace_id):
        return load_vocabulary()


def vocabulary_at(number: int) -> Vocabulary:
    """Return the vocabulary as of an edition of the entered workspace; 0 is the shipped one. Raises DoesNotExist."""
    if number == 0:
        return shipped_vocabulary()
    in_force = workspace_vocabulary()
    if in_force is not None and in_force.edition == number:
        return in_force
    return _of(number, editions().values_list("digest", flat=True).get(number=number))


def content_in_force() -> Content:
    """Return all that the entered workspace has declared."""
    return editions().values_list("content", flat=True).first() or EMPTY


def editions() -> QuerySet[VocabularyEdition]:
    """Return the editions of the entered workspace, newest first."""
    return VocabularyEdition.objects.filter(workspace_id=current_workspace()).order_by("-number")


def _of(number: int, digest: bytes | memoryview) -> Vocabulary:
    return _merged(current_workspace(), number, bytes(digest))


@lru_cache(maxsize=REMEMBERED)
def _merged(workspace_id: uuid.UUID, number: int, digest: bytes) -> Vocabulary:
    """Merge an edition. By its digest as well: one that was rolled back may have had the same number."""
    content = editions().values_list("content", flat=True).get(number=number)
    return merged(shipped_vocabulary(), content, number)
