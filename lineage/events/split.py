"""Cut a batch into the bytes of its members, exactly as they stand in it; each is judged afterwards, by itself.

An array of valid members is cut by the JSON reader. Where that stumbles over one member (bytes that are no UTF-8, a
nesting that exhausts it, a literal that JSON has not), brackets and quotes alone still say where each member ends: the
bad one is then refused by itself, and its neighbours are kept.
"""

import json
import re
from collections.abc import Iterator, Sequence

from lineage.events.errors import EventRefused


def split_array(raw: bytes) -> Sequence[bytes]:
    """Return the members of a JSON array. Raises EventRefused where `raw` is no array."""
    try:
        return list(_members(raw.decode()))
    except (ValueError, RecursionError) as error:
        try:
            return list(_members_by_brackets(raw))
        except ValueError:
            raise _refused(error) from None


def _members(text: str) -> Iterator[bytes]:
    """Yield the members; raises ValueError where the text is no array, RecursionError where it is too deep to read."""
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise ValueError("it does not begin with [")
    position = _skip(text, position + 1)
    closed = text[position : position + 1] == "]"
    while not closed:
        start = position
        _, position = _SCANNER.raw_decode(text, start)
        yield text[start:position].encode()
        position = _skip(text, position)
        closed = text[position : position + 1] == "]"
        if not closed and text[position : position + 1] != ",":
            raise ValueError(f"no comma at character {position}")
        if not closed:
            position = _skip(text, position + 1)
    if _skip(text, position + 1) != len(text):
        raise ValueError(f"text after its end, at character {position + 1}")


_SCANNER = json.JSONDecoder(parse_int=str, parse_float=str)  # finds where members end; their values are not used
_SPACE = " \t\r\n"


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


# A whole string, runs of brackets, or a comma; a quote that begins no whole string. No two repetitions can match the
# same bytes, and none gives back what it took: the time is linear.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]++|[\]}]++|,|"', re.DOTALL)
_ONE_VALUE = re.compile(rb'\s*+(?:[\[{].*[\]}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s\[\]{}",]++)\s*+', re.DOTALL)


def _members_by_brackets(raw: bytes) -> Iterator[bytes]:
    """Yield the members by brackets and quotes alone; raises ValueError where these leave a doubt.

    1. Depth 1 is the array itself: a comma there, and its end, end a member.
    2. At depth 1 a member opens one bracket at most: two values without a comma are no member, lest indices shift.
    """
    content = raw.strip()
    if content[:1] != b"[" or content[-1:] != b"]":
        raise ValueError("no array")
    depth, start, opened = 1, 1, 0
    for token in _TOKEN.finditer(content, 1):
        first, length = token[0][:1], len(token[0])
        if first in b"[{":
            opened += depth == 1  # 2
            depth += length
        elif first in b"]}":
            depth -= length
            if depth < 0 or (depth == 0 and token.end() != len(content)):
                raise ValueError("a bracket too many")
        elif first == b'"' and length == 1:
            raise ValueError("a text without end")
        if depth == 0 or (depth == 1 and first == b","):  # 1
            end = len(content) - 1 if depth == 0 else token.start()
            yield _one(content[start:end], opened)
            start, opened = token.end(), 0
    if depth:
        raise ValueError("no end")


def _one(member: bytes, opened: int) -> bytes:
    if opened > 1 or not _ONE_VALUE.fullmatch(member):
        raise ValueError("no single value")
    return member.strip()


def _refused(error: Exception) -> EventRefused:
    if isinstance(error, RecursionError):
        return EventRefused("Got a body nested too deeply, expected at most 64 levels.", code="json_depth")
    if isinstance(error, UnicodeDecodeError):
        return _no_array(f"a byte that is not UTF-8 at position {error.start}")
    return _no_array(str(error))


def _no_array(got: str) -> EventRefused:
    return EventRefused(f"Got malformed JSON ({got}), expected an array of events.", code="json_malformed")
