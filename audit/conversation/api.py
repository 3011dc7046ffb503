"""POST /api/v1/questions: `{"text": "/findings severity:critical"}`, or `{"tool", "arguments"}`."""

from typing import Any, TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import AuditlineError
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import object_schema
from audit.conversation.answer import as_json, ask, ask_tool


class NothingAsked(AuditlineError):
    """Neither text nor a tool was given."""

    code = "nothing_asked"


class AnswerBody(TypedDict):
    """An answer; where `grounded` is false the sentence says why and `suggestions` what can be asked."""

    id: str
    grounded: bool
    sentence: str
    plan: dict[str, Any] | None
    suggestions: list[str]
    columns: list[str]
    rows: list[dict[str, Any]]
    total: int
    returned: int
    truncated: bool
    scope: str
    revision: int
    citations: list[dict[str, str]]
    notes: list[str]
    digest: str


class QuestionBody(StrictBody):
    """A question in words, or a tool with arguments."""

    text = serializers.CharField(required=False, max_length=2000)
    tool = serializers.CharField(required=False)
    arguments = serializers.DictField(required=False)
    hint = "A question is answered from what is known now."

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Refuse two questions in one, and arguments of no tool: one of them would be dropped."""
        if asked.get("text") and ("tool" in asked or "arguments" in asked):
            raise serializers.ValidationError({"text": ["Got text with a tool or arguments, expected one of the two."]})
        if "arguments" in asked and not asked.get("tool"):
            raise serializers.ValidationError({"arguments": ["Got arguments of no tool: name it in `tool`."]})
        return asked


class Questions(WorkspaceView):
    """Ask."""

    rights = {"POST": Right.ASK}

    @extend_schema(request=QuestionBody, responses={200: object_schema(AnswerBody)})
    def post(self, request: Request) -> Response:
        """Answer a question from the workspace's evidence."""
        asked = QuestionBody.read(request.data)
        if asked.get("text"):
            return Response(as_json(ask(asked["text"], self.principal)))
        if asked.get("tool"):
            return Response(as_json(ask_tool(asked["tool"], asked.get("arguments", {}), self.principal)))
        raise NothingAsked(
            'Got neither "text" nor "tool". Send {"text": "/findings"} or {"tool": ..., "arguments": {}}.'
        )
