"""Photograph the page for the documentation, with runs of an invented product.

    python -m tools.screenshots

Needs Chromium (apt-get install chromium). Everything in the pictures is invented; no address of this machine is in them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tools.invented_runs import QUIETLY, Posts
from tools.invented_site import served, site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tools.invented_runs import Stage

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 200_000
"""Bytes of a picture: more is slow to read on a train."""
FAILED = Posts(before=420, after=170, bad_after=0.44, begins=0.2, hostile=True)
GOING = Posts(before=380, after=150, bad_after=0.34, begins=0.05)


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    run: str
    """Empty for the list."""
    width: int
    height: int
    dark: bool = False


def main() -> int:
    """Take all of them."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        print("the page is photographed in a real browser: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as opened:
        failed, going = history(opened.stage)
        with served(opened), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            token = opened.token(name="mira")
            for shot in (Shot("runs", "", 1280, 800), Shot("run", failed, 1280, 1560),
                         Shot("run-dark", going, 1280, 1040, dark=True), Shot("run-phone", failed, 390, 1500)):  # fmt: skip
                take(browser, opened.url, token, shot)
            browser.close()
    return 0


def history(stage: Stage) -> tuple[str, str]:
    """Make some days of runs, and return one that failed and one that is under way."""
    clock = stage.clock
    calm = Posts(before=260, after=120)
    android, ios, web, api = "brimly/android", "brimly/ios", "brimly/web", "brimly/api"

    def run(
        repository: str, release: str, posts: Posts, seed: int, looks: int | None = None, policy: str = QUIETLY
    ) -> str:
        clock.time += timedelta(hours=2, minutes=17 * (seed % 3))
        made = stage.start(posts, repository=repository, release=release, seed=seed, policy=policy)
        stage.watch(made, looks)
        return made

    run(web, "Brimly web 118", calm, 11)
    run(api, "Brimly API 9.3", calm, 12)
    run(ios, "Brimly 4.1.9", Posts(before=260, after=14), 13)
    run(web, "Brimly web 119", Posts(before=260, after=150, bad_after=0.5), 14)
    run(web, "Brimly web 120", calm, 15)
    held = run(android, "Brimly 4.1.9", calm, 16, looks=9)
    stage.runs.reject(held, "jonas", "payment provider is down; not ours, but wait")
    stopped = run(ios, "Brimly 4.2 beta", calm, 17, looks=4)
    stage.runs.cancel(stopped, "mira", "wrong build number")
    run(api, "Brimly API 9.4", Posts(before=260, after=120, silent="connection refused"), 18)
    run(ios, "Brimly 4.2", calm, 19)
    failed = run(android, "Brimly 4.2", FAILED, 24, policy=QUIETLY.replace("keep_text: false", "keep_text: true"))
    run(web, "Brimly web 121", calm, 21)
    going = run(web, "Brimly web 122", GOING, 22, looks=19)
    return failed, going


def take(browser: Browser, url: str, token: str, shot: Shot) -> None:
    """Take one picture."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme="dark" if shot.dark else "light"
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(url + "/")
    if shot.run:
        page.goto(f"{url}/runs/{shot.run}")
        page.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")
    file = IMAGES / f"{shot.name}.png"
    page.screenshot(path=file, animations="disabled", caret="hide")
    context.close()
    size = file.stat().st_size
    if size > LARGEST:
        message = f"{file.name} has {size:,} bytes; make the window smaller"
        raise ValueError(message)
    print(f"{file.relative_to(IMAGES.parent.parent)}: {size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
