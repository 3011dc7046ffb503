"""Skills: grids of persons and skills, rows of one skill of one person each, and lists of certificates.

    person (0-5),team,assessed_on,assessor,Python,Networks     person,skill,level (1-7),assessed_on,expires
    required,,,,3,3                                            person,certificate,expires,mandatory
    A. Person,data,2026-09-01,B. Person,4,

The scale is stated in a header or a column `scale`: it is asked for where it is not, and never guessed. A blank cell is
unknown, not zero; a level whose certificate has expired is unknown again. Persons are kept by pseudonyms alone.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.kept_rows import Redaction, keep, read_kept
from lineage.inventory.formats.look import flag, instant
from lineage.inventory.formats.parsed import WORKSPACE, Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.persons import RULE, Pseudonyms
from lineage.inventory.formats.records import Record, delimiter_of, encoding_of, lines_of, records_of
from lineage.inventory.formats.sample import Sample
from lineage.inventory.formats.skill_levels import Scale, scale_in

COLUMNS: Mapping[str, frozenset[str]] = {
    "person": frozenset({"person", "name", "employee", "member", "staff", "colleague"}),
    "team": frozenset({"team", "group", "department"}),
    "skill": frozenset({"skill", "skill code", "competence", "competency"}),
    "certificate": frozenset({"certificate", "certification"}),
    "level": frozenset({"level", "rating", "proficiency"}),
    "required": frozenset({"required", "required level", "target", "target level"}),
    "assessed": frozenset({"assessed", "assessed on", "assessed at", "assessment date"}),
    "assessor": frozenset({"assessor", "assessed by"}),
    "expires": frozenset({"expires", "expires on", "expires at", "expiry", "valid until"}),
    "mandatory": frozenset({"mandatory"}),
    "scale": frozenset({"scale"}),
}
"""What a column is, by its name in small letters with spaces. In a grid every other column is a skill."""
REQUIRED = frozenset({"required", "required level", "target", "target level"})
"""The row of a grid that says what is needed, by its first cell."""


@dataclass
class _Need:
    """What is needed of one skill or certificate in one team, and the best that was found of it."""

    subtype: str
    code: str
    team: str
    place: str
    attributes: dict[str, Any] = field(default_factory=dict)
    holders: dict[str, None] = field(default_factory=dict)
    best: int = 0


class _Skills:
    """A file as it is read: what is found of whom, and what is needed."""

    def __init__(self, header: Sequence[str], parameters: Parameters) -> None:
        named = [scale_in(cell) for cell in header]
        self._names = [name for name, _ in named]
        self._scales = [scale for _, scale in named]
        self._roles = {_role(name): place for place, name in reversed(list(enumerate(self._names))) if _role(name)}
        self._width = len(header)
        self._now = parameters["received_at"]
        self._persons = Pseudonyms(parameters.get(WORKSPACE, ""))
        self._needs: dict[tuple[str, str, str], _Need] = {}
        self.found = Collected("declared")
        self.problems: list[Parsed] = []
        self._check()

    def _check(self) -> None:
        """Refuse what is no table of skills, and one that does not say its scale."""
        roles = self._roles
        self.is_grid = not {"skill", "certificate"} & roles.keys()
        if "person" not in roles or (self.is_grid and not self._skills()):
            raise InventoryRefused(
                f"line 1: got the header {', '.join(self._names)[:200]!r}, expected a column person with skill and "
                "level, with certificate and expires, or with a column per skill (docs/inventories.md).",
                code="csv_header",
            )
        in_rows = [roles[name] for name in ("level", "required") if name in roles][:1]
        levels = self._skills() if self.is_grid else in_rows
        if "scale" in roles or self._scales[roles["person"]] is not None:
            return
        if unstated := [self._names[place] for place in levels if self._scales[place] is None]:
            raise InventoryRefused(
                f"line 1: got levels of {unstated[0]!r} on a scale that is not stated, expected it in a header, such "
                'as "person (0-5)" or "level (1-10)", or in a column scale. Write it there and send the file again.',
                code="scale_unknown",
            )

    def _skills(self) -> list[int]:
        return [place for place, name in enumerate(self._names) if name and not _role(name)]

    def read(self, record: Record) -> None:
        """Read one record; note what of it cannot be used."""
        line, cells = record.line, record.cells
        if record.broken or len(cells) != self._width:
            got = "quotes that do not close" if record.broken else f"{len(cells)} cells"
            self._refuse(line, "", got, f"{self._width} cells, as the header has", "correct the line")
            return
        person = self._cell(cells, "person")
        if self.is_grid:
            for place in self._skills():
                self._level(line, cells, person, self._names[place], place)
        elif code := self._cell(cells, "certificate"):
            self._certificate(line, cells, person, code)
        elif code := self._cell(cells, "skill"):
            self._level(line, cells, person, code, self._roles.get("level"))
        else:
            self._refuse(line, "skill", "nothing", "a skill or certificate", "name it")

    def _level(self, line: int, cells: Sequence[str], person: str, code: str, place: int | None) -> None:
        cell = cells[place].strip() if place is not None else ""
        scale = self._scale(cells, place)
        need = self._need(line, cells, "skill", code)
        if (required := self._required(cells, person, cell)) and scale is not None:
            level = scale.level(required)
            if not level:
                self._refuse(line, code, "no level", f"a level on the scale {scale}", "correct the cell")
            else:
                need.attributes.setdefault("required_level", level)
        if person.lower() in REQUIRED or not cell:
            return
        if not person:
            self._refuse(line, "person", "nothing", "whose skill it is", "name the person")
            return
        level = scale.level(cell) if scale is not None else None
        if level is None:
            self._refuse(
                line, code, "no level", f"a number on the scale {scale or 'that is stated'}", "correct the cell"
            )
            return
        self._hold(line, cells, need, person, level, f"{cell} of {scale}")

    def _certificate(self, line: int, cells: Sequence[str], person: str, code: str) -> None:
        need = self._need(line, cells, "certificate", code)
        if (mandatory := flag(_yes(self._cell(cells, "mandatory")))) is not None:
            need.attributes.setdefault("mandatory", mandatory)
        if not person:
            self._refuse(line, "person", "nothing", "who holds the certificate", "name the person")
            return
        self._hold(line, cells, need, person, None, "")

    def _hold(self, line: int, cells: Sequence[str], need: _Need, person: str, level: int | None, given: str) -> None:
        """Note that a person holds it. A level of 0, or one that has expired, says that no level is known any more."""
        pseudonym, assessor = self._persons.of(person), self._cell(cells, "assessor")
        assessed, expires = (self._instant(line, cells, role) for role in ("assessed", "expires"))
        is_over = expires is not None and expires <= self._now
        said = {
            "assessed_at": assessed,
            "assessor": self._persons.of(assessor) if assessor else None,
            "expires_at": expires,
        }
        self._person(line, cells, pseudonym)
        key = self.found.add(
            f"line {line}",
            "skill_holding",
            f"{pseudonym}/{need.code}",
            name=need.code,
            attributes={"skill_code": need.code, "labels": {"given": given} if given else None, **said},
            relations={"holder": [("person", pseudonym)], "requirement": [("role_requirement", _uid(need))]},
        )
        if level and not is_over:
            self.found.add(f"line {line}", *key, attributes={"level": level})
            if level > need.best:
                need.best = level
                need.attributes |= {"assessed_level": level, "assessed_person": pseudonym}
                need.attributes |= {name: said[name] for name in ("assessed_at", "assessor")}
        elif level is not None:
            self.found.forget(key, "level")
        if not is_over and level != 0:
            need.holders[pseudonym] = None
        if need.subtype == "certificate" and expires is not None:
            need.attributes["expires_at"] = max(expires, need.attributes.get("expires_at", expires))

    def _person(self, line: int, cells: Sequence[str], pseudonym: str) -> None:
        team = self._cell(cells, "team")
        teams = {"team": [("team", team)]} if team else None
        self.found.add(f"line {line}", "person", pseudonym, relations=teams)

    def _need(self, line: int, cells: Sequence[str], subtype: str, code: str) -> _Need:
        team = self._cell(cells, "team")
        made = _Need(subtype, code, team, f"line {line}", {"subtype": subtype, "skill_code": code})
        return self._needs.setdefault((subtype, code, team), made)

    def _required(self, cells: Sequence[str], person: str, cell: str) -> str:
        return cell if self.is_grid and person.lower() in REQUIRED else self._cell(cells, "required")

    def _scale(self, cells: Sequence[str], place: int | None) -> Scale | None:
        places = [self._roles.get("scale"), place, self._roles.get("required"), self._roles["person"]]
        stated = scale_in(cells[places[0]])[1] if places[0] is not None else None
        return stated or next(
            (self._scales[each] for each in places[1:] if each is not None and self._scales[each]), None
        )

    def _instant(self, line: int, cells: Sequence[str], role: str) -> str | None:
        cell = self._cell(cells, role)
        read = instant(cell)
        if cell and read is None:
            self._refuse(line, role, "no date", "a date such as 2026-11-30", "correct the cell")
        return read

    def _cell(self, cells: Sequence[str], role: str) -> str:
        place = self._roles.get(role)
        return cells[place].strip() if place is not None else ""

    def _refuse(self, line: int, field_: str, got: str, expected: str, hint: str) -> None:
        """Note a problem. What was got is described and not shown: it may be a name."""
        self.problems.append(Parsed(line, problems=(Rejected(line, field_[:60], got, expected, hint),)))

    def told(self) -> Iterator[Parsed]:
        """Yield what was found, needs with the required level of all teams where theirs is not stated."""
        for (subtype, code, team), need in self._needs.items():
            of_all = self._needs.get((subtype, code, ""))
            if team and of_all is not None and "required_level" in of_all.attributes:
                need.attributes.setdefault("required_level", of_all.attributes["required_level"])
            if not team and not need.holders and any(key[:2] == (subtype, code) and key[2] for key in self._needs):
                continue  # the row that says what all teams need
            teams, holders = [("team", team)] if team else None, [("person", each) for each in need.holders]
            self.found.add(
                need.place,
                "role_requirement",
                _uid(need),
                name=f"{code} in {team}" if team else code,
                attributes=need.attributes,
                relations={"team": teams, "holders": holders or None},
            )
        yield from self.problems
        yield from self.found.parsed()


def _uid(need: _Need) -> str:
    return "/".join(part for part in (need.subtype, need.team, need.code) if part)


def _yes(cell: str) -> str:
    return {"yes": "true", "no": "false"}.get(cell.lower(), cell)


def _role(name: str) -> str:
    plain = " ".join(name.lower().replace("_", " ").split())
    return next((role for role, names in COLUMNS.items() if plain in names), "")


def _clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[Redaction]]:
    head = body.decode(encoding_of(body), errors="replace").partition("\n")[0]
    records = records_of(lines_of(io.BytesIO(body), encoding_of(body)), delimiter_of(head))
    skills = _Skills(next(records, Record(1, ())).cells, parameters)
    for record in records:
        skills.read(record)
    name, version = RULE
    return keep(skills.told(), parameters, {"rule": name, "version": version, "paths": ["person", "assessor"]})


def _knows(sample: Sample) -> bool:
    named = [scale_in(cell) for cell in sample.header]
    roles = {_role(name) for name, _ in named}
    if "person" not in roles or sample.has_columns("uid"):
        return False
    rows = {"skill", "level"} <= roles or {"certificate", "expires"} <= roles
    return rows or ("skill" not in roles and any(scale is not None for _, scale in named)) or _is_grid(sample, roles)


def _is_grid(sample: Sample, roles: set[str]) -> bool:
    """Tell a grid that states no scale, to ask for it: nothing but small numbers in the columns that are no other."""
    lines = sample.text.splitlines()[1:6]
    places = [place for place, name in enumerate(sample.header) if not _role(name)]
    rows = [record.cells for record in records_of(iter(lines), delimiter_of(sample.text.partition("\n")[0]))]
    cells = [row[place].strip() for row in rows for place in places if place < len(row)]
    return (
        "skill" not in roles and any(cells) and all(not cell or (len(cell) <= 3 and cell.isdigit()) for cell in cells)
    )


FORMAT = Format(
    "skills",
    "skills matrix or list of certificates",
    "spreadsheet",
    _knows,
    read_kept,
    _clean,
    media_type="application/x-ndjson",
    names_persons=True,
    fills={
        "skill_holding": frozenset(
            {"skill_code", "level", "assessed_at", "assessor", "expires_at", "labels", "rel:holder", "rel:requirement"}
        ),
        "person": frozenset({"rel:team"}),
        "role_requirement": frozenset(
            {"subtype", "skill_code", "required_level", "assessed_level", "assessed_at", "assessor", "assessed_person"}
            | {"mandatory", "expires_at", "rel:team", "rel:holders"}
        ),
    },
)
