"""Write the template of a kind as a workbook: typed columns to fill in, and what each of them means."""

import io

import xlsxwriter

from lineage.inventory.formats.csv_per_kind import OWN_COLUMNS, RELATION, template
from lineage.inventory.kinds.types import Kind

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS = 1_000
"""Rows below the header that offer a choice or a format."""
MEANINGS = "columns"
_NUMBERS = {"int": "0", "double": "General", "timestamp": "yyyy-mm-dd hh:mm:ss"}
_OWN = {
    "uid": "Key of the asset, the same in every source",
    "name": "Name for people",
    "origin": "measured, declared or attested",
    "observed_at": "When it was seen, in UTC",
}
_HOW = {"list(string)": "joined with ;, [] = none", "map": "key=value;key=value", "bool": "TRUE or FALSE"}


def workbook_template(kind: Kind) -> bytes:
    """Return a workbook whose first sheet, named after the kind, has a column per attribute that a source may send."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": _NUMBERS["timestamp"]})
    bold = book.add_format({"bold": True, "bg_color": "#E8E8E8"})
    sheet, meanings = book.add_worksheet(kind.name[:31]), book.add_worksheet(MEANINGS)
    sheet.freeze_panes(1, 1)
    meanings.write_row(0, 0, ("column", "type", "unit", "meaning"), bold)
    meanings.set_column(0, 3, 28)
    for place, column in enumerate(template(kind)):
        type_, unit, meaning = _said(kind, column)
        number = book.add_format({"num_format": _NUMBERS.get(type_, "@")})
        sheet.set_column(place, place, max(12, len(column) + 2), number if type_ != "bool" else None)
        sheet.write_string(0, place, column, bold)
        if type_ == "bool":
            sheet.data_validation(1, place, ROWS, place, {"validate": "list", "source": ["TRUE", "FALSE"]})
        meanings.write_row(place + 1, 0, (column, type_, unit, meaning))
    book.close()
    return file.getvalue()


def _said(kind: Kind, column: str) -> tuple[str, str, str]:
    """Return type, unit and meaning of a column."""
    if column.startswith(RELATION):
        target = kind.relations[column.removeprefix(RELATION)].target
        return "relation", "", f"{target}:uid, several joined with ;, [] = none"
    attribute = kind.attribute(column)
    if column in OWN_COLUMNS or attribute is None:
        return "timestamp" if column == "observed_at" else "string", "", _OWN[column]
    how = _HOW.get(attribute.type)
    return attribute.type, attribute.unit or "", attribute.meaning + (f" ({how})" if how else "")
