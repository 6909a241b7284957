"""The page as ``gate serve`` serves it: by its own web server, with the worker beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.service.page.conftest import PATIENCE, complains

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.service.running import Service


def test_log_in_and_follow_a_run(chromium: Browser, service: Service) -> None:
    """Log in by the form, find the run in the list, open it, and see it end without a reload; the browser has no complaint."""
    order = {"policy_name": "long", "release": "Brimly 9", "labels": {"repository": "acme/page"}}
    run_id = service.post("/v1/runs", order).json()["id"]
    complaints: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: complaints.append(said.text) if complains(said) else None)
        page.goto(service.url)
        page.get_by_label("Access token").fill(service.issue("page-reader", ["read"], ["acme/page"]))
        page.get_by_role("button", name="Log in", exact=True).click()
        page.get_by_role("link", name="Brimly 9").click()
        page.wait_for_url(f"{service.url}/runs/{run_id}")
        expect(page.locator("#verdict h1")).to_contain_text("WAITING")
        expect(page.locator("#stream")).to_have_text("Live.")
        service.post(f"/v1/runs/{run_id}/reject", {"reason": "orders are lost"})
        expect(page.locator("#verdict h1")).to_contain_text("halt the rollout")
    assert complaints == []
