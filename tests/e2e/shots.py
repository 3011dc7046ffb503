"""Screenshots of pages, to be looked at by a person: light, dark and narrow.

    python -m tests.e2e.shots --base http://127.0.0.1:8000 --out var/shots \
        --email E --password-file F /w/demo/ /w/demo/findings/

Ends with 1 if a page answered with an error, wrote to the console, broke the content security policy, or is wider
than the window (a page must never scroll sideways as a whole; tables scroll inside their own frame).
"""

import argparse
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.e2e.browser import LOOKS, Look, chromium, look_at, sign_in

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def file_name(path: str) -> str:
    """A page's path as the stem of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


def shoot(page: Page, path: str, target: Path, *, whole: bool) -> list[str]:
    """Open one page, save its picture, and return what is wrong with it (empty = nothing)."""
    said: list[str] = []

    def hear(message: object) -> None:
        said.append(f"console: {getattr(message, 'text', message)}")

    page.on("console", hear)
    page.on("pageerror", hear)
    answer = page.goto(path, wait_until="load")
    page.wait_for_timeout(150)
    if whole:
        # Not full_page: it paints a touch screen's page as if for a mouse.
        width = page.viewport_size["width"] if page.viewport_size else 1440
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.screenshot(path=str(target))
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", hear)
    if answer is None or answer.status >= 500:
        said.append(f"status {answer.status if answer else 'none'}")
    if (over := page.evaluate(SIDEWAYS)) > 0:
        said.append(f"{over} px wider than the window")
    return said


def shoot_all(browser: Browser, options: argparse.Namespace, look: Look) -> int:
    """All paths in one look; the number of complaints, each printed."""
    complaints = 0
    with look_at(browser, options.base, look) as page:
        if options.email:
            sign_in(page, options.email, Path(options.password_file).read_text().strip())
        for path in options.paths:
            page.set_viewport_size({"width": look.width, "height": look.height})
            target = Path(options.out) / f"{file_name(path)}.{look.name}.png"
            for line in shoot(page, path, target, whole=not options.fold):
                complaints += 1
                sys.stderr.write(f"{look.name} {path}: {line}\n")
    return complaints


def main() -> int:
    """Read the command line, shoot, and say how many complaints there were."""
    parser = argparse.ArgumentParser(description="Screenshots of pages in light, dark and narrow")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--out", default="var/shots")
    parser.add_argument("--email", default="")
    parser.add_argument("--password-file", default="")
    parser.add_argument("--look", action="append", choices=[look.name for look in LOOKS], help="default: all")
    parser.add_argument("--fold", action="store_true", help="only what the window shows, not the whole page")
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        wanted = [look for look in LOOKS if not options.look or look.name in options.look]
        complaints = sum(shoot_all(browser, options, look) for look in wanted)
    sys.stderr.write(f"{len(options.paths)} pages, {complaints} complaints\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
