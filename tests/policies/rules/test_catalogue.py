"""Every shared control is a rule of the language."""

from tests.policies.rules.catalogue import compiled_controls, controls


def test_every_shared_control_compiles() -> None:
    checks = controls()
    assert len(checks) >= 207
    assert sum(check.condition is not None for check in checks.values()) == 207
    assert compiled_controls().keys() == checks.keys()


def test_what_a_check_depends_on_is_told_by_stored_names() -> None:
    checks = compiled_controls()
    uses = checks["SEC-05"].uses
    assert uses.relations == {"runs_on"}
    assert "oldest_critical_vuln_at" in uses.attributes
    assert "oldest_critical_vuln_days" not in uses.attributes
    assert "oldest_critical_vuln_none" in uses.members["node"]
    assert uses.time
    assert checks["SOV-16"].uses.lineage == {"downstream_count", "flows_to_countries"}
    assert not checks["SOV-04"].uses.time
