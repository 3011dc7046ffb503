"""How values stand in the cells of CSV files."""

import pytest

from accounts.cells import csv_text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (1.5, "1.5"),
        ("=1+1", "'=1+1"),
        (["DE", "IE"], "DE;IE"),
        (["=x"], "'=x"),
        ({"b": 1, "a": None}, '{"a": null, "b": 1}'),
    ],
)
def test_values_have_one_form_in_a_cell(value: object, cell: str) -> None:
    assert csv_text(value) == cell
