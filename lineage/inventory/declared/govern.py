"""Declaring kinds and attributes, and retiring attributes, as a governed act: it decides what sources may say."""

from rest_framework import serializers

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, Kind, Payload
from accounts.approvals.models import GovernedAct
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.encode import hexdigest
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.declared.models import VocabularyEdition
from lineage.inventory.declared.queries import content_in_force, editions, forget_vocabulary, workspace_vocabulary
from lineage.inventory.kinds.declared import LONGEST_MEANING, LONGEST_NAME, MOST_NAMES, TYPES, extended, problems_of
from lineage.inventory.kinds.load import load_vocabulary


class AttributeBody(StrictBody):
    """One attribute."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    type = serializers.ChoiceField(choices=TYPES)
    unit = serializers.CharField(required=False, allow_null=True, default=None)
    meaning = serializers.CharField(max_length=LONGEST_MEANING)


class RelationBody(StrictBody):
    """One relation to a kind; its inverse names the same edges as seen from there."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    target = serializers.CharField(max_length=LONGEST_NAME)
    inverse = serializers.CharField(required=False, allow_null=True, default=None, max_length=LONGEST_NAME)


class DeclarationBody(StrictBody):
    """What is added to a kind, shipped or new (then with its meaning), and which attributes are retired."""

    kind = serializers.CharField(max_length=LONGEST_NAME)
    meaning = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_MEANING)
    attributes = AttributeBody(many=True, required=False, default=list)
    relations = RelationBody(many=True, required=False, default=list)
    retire = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_NAME), required=False, default=list, max_length=MOST_NAMES
    )


def _effect(payload: Payload) -> str:
    """Say what would hold; raise ActRefused with every reason against it."""
    vocabulary = load_vocabulary()
    if problems := problems_of(vocabulary, payload):
        raise ActRefused(" ".join([*problems, "Nothing was declared."]))
    kind, said = str(payload["kind"]), []
    if kind not in vocabulary.kinds:
        said.append(f"Declare the kind {kind}: {str(payload['meaning']).strip()}.")
    for each in payload["attributes"]:
        unit = f", {each['unit']}" if each["unit"] else ""
        said.append(f"{kind} gets the attribute {each['name']} ({each['type']}{unit}): {each['meaning'].strip()}.")
    for each in payload["relations"]:
        back = f", seen from there as {each['inverse']}" if each["inverse"] else ""
        said.append(f"{kind} gets the relation {each['name']} to {each['target']}{back}.")
    if payload["retire"]:
        said.append(
            f"Sources may no longer send {', '.join(payload['retire'])} of {kind}; what was said before stays readable."
        )
    return " ".join(said) + " It holds from then on, without a restart; types cannot be changed and nothing removed."


def _declare(act: GovernedAct) -> None:
    """Write the edition that follows from the act.

    The revision is taken first: under the lock that comes with it no other edition can come between.
    """
    revision = next_revision("kinds")
    forget_vocabulary()
    _effect(act.payload)
    content = extended(content_in_force(), act.payload)
    number = 1 + (editions().values_list("number", flat=True).first() or 0)
    digest = hexdigest(content)
    VocabularyEdition.objects.create(
        workspace_id=current_workspace(),
        number=number,
        content=content,
        digest=bytes.fromhex(digest),
        act=act,
        declared_by=act.decided_by,
        revision=revision,
    )
    body = {"edition": number, "act": str(act.pk), "content": digest, "kind": act.payload["kind"], "revision": revision}
    append(Action.KINDS_DECLARED, body, actor=act.decided_by)
    forget_vocabulary()
    workspace_vocabulary()  # what cannot be merged is not approved


KINDS = (
    Kind(
        ActKind.KINDS_DECLARE,
        title="Declare kinds and attributes",
        payload=DeclarationBody,
        proposes=Right.DECLARE_KINDS,
        effect=_effect,
        put_in_force=_declare,
    ),
)
