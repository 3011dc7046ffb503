"""A real browser for the journeys and the screenshots: Debian's chromium, driven by playwright, asked for nothing else.

`make e2e` installs the package. The arguments keep the browser from speaking to anybody but the page.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Scheme = Literal["light", "dark"]


class NoBrowserError(RuntimeError):
    """There is no chromium on this machine."""


@dataclass(frozen=True)
class Look:
    """How a page is looked at: colour scheme and width in CSS pixels."""

    name: str
    scheme: Scheme
    width: int
    height: int = 900
    touch: bool = False


LOOKS = (
    Look("light", "light", 1440),
    Look("dark", "dark", 1440),
    Look("mobile", "light", 390, 844, touch=True),
    Look("mobile-dark", "dark", 390, 844, touch=True),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's chromium and end it afterwards; NoBrowserError says how to install it."""
    path = shutil.which("chromium")
    if path is None:
        message = "no chromium found on the path; expected Debian's: run `apt-get install chromium`, or `make e2e`"
        raise NoBrowserError(message)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def look_at(browser: Browser, base: str, look: Look) -> Iterator[Page]:
    """A page in a context of its own (no cookies of others), in one scheme and width."""
    context = browser.new_context(
        base_url=base,
        color_scheme=look.scheme,
        viewport={"width": look.width, "height": look.height},
        has_touch=look.touch,
        is_mobile=look.touch,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in(page: Page, email: str, password: str) -> None:
    """Sign in by the form, as a person does."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")
