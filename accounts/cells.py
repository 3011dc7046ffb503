"""How a value stands in a cell of a CSV file that a spreadsheet cannot take for formulas. Plain Python.

Lists, answers and bundles write it, importers read it back, and the offline verifier holds a bundle's CSV against its
JSON by it. Source: OWASP ASVS 5.0.0, 1.2.10.
"""

import datetime
import json

FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(value: object) -> str:
    """Return one cell: text that a spreadsheet would run is marked with a quote; lists are joined with `;`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple) and all(isinstance(member, str) for member in value):
        text = ";".join(value)
    elif isinstance(value, list | tuple | dict):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    else:
        text = str(value)
    text = text.replace("\x00", "")
    return f"'{text}" if text.startswith(FORMULA_START) else text
