"""Words that agree with a number, for what answers say of themselves."""


def counted(number: int, one: str, several: str) -> str:
    """Return the number with the words that follow it.

    >>> counted(1, "dataset has", "datasets have"), counted(2000, "dataset has", "datasets have")
    ('1 dataset has', '2,000 datasets have')
    """
    return f"{number:,} {one if number == 1 else several}"
