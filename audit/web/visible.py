"""Show what cannot be seen: in pages, the control characters of names from outside stand as escapes such as \\u202e.

A name with U+202E reads backwards ("gnp.exe" as "exe.png") and pulls the words after it along. Only pages are changed:
the API and CSV give names as they were sent.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_LINES = "\t\n\r"
_UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
_JOINER = f"(?<![^\x00-\u024f\u2000-\u206f{_UNSEEN}])[\u200c\u200d]"
"""The two joiners belong to Persian, to Indian scripts and to emoji; behind a Latin letter they only hide."""
_CONTROL = re.compile(f"[{_UNSEEN}]|{_JOINER}")
_CONTROL_OR_LINE = re.compile(f"[{_LINES}{_UNSEEN}]|{_JOINER}")
_IN_PAGE = re.compile(f'(value="[^"]*"|<textarea.*?</textarea>)|[{_UNSEEN}]|{_JOINER}', re.S)
"""A control character in a page, but not in what its forms send back: that must come back as it was."""


def visible(text: object) -> str:
    """Return the text with control characters, tabs and line breaks as escapes.

    >>> visible("gnp.exe" + chr(0x202E))
    'gnp.exe\\\\u202e'
    """
    return _CONTROL_OR_LINE.sub(lambda found: _escape(found[0]), str(text))


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"


class VisibleControls:
    """Middleware that lets no control character into a page, whichever template wrote it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a page that holds none is passed on as it is, and so is a stream."""
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith("text/html"):
            page = response.content.decode()
            if _CONTROL.search(page):
                response.content = _IN_PAGE.sub(lambda found: found[1] or _escape(found[0]), page)
        return response
