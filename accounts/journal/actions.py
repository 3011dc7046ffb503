"""The closed vocabulary of audit actions: one that is not listed here cannot be written to the journal.

`<app>:<thing>:<past tense>`. A new action is a new member; none is ever renamed or removed, because statements that
carry it must stay readable for years.
"""

from enum import StrEnum


class Action(StrEnum):
    """What a statement says was done."""

    WORKSPACE_CREATED = "accounts:workspace:created"
    MEMBER_ADDED = "accounts:member:added"
    MEMBER_CHANGED = "accounts:member:changed"
    MEMBER_REMOVED = "accounts:member:removed"
    TOKEN_CREATED = "accounts:token:created"  # noqa: S105 - the name of an action, not a secret
    TOKEN_REVOKED = "accounts:token:revoked"  # noqa: S105
    ACT_PROPOSED = "accounts:act:proposed"
    ACT_APPROVED = "accounts:act:approved"
    ACT_REJECTED = "accounts:act:rejected"
    ACT_WITHDRAWN = "accounts:act:withdrawn"
    ACT_EXPIRED = "accounts:act:expired"
    HOOK_CREATED = "lineage:hook:created"
    HOOK_REVOKED = "lineage:hook:revoked"
    EVENTS_RECORDED = "lineage:events:recorded"
    EVENTS_PROJECTED = "lineage:events:projected"
    KINDS_DECLARED = "lineage:kinds:declared"
    SOURCE_CHANGED = "lineage:source:changed"
    PULL_CHANGED = "lineage:pull:changed"
    RETIREMENT_ASKED = "lineage:retirement:asked"
    RETIREMENT_ENDED = "lineage:retirement:ended"
    HOLD_PLACED = "lineage:hold:placed"
    HOLD_RELEASED = "lineage:hold:released"
    RETENTION_CHANGED = "lineage:retention:changed"
    RETENTION_ENDED = "lineage:retention:ended"
    EVENTS_DELETED = "lineage:events:deleted"
    CHECKLIST_PUBLISHED = "policies:checklist:published"
    CHECKLIST_EVALUATED = "policies:checklist:evaluated"
    FINDINGS_RAISED = "audit:findings:raised"
    FINDING_CHANGED = "audit:finding:changed"
    TICKETS_CHANGED = "audit:tickets:changed"
    TICKET_ASSIGNED = "audit:ticket:assigned"
    EXPORT_MADE = "audit:export:made"
    SCHEDULE_CHANGED = "audit:schedule:changed"
    QUESTION_ANSWERED = "audit:question:answered"
    WORK_REPLAYED = "accounts:work:replayed"
