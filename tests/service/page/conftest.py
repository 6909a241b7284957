"""A real Chromium, one for all tests, and a service of its own for each."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tools.invented_site import Site, served, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Open = Callable[..., Page]

# Nothing of its own to fetch: tests talk to this machine only.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


PATIENCE = 15_000
"""Milliseconds; a busy machine takes its time."""
NOTHING_THERE = "/runs/none"
"""An address that answers 404, of which the browser tells; that is no complaint about a page."""


def complains(said: ConsoleMessage) -> bool:
    """Whether the browser found something wrong."""
    return said.type in {"error", "warning"} and not said.location["url"].endswith(NOTHING_THERE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.fail("the page is tested in a real browser: apt-get install chromium", pytrace=False)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def quiet_site(tmp_path: Path) -> Iterator[Site]:
    """A service without a port."""
    with site(tmp_path) as opened:
        yield opened


@pytest.fixture
def live_site(quiet_site: Site) -> Iterator[Site]:
    """A service on a port."""
    with served(quiet_site) as opened:
        yield opened


@pytest.fixture
def visit(chromium: Browser, live_site: Site) -> Iterator[Open]:
    """Open a page as somebody who has logged in by the form; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "/", *, width: int = 1280, dark: bool = False, token: str | None = None) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: complaints.append(said.text) if complains(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.goto(live_site.url + path)
        page.get_by_label("Access token").fill(token or live_site.token(name=f"ann-{len(contexts)}"))
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url(live_site.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
