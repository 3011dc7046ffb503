"""Every API address tells which methods it takes, whoever asks: no role would help where there is no such method."""

import re
import uuid
from typing import Any

import pytest

from accounts.members.scope import WorkspaceView
from lineage.marquez.api import WRITES, MarquezView
from tests.config.test_openapi import api_views
from tests.support.cast import Cast

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
WHO = ("pipeline", "auditor", "nobody")


def ask(cast: Cast, who: str, method: str, pattern: str) -> Any:
    path = "/" + re.sub(r"<uuid:\w+>", str(uuid.UUID(int=7)), pattern)
    return cast.api[who].generic(method, re.sub(r"<(\w+:)?\w+>", "1", path))


@pytest.mark.parametrize(("pattern", "view"), api_views(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_method_that_an_address_does_not_have_is_answered_so(
    cast: Cast, pattern: str, view: type[WorkspaceView]
) -> None:
    has = {*view.rights, *(["HEAD"] if "GET" in view.rights else [])}
    for method in METHODS:
        for who in WHO:
            answer = ask(cast, who, method, pattern)
            assert (answer.status_code == 405) is (method not in has), f"{method} {pattern} as {who}"
            if method not in has and method != "HEAD":
                assert {named for named in answer["Allow"].split(", ") if named} == has
                error = answer.json()["error"]
                if issubclass(view, MarquezView) and method in WRITES:
                    assert error["code"] == "use_openlineage", "what Marquez wrote is said by events"
                    continue
                assert error["code"] == "method_not_allowed"
                assert all(word in error["message"] for word in (f"got {method}, expected", "See /api/docs/"))


def test_a_method_that_a_role_may_not_use_is_still_refused_by_role(cast: Cast) -> None:
    for who, status in (("auditor", 403), ("nobody", 401)):
        assert ask(cast, who, "POST", "api/v1/lineage").status_code == status
    message = ask(cast, "auditor", "POST", "api/v1/lineage").json()["error"]["message"]
    assert "needs one of the roles admin, engineer, pipeline" in message
