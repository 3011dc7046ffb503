"""Collect the models of this app's slices, so that it keeps one label and one migration folder."""

from accounts.approvals.models import GovernedAct
from accounts.journal.models import Statement
from accounts.members.models import ApiToken, Door, Membership, User
from accounts.workspaces.models import DeadLetter, Revision, Work, Workspace

__all__ = [
    "ApiToken",
    "DeadLetter",
    "Door",
    "GovernedAct",
    "Membership",
    "Revision",
    "Statement",
    "User",
    "Work",
    "Workspace",
]
