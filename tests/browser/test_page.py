"""What a person sees and does on the page, in headless Chromium over a real API server."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.async_api import Browser, Page, expect
from tally.kubectl.resources import CRONJOBS, JOBS
from tally_cluster.settings import Cluster as ControlPlane

from benchmarks import objects
from benchmarks.client import MERGE, Client, at_once
from tests.browser import sample
from tests.browser.conftest import Shop
from tests.browser.sample import Json
from tests.browser.visiting import Visitor, serving, visiting
from tests.unit.runner.kubectl.objects import conditions

EVIL = "<script>window.hacked = 1</script>\"'><img src=x onerror='window.hacked = 2'>"
MANY = 1000
HOUR = timedelta(hours=1)


def path(shop: Shop, name: str) -> str:
    return f"/jobs/{shop.namespace}/{name}"


def row(shop: Shop, name: str) -> str:
    return f'tr[data-key="{shop.namespace} {name}"]'


def job_of(scheduled_job: Json, name: str, **metadata: object) -> Json:
    """Write a Job, or the template of one, that waits for a pod."""
    labels = {"tally.dev/name": scheduled_job["spec"]["name"], "tally.dev/owner": scheduled_job["metadata"]["uid"]}
    container = {"name": "job", "image": "none.invalid/job"}
    pod = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels, **metadata},
        "spec": {"template": pod},
    }


async def test_all_at_a_glance(visitor: Visitor, shop: Shop) -> None:
    for body in sample.shop(datetime.now(UTC)):
        shop.add(body)
    page = await visitor.open()
    limited = page.locator(row(shop, "limited-test"))
    await expect(limited).to_contain_text("2/3")
    await expect(limited.locator(".next time")).to_contain_text("in ")
    await expect(limited.locator(".badge")).to_have_text("Scheduled")
    await expect(limited.get_by_role("img")).to_have_attribute("aria-label", "last 2: 2 succeeded")
    await expect(page.locator(row(shop, "sync-products"))).to_contain_text("Running")
    await expect(page.locator(row(shop, "leap-day"))).to_contain_text("31 February never comes.")
    await expect(page.locator("#day svg rect.scheduled").first).to_be_attached()
    await expect(page.locator("#live-state")).to_have_text("live")
    await page.get_by_role("button", name="Suspended").click()
    await expect(page.locator(row(shop, "price-feed"))).to_be_visible()
    await expect(limited).to_be_hidden()


async def test_changes_come_by_themselves_to_all_tabs(visitor: Visitor, shop: Shop) -> None:
    shop.add(sample.body("middle", "0 0 1 1 *"))
    tabs = [await visitor.open(), await visitor.open(), await visitor.open(path(shop, "middle"))]
    tables, detail = tabs[:2], tabs[2]
    for page in tabs:
        await expect(page.locator("#live-state")).to_have_text("live")
    began = time.monotonic()
    shop.status("middle", phase="Running", executions=7)
    for page in tables:
        await expect(page.locator(row(shop, "middle")).locator(".runs")).to_have_text("7")
    print(f"a change is shown after {time.monotonic() - began:.2f} s")
    await expect(detail.locator(".title .badge")).to_have_text("Running")
    shop.add(sample.body("after", "0 0 1 1 *"))
    own = f'tr[data-key^="{shop.namespace} "] .name'
    for page in tables:
        await expect(page.locator(own)).to_have_text(["after", "middle"])
    shop.delete("middle")
    for page in tables:
        await expect(page.locator(own)).to_have_text(["after"])
    await expect(detail.locator("#trouble")).to_have_text("This ScheduledJob was deleted.")
    visitor.wrong[:] = [each for each in visitor.wrong if "404" not in each]  # of the detail that has gone


async def test_tabs_that_nobody_sees_hold_no_connection(visitor: Visitor, shop: Shop) -> None:
    shop.add(sample.body("seen", "0 0 1 1 *"))
    first = await visitor.open()
    runs = first.locator(row(shop, "seen")).locator(".runs")
    await expect(first.locator("#live-state")).to_have_text("live")
    await hide(first, "true")
    for _ in range(7):  # more than a browser's connections to one server
        page = await visitor.open()
        await expect(page.locator(row(shop, "seen"))).to_be_visible()
        await hide(page, "true")
    shop.status("seen", executions=5)
    page = await visitor.open()
    await expect(page.locator(row(shop, "seen")).locator(".runs")).to_have_text("5")
    await expect(runs).to_have_text("0")
    await hide(first, "false")
    await expect(runs).to_have_text("5")


async def hide(page: Page, hidden: str) -> None:
    """Let a tab believe that nobody sees it."""
    hides = f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}})"
    await page.evaluate(f"{hides}; document.dispatchEvent(new Event('visibilitychange'))")


async def test_what_a_user_writes_is_only_text(visitor: Visitor, shop: Shop) -> None:
    body = sample.body("evil", "0 0 1 1 *", spec={"input": {EVIL: EVIL}})
    body["status"]["conditions"] = conditions("Stalled", reason="InvalidTemplate", message=EVIL)
    body["status"]["recentExecutions"] = [{"scheduledTime": "2026-03-02T11:00:00Z", "outcome": "failed"}]
    last = {"job": "evil-1", "scheduledTime": "2026-03-02T11:00:00Z", "outcome": "failed", "message": EVIL}
    body["status"]["lastExecution"] = {**last, "result": {EVIL: EVIL}}
    shop.add(body)
    table, detail = await visitor.open(), await visitor.open(path(shop, "evil"))
    shop.status("evil", executions=3)  # so that it also comes by the stream
    await expect(table.locator(row(shop, "evil"))).to_contain_text(EVIL)
    await expect(table.locator(row(shop, "evil")).locator(".runs")).to_have_text("3")
    await expect(detail.locator(".tally")).to_have_text("3")
    await expect(detail.locator(".executions .result").first).to_have_text(EVIL)
    await expect(detail.locator(".input")).to_have_text(json.dumps({EVIL: EVIL}))
    for page in (table, detail):
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("main img, main script").count() == 0


async def test_by_keyboard_alone(visitor: Visitor, shop: Shop) -> None:
    for name in ("apples", "pears"):
        shop.add(sample.body(name, "0 0 1 1 *"))
    page = await visitor.open()
    await page.keyboard.press("/")
    await page.keyboard.type(f"{shop.namespace} pears")
    await expect(page.locator(row(shop, "apples"))).to_be_hidden()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{path(shop, 'pears')}")
    await expect(page.locator("#live-state")).to_have_text("live")
    await to(page, "open-switch")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Suspend pears?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert "suspend" not in shop.spec("pears") or shop.spec("pears")["suspend"] is False
    await confirm(page)
    await expect(page.locator("#said")).to_have_text("scheduledjob.tally.dev/pears suspended")
    assert shop.spec("pears")["suspend"] is True
    await expect(page.locator("#open-switch")).to_have_text("Resume…")
    await confirm(page)
    await expect(page.locator("#said")).to_contain_text(re.compile(r"pears resumed; next run \w{3} \d{4}-01-01 00:00"))
    assert shop.spec("pears")["suspend"] is False


async def confirm(page: Page) -> None:
    """Press the button that has the focus, and in the dialog the one after Cancel: a key held down does nothing."""
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("#open-switch")).to_be_focused()


async def to(page: Page, name: str) -> None:
    """Go on by the Tab key until an element has the focus."""
    for _ in range(20):
        if await page.evaluate("document.activeElement.id") == name:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached")


async def test_run_now(visitor: Visitor, shop: Shop) -> None:
    made = shop.add(sample.body("by-hand", "0 0 1 1 *", spec={"input": {"since": "2026"}}))
    template = job_of(made, "by-hand")
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"metadata": {}, "spec": template["spec"]}}
    labels = template["metadata"]["labels"]
    shop.cluster.create(CRONJOBS, shop.namespace, {"metadata": {"name": "by-hand", "labels": labels}, "spec": spec})
    page = await visitor.open(path(shop, "by-hand"))
    await page.get_by_role("button", name="Run now…").click()
    dialog = page.get_by_role("dialog", name="Run by-hand now?")
    given = dialog.get_by_label("Input, as JSON")
    await expect(given).to_have_attribute("placeholder", '{"since": "2026"}')
    await given.fill("{since}")
    await dialog.get_by_role("button", name="Run now").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The input is no JSON")
    assert shop.cluster.list(JOBS, shop.namespace)[0] == []
    await given.fill('{"since": "2025"}')
    await dialog.get_by_role("button", name="Run now").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#said")).to_contain_text("created: a run of by-hand by hand, which does not count")
    (job,) = shop.cluster.list(JOBS, shop.namespace)[0]
    assert job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    assert job["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "TALLY_INPUT", "value": '{"since": "2025"}'}
    ]
    visitor.wrong[:] = [each for each in visitor.wrong if "400" not in each]  # the input that was none


async def test_logs_are_live(visitor: Visitor, shop: Shop) -> None:
    made = shop.add(sample.body("chatty", "0 0 1 1 *"))
    shop.cluster.create(JOBS, shop.namespace, job_of(made, "chatty-by-hand"))
    page = await visitor.open(path(shop, "chatty"))
    await page.get_by_role("button", name="Logs").click()
    logs = page.get_by_role("dialog", name="chatty-by-hand")
    await expect(logs.locator("pre")).to_have_text("· The pod of chatty-by-hand is being made.\n")
    shop.delete("chatty-by-hand", JOBS)
    await expect(logs.locator("pre")).to_contain_text("The Job chatty-by-hand was deleted, and its end is not known.")
    await expect(logs.locator("#logs-state")).to_have_text("ended")
    await logs.get_by_role("button", name="Close").click()
    await expect(logs).to_be_hidden()


async def test_another_site_does_nothing(visitor: Visitor, shop: Shop) -> None:
    shop.add(sample.body("victim", "0 0 1 1 *"))
    page = await visitor.context.new_page()
    target = f"{visitor.origin}{path(shop, 'victim')}/suspend"
    attack = f'<form method="post" action="{target}"><button>win</button></form>'
    await page.route("http://evil.example/", lambda route: route.fulfill(body=attack, content_type="text/html"))
    await page.goto("http://evil.example/")
    async with page.expect_response(target) as answered:
        await page.get_by_role("button").click()
    assert (await answered.value).status == 403
    await expect(page.locator("p")).to_have_text("A page of 'http://evil.example' may ask nothing here.")
    assert shop.spec("victim").get("suspend", False) is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone(chromium: Browser, address: str, shop: Shop, scheme: str) -> None:
    name = f"{scheme}-{'x' * 40}"
    now = datetime.now(UTC)
    memory = sample.recent(now, timedelta(minutes=5), "ssfsssssur", (4, 9))
    shop.add(sample.body(name, "*/15 8-20 * * 1-6", memory, spec={"numberOfExecutions": 12}))
    async with visiting(chromium, address, color_scheme=scheme) as visitor:
        for where in ("/", path(shop, name)):
            page = await visitor.open(where)
            await page.set_viewport_size({"width": 390, "height": 844})
            await expect(page.locator("#jobs a, h1", has_text=name)).to_be_visible()
            await expect(page.locator("figure svg").first).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") == 390
            light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (int(light.removeprefix("rgb(").split(",")[0]) > 128) == (scheme == "light")


async def test_a_thousand_jobs(chromium: Browser, control_plane: ControlPlane, shop: Shop) -> None:
    now = datetime.now(UTC)
    schedules = ("* * * * *", "*/5 * * * *", "15 * * * *", "30 2 * * *")
    bodies = [
        sample.body(f"job-{index:04}", schedules[index % 4], sample.recent(now, HOUR, "sssfssssss", (index % 60,)))
        for index in range(MANY)
    ]
    await add_all(control_plane, shop.namespace, bodies)
    with serving(control_plane.kubeconfig, "--namespace", shop.namespace) as address:
        async with visiting(chromium, address) as visitor:
            first = await visitor.open()
            await expect(first.locator("#rows tr")).to_have_count(MANY)
            painted = await first.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
            tabs = [first, await visitor.open(), await visitor.open()]
            for page in tabs:
                await expect(page.locator("#live-state")).to_have_text("live")
            assert watches(shop) == 1
            began = time.monotonic()
            shop.status("job-0500", executions=99)
            for page in tabs:
                await expect(page.locator(row(shop, "job-0500")).locator(".runs")).to_have_text("99")
            took = time.monotonic() - began
            await expect(first.locator("#day svg")).to_be_visible()
            assert watches(shop) == 1
            print(f"{MANY} jobs: first paint after {painted or 0:.0f} ms, a change in all tabs after {took:.2f} s")


async def add_all(control_plane: ControlPlane, namespace: str, bodies: list[Json]) -> None:
    """Make ScheduledJobs with their statuses, many at a time."""
    path = objects.scheduled_jobs(namespace)
    async with Client(control_plane) as client:

        async def add(body: Json) -> None:
            await client.request("POST", path, {**body, "status": {}})
            status = {"status": body["status"]}
            await client.request("PATCH", f"{path}/{body['metadata']['name']}/status", status, MERGE)

        await at_once([partial(add, body) for body in bodies], lambda _: None)


def watches(shop: Shop) -> int:
    """Ask the API server how many watch the ScheduledJobs of one namespace; the suite's others watch all of them."""
    found = re.findall(
        r'^apiserver_longrunning_requests\{.*resource="scheduledjobs",scope="namespace".*verb="WATCH".*\} (\d+)$',
        shop.kubectl.run("get", "--raw=/metrics"),
        re.MULTILINE,
    )
    return sum(int(each) for each in found)
