"""Skills: what grids, rows and certificates tell of persons without their names, and what they leave unknown."""

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.persons import Pseudonyms
from lineage.inventory.formats.skill_levels import scale_in
from lineage.inventory.receive import prepare, record
from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, ours, read, verdict
from tests.support.cast import Cast

CERTIFICATES, GRID, ROWS = ours("skills")
OF = Pseudonyms("").of
ONE, TWO, THREE, FOUR = (OF(f"Member {name}") for name in ("One", "Two", "Three", "Four"))


def told(text: str) -> dict[str, dict[str, object]]:
    return by_key(list(prepare(text.encode(), source="hr", format_name="skills").reading.rows()))


def test_a_grid_tells_levels_on_our_scale_and_keeps_what_was_given() -> None:
    found = by_key(read(GRID)[0])
    assert found[f"skill_holding:{ONE}/Python"] == {
        "name": "Python",
        "skill_code": "Python",
        "level": 5,
        "labels": {"given": "4 of 0-5"},
        "assessed_at": "2026-09-01T00:00:00Z",
        "assessor": TWO,
        "rel:holder": [f"person:{ONE}"],
        "rel:requirement": ["role_requirement:skill/data/Python"],
    }
    assert found[f"skill_holding:{ONE}/Networks"]["level"] == 4  # its own scale stands in its header
    assert found[f"person:{ONE}"] == {"rel:team": ["team:data"]}


def test_a_blank_cell_is_unknown_and_zero_is_no_level() -> None:
    found = by_key(read(GRID)[0])
    assert f"skill_holding:{ONE}/Accelerator clusters" not in found
    assert found[f"skill_holding:{TWO}/Python"]["level"] is None  # no longer known, also where it was before
    assert found["role_requirement:skill/data/Python"]["rel:holders"] == [f"person:{ONE}"]


def test_what_is_needed_holds_for_each_team_beside_the_best_that_was_found() -> None:
    found = by_key(read(GRID)[0])
    assert found["role_requirement:skill/data/Python"] == {
        "name": "Python in data",
        "subtype": "skill",
        "skill_code": "Python",
        "required_level": 4,
        "assessed_level": 5,
        "assessed_at": "2026-09-01T00:00:00Z",
        "assessor": TWO,
        "assessed_person": ONE,
        "rel:team": ["team:data"],
        "rel:holders": [f"person:{ONE}"],
    }
    assert found["role_requirement:skill/network/Networks"]["required_level"] == 4
    assert "role_requirement:skill/Python" not in found


def test_a_level_that_has_expired_is_unknown_again() -> None:
    found = by_key(read(ROWS)[0])
    holding = found[f"skill_holding:{FOUR}/Model operations"]
    assert (holding["level"], holding["expires_at"]) == (None, "2021-01-01T00:00:00Z")
    need = found["role_requirement:skill/mlops/Model operations"]
    assert (need["required_level"], need["assessed_level"]) == (4, 5)
    assert need["rel:holders"] == [f"person:{OF('member.one@example.test')}"]
    assert "assessed_level" not in found["role_requirement:skill/mlops/Incident response"]


def test_a_certificate_ends_with_its_last_valid_holder() -> None:
    found = by_key(read(CERTIFICATES)[0])
    assert found["role_requirement:certificate/data/Security auditor"] == {
        "name": "Security auditor in data",
        "subtype": "certificate",
        "skill_code": "Security auditor",
        "mandatory": True,
        "expires_at": "2029-05-01T00:00:00Z",
        "rel:team": ["team:data"],
        "rel:holders": [f"person:{ONE}"],
    }
    assert "level" not in found[f"skill_holding:{ONE}/Security auditor"]


def test_no_name_is_kept() -> None:
    for sample in (GRID, ROWS, CERTIFICATES):
        _, _, prepared = read(sample)
        assert b"member" not in prepared.body.lower()
        assert prepared.redactions[0]["rule"] == "pseudonymous_persons"


def test_a_line_that_cannot_be_used_shows_no_name_and_costs_no_other() -> None:
    text = "person,skill,level (0-5),expires\nMember One,Go,Member Two,\nMember One,Go\nMember One,Go,3,Member Two\n"
    prepared = prepare(text.encode(), source="hr")
    assert [(each.line, each.field) for each in prepared.rejected] == [(2, "Go"), (3, ""), (4, "expires")]
    assert "Member" not in " ".join(each.message for each in prepared.rejected)
    assert b"Member" not in prepared.body
    assert by_key(list(prepared.reading.rows()))[f"skill_holding:{ONE}/Go"]["level"] == 4


@pytest.mark.parametrize(
    "text", ["person,Python,Go\nMember One,3,\n", "person,skill,level\nMember One,Go,3\n"], ids=["grid", "rows"]
)
def test_a_scale_that_is_not_stated_is_asked_for(text: str) -> None:
    with pytest.raises(InventoryRefused, match="scale that is not stated") as refused:
        prepare(text.encode(), source="hr")
    assert refused.value.code == "scale_unknown"


def test_a_column_may_state_the_scale_of_each_row() -> None:
    found = told("person,skill,level,scale\nMember One,Go,5,1-5\nMember One,C,5,1-10\nMember One,D,5,\n")
    assert [found[f"skill_holding:{ONE}/{code}"]["level"] for code in ("Go", "C")] == [7, 3]
    assert f"skill_holding:{ONE}/D" not in found


@pytest.mark.parametrize(
    ("stated", "cell", "level"),
    [
        ("(0-5)", "0", 0),
        ("(0-5)", "1", 1),
        ("(0-5)", "3", 4),
        ("(0-5)", "5", 7),
        ("(0-5)", "6", None),
        ("(1-10)", "0", None),
        ("(1-10)", "4", 3),
        ("(scale 1 to 10)", "10", 7),
        ("(1-7)", "6", 6),
        ("(1-7)", "expert", None),
    ],
)
def test_levels_are_brought_to_our_scale_and_rounded_down(stated: str, cell: str, level: int | None) -> None:
    name, scale = scale_in(f"Python {stated}")
    assert (name, scale and scale.level(cell)) == ("Python", level)


def test_a_person_has_one_pseudonym_in_a_workspace_and_another_elsewhere() -> None:
    assert OF("member  ONE ") == ONE
    assert Pseudonyms("other").of("Member One") != ONE


@pytest.mark.django_db
def test_persons_named_by_no_workspace_are_not_recorded(cast: Cast) -> None:
    prepared = prepare(GRID.read_bytes(), source="hr")
    with in_workspace(cast.workspace.pk), pytest.raises(AssertionError, match="another key"):
        record(prepared, "command")


@pytest.mark.django_db
def test_skills_and_certificates_are_unknown_until_the_matrix_is_imported(cast: Cast) -> None:
    where = cast.workspace.pk
    skill, certificate = "role_requirement:skill/data/Python", "role_requirement:certificate/data/Security auditor"
    import_rows(
        where,
        {
            "kind": "role_requirement",
            "uid": "skill/data/Python",
            "attributes": {"subtype": "skill", "required_level": 4},
        },
        {
            "kind": "role_requirement",
            "uid": "certificate/data/Security auditor",
            "attributes": {"subtype": "certificate", "mandatory": True},
        },
    )
    wanted = ((skill, "SKL-03"), (skill, "SKL-04"), (certificate, "SKL-10"))
    assert [verdict(where, *each) for each in wanted] == ["unknown"] * 3
    import_file(where, GRID.read_bytes())
    import_file(where, CERTIFICATES.read_bytes(), source="certificates")
    assert [verdict(where, *each) for each in wanted] == ["pass"] * 3
