"""The page of `kubectl tally ui` over a run on a real node: from its pod's being made to its end."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.visiting import browsing, serving, visiting
from tests.conftest import JOBS_IMAGE
from tests.e2e.kube import Kubectl, scheduled_job
from tests.e2e.waiting import eventually

NEVER = "0 0 29 2 *"  # not while the suite runs
POD_MILLISECONDS = 60_000.0  # until a pod runs on a busy node, or has ended


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A browser."""
    async with browsing() as browser:
        yield browser


async def test_a_run_by_hand_is_followed_from_its_pod_to_its_end(window: Kubectl, chromium: Browser) -> None:
    window.apply(scheduled_job("by-page", schedule=NEVER, numberOfExecutions=2, image=JOBS_IMAGE))
    eventually(lambda: window.get("cronjob", "by-page"), 20, "there is a CronJob")
    with serving(window.cluster.kubeconfig, "--namespace", window.namespace) as address:
        async with visiting(chromium, address) as visitor:
            page = await visitor.open(f"/jobs/{window.namespace}/by-page")
            await page.get_by_role("button", name="Run now…").click()
            dialog = page.get_by_role("dialog", name="Run by-page now?")
            await dialog.get_by_label("Input, as JSON").fill('{"seconds": 10}')
            await dialog.get_by_role("button", name="Run now").click()
            await expect(page.locator("#said")).to_contain_text(
                "created: a run of by-page by hand, which does not count"
            )
            await page.get_by_role("button", name="Logs").click()
            logs = page.get_by_role("dialog", name="by-page")
            text, state = logs.locator("pre"), logs.locator("#logs-state")
            await expect(text).to_contain_text("· The pod of by-page")
            await expect(text).to_contain_text("it begins", timeout=POD_MILLISECONDS)
            assert await state.text_content() == "following"
            assert "it is over" not in str(await text.text_content())
            await expect(text).to_contain_text("it is over", timeout=POD_MILLISECONDS)
            await expect(state).to_have_text("ended", timeout=POD_MILLISECONDS)
            await expect(text).to_contain_text("· The run succeeded.")
            await logs.get_by_role("button", name="Close").click()
            run = page.locator(".executions tbody tr").first
            await expect(run).to_contain_text("succeeded")
            await expect(run.locator(".result")).to_have_text('{"waited": 10}')
            await expect(page.locator(".tally")).to_have_text("0/2")
