"""Check digits of bank accounts, payment cards and identity numbers. Plain Python: digits and capitals in, a bool out.

Sources: ISO 13616 (IBAN) with ISO 7064, ISO/IEC 7812 (cards), and the published rules of each register.
"""

from collections.abc import Iterable

_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 "
    "PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
    "UA29 VA22 VG24 XK20 YE30"
)
IBAN_LENGTHS = {each[:2]: int(each[2:]) for each in _LENGTHS.split()}


def iban_length(text: str) -> int:
    """Return how many characters at the beginning of a text are an IBAN, spaces included; 0 = none is there."""
    wanted = IBAN_LENGTHS.get(text[:2].upper(), 0)
    bare = ""
    for index, character in enumerate(text):
        if character != " ":
            bare += character.upper()
        if len(bare) == wanted:
            alone = not text[index + 1 : index + 2].isalnum()
            return index + 1 if alone and _mod_97(bare[4:] + bare[:4]) == 1 else 0
    return 0


def _mod_97(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97


def luhn(digits: str) -> bool:
    """Tell whether the last digit is that of ISO/IEC 7812 (Luhn)."""
    total = sum(int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10))
                for place, digit in enumerate(reversed(digits)))  # fmt: skip
    return total % 10 == 0


# Issuers by first digits and lengths: without them a tenth of all long numbers would pass.
_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({16, 19})),
    (51, 55, frozenset({16})),
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14})),
    (36, 36, frozenset({14})),
    (38, 39, frozenset({14})),
    (3528, 3589, frozenset({16})),
    (6011, 6011, frozenset({16, 19})),
    (644, 659, frozenset({16, 19})),
    (62, 62, frozenset({16, 17, 18, 19})),
    (6759, 6763, frozenset({13, 16, 18, 19})),
)


def is_payment_card(digits: str) -> bool:
    """Tell whether this is the number of a card: an issuer's first digits and length, and Luhn."""
    known = any(
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths for first, last, lengths in _ISSUERS
    )
    return known and len(set(digits)) > 1 and luhn(digits)


def _weighted(digits: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_date(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def is_german(digits: str) -> bool:
    """Tax id: of the first ten digits one comes two or three times and no other again; ISO 7064 mod 11, 10."""
    times = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if times[-1] not in (2, 3) or times[-2:-1] != [1]:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_polish(digits: str) -> bool:
    """PESEL: a date whose month says the century; weights 1 3 7 9."""
    month = int(digits[2:4]) % 20
    weighted = _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1))
    return 1 <= month <= 12 and 1 <= int(digits[4:6]) <= 31 and weighted % 10 == 0


def is_norwegian(digits: str) -> bool:
    """Birth number: day, month, year, and two check digits modulo 11."""
    first = _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return _is_date(digits[2:4], digits[:2]) and first % 11 == 0 and second % 11 == 0


def is_belgian(digits: str) -> bool:
    """National number: year, month, day, and 97 minus the rest; from 2000 on with a 2 in front."""
    check = int(digits[9:])
    return _is_date(digits[2:4], digits[4:6]) and check in (
        97 - int(century + digits[:9]) % 97 for century in ("", "2")
    )


def is_spanish(text: str) -> bool:
    """DNI or NIE: the letter is the number modulo 23."""
    number = int(text[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == text[-1]


def is_french(text: str) -> bool:
    """NIR: sex, year, month, department; 97 minus the rest. Corsica counts as 19 and 18."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    month = int(text[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42) and int(text[13:]) == 97 - int(number) % 97


_DIGITS_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_LETTERS_ODD = (*_DIGITS_ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_DIGITS_ODD, *_LETTERS_ODD), strict=True))


def is_italian(text: str) -> bool:
    """Codice fiscale: the last letter is a weighted sum modulo 26."""
    total = sum(
        _ODD[character] if place % 2 == 0 else int(character) if character.isdigit() else ord(character) - ord("A")
        for place, character in enumerate(text[:15])
    )
    return chr(ord("A") + total % 26) == text[15]


def is_finnish(text: str) -> bool:
    """Personal identity code with its sign: day, month, year, number; the rest modulo 31."""
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31]
    return _is_date(text[2:4], text[:2]) and check == text[10]


def is_dated_luhn(digits: str) -> bool:
    """Swedish personal number of ten digits: year, month, day (60 more for coordination numbers), Luhn."""
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) % 60 <= 31 and luhn(digits)


def is_swiss(digits: str) -> bool:
    """AHV number: as EAN-13, after 756."""
    return _weighted(digits, (1, 3) * 7) % 10 == 0


def is_brazilian(digits: str) -> bool:
    """CPF: two check digits modulo 11; not one digit eleven times."""
    first = _weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def is_chinese(text: str) -> bool:
    """Resident identity number: region, date, number; ISO 7064 mod 11, 2."""
    check = "10X98765432"[_weighted(text[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11]
    return text[6:8] in ("19", "20") and _is_date(text[10:12], text[12:14]) and check == text[17]
