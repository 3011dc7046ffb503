"""What ended before the reason was recorded gets it from the change that ended it, and nothing is guessed."""

import importlib
import uuid

import pytest
from django.db import connections

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from tests.audit.findings.estate import customers, found, lake_in, the_finding
from tests.support.cast import Cast

ABROAD, BOUND = lake_in("US"), customers()
FREE = customers(residency_limited=False, allowed_countries=[])
ENDS = {"passed": (lake_in("DE"), BOUND), "not_applicable": (ABROAD, FREE), "retired": (ABROAD,)}


def filled(cast: Cast, **changes: object) -> Finding:
    """Return the finding as the migration leaves it, which runs as the owner, whom row security binds as well."""
    with in_workspace(cast.workspace.pk):
        Finding.objects.filter(pk=the_finding_id(cast)).update(resolution="", **changes)
    migration = importlib.import_module("audit.migrations.0003_resolutions")
    with connections["owner"].schema_editor() as editor:
        migration.fill(None, editor)
    return the_finding(cast)


def the_finding_id(cast: Cast) -> uuid.UUID:
    return uuid.UUID(str(the_finding(cast).pk))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("end", ENDS)
def test_it_is_told_from_the_change(cast: Cast, end: str) -> None:
    found(cast, ABROAD, BOUND)
    found(cast, *ENDS[end])
    assert filled(cast).resolution == end


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_where_the_change_is_gone_nothing_is_guessed_and_nothing_open_is_touched(cast: Cast) -> None:
    found(cast, ABROAD, BOUND)
    assert filled(cast).state == "open"
    assert the_finding(cast).resolution == ""
    first = the_finding(cast)
    found(cast, *ENDS["passed"])
    assert filled(cast, transition=uuid.uuid4()).resolution == ""
    back = found(cast, ABROAD, BOUND)
    assert back is not None
    assert (back.state, back.reopened_after, back.due_at) == ("open", "", first.due_at)
