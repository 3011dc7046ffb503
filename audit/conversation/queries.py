"""Read what was asked: a question belongs to its asker, and nobody else sees that it exists."""

import uuid

from django.db.models import QuerySet

from accounts.paging import Page, page_of
from audit.conversation.models import Question


def questions(asked_by: str) -> QuerySet[Question]:
    """Return the questions of one actor."""
    return Question.objects.filter(asked_by=asked_by)


def question_page(after: str | None, limit: int, asked_by: str) -> Page[Question]:
    """Return one page of an actor's questions, newest first."""
    return page_of(questions(asked_by), ["-id"], after, limit, scope="questions")


def question_of(question_id: uuid.UUID, asked_by: str) -> Question | None:
    """Return a question of this actor; None for one that is not hers or not there."""
    return questions(asked_by).filter(pk=question_id).first()
