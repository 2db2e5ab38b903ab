"""The page's server, over a cluster that answers from memory: whom it lets in, what it tells, what it does."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from tally.kubectl.errors import ClusterError
from tally.kubectl.following import Chosen
from tally.kubectl.resources import Json
from tally.kubectl.ui import following, logs
from tally.kubectl.ui.server import served

from tests.unit.runner.kubectl.objects import NOON, body, conditions, job, pod, recent, terminated
from tests.unit.runner.kubectl.ui.answering import Answering

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
GETS = [
    "/",
    "/day",
    "/events",
    "/static/page.js",
    "/jobs/shop/sync-products",
    "/jobs/shop/sync-products/detail",
    "/jobs/shop/sync-products/logs/sync-products-1",
    "/nothing",
]
POSTS = [f"/jobs/shop/sync-products/{what}" for what in ("trigger", "suspend", "resume")]
HERE = "http://{host}"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Somebody at the page.

    Args:
        cluster: Which the page is over.
        address: What was printed.
        session: Of one who has not entered yet.
    """

    cluster: Answering
    address: str
    session: aiohttp.ClientSession

    @property
    def origin(self) -> str:
        return self.address.split("/?")[0]

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.address).query)["token"][0]

    async def enter(self) -> "Visit":
        async with self.session.get(self.address) as answer:
            assert (answer.status, str(answer.url)) == (200, f"{self.origin}/")
        return self

    async def ask(self, method: str, path: str, **headers: str) -> aiohttp.ClientResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.session.request(method, f"{self.origin}{path}", headers=given, allow_redirects=False)
        if answer.content_type != "text/event-stream":
            await answer.read()
        return answer

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        origin = {"Origin": self.origin}
        async with self.session.post(f"{self.origin}{path}", data=fields, headers=origin) as answer:
            return answer.status, await answer.text()


def shop() -> Answering:
    """A shop with one run that has ended and one that goes on."""
    slot = NOON.replace(second=0)
    status = {
        "phase": "Scheduled",
        "conditions": conditions("Ready"),
        "recentExecutions": recent("failed", "succeeded"),
    }
    ran = job(slot)
    returned = pod(ran, state=terminated(0, json.dumps({"outcome": "succeeded", "result": {"processed": 3}})))
    return Answering([body(status=status)], [ran], [returned])


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    """Somebody who has the address."""
    async for each in visiting(shop()):
        yield each


async def visiting(cluster: Answering) -> AsyncIterator[Visit]:
    jar = aiohttp.CookieJar(unsafe=True)  # which is its word for hosts without a name
    async with (
        served(cluster, Chosen(namespace="shop"), UTC, 0) as address,
        aiohttp.ClientSession(cookie_jar=jar) as session,
    ):
        yield Visit(cluster=cluster, address=address, session=session)
    cluster.close()


def changes(cluster: Answering) -> list[tuple[str, str]]:
    return [each for each in cluster.asked if each not in {("list", "scheduledjobs"), ("watch", "scheduledjobs")}]


@pytest.mark.parametrize("path", GETS)
async def test_nobody_sees_anything_without_the_token(visit: Visit, path: str) -> None:
    for question in (path, f"{path}?token=", f"{path}?token=wrong"):
        answer = await visit.ask("GET", question)
        assert answer.status == 403
        assert "sync-products" not in await answer.text()
        assert "Set-Cookie" not in answer.headers
    assert changes(visit.cluster) == []


@pytest.mark.parametrize("path", POSTS)
async def test_nobody_does_anything_without_the_token(visit: Visit, path: str) -> None:
    for question in (path, f"{path}?token={visit.token}"):
        assert (await visit.ask("POST", question, Origin=visit.origin)).status == 403
    assert changes(visit.cluster) == []


async def test_the_token_goes_from_the_address_into_a_cookie(visit: Visit) -> None:
    answer = await visit.ask("GET", f"/?token={visit.token}")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    (cookie,) = answer.headers.getall("Set-Cookie")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert len(visit.token) >= 40


@pytest.mark.parametrize("path", [*GETS, *POSTS])
async def test_another_name_leads_nowhere(visit: Visit, path: str) -> None:
    await visit.enter()
    before = changes(visit.cluster)
    method = "POST" if path in POSTS else "GET"
    for host in ("evil.example", "evil.example:80", f"evil.example:{urlsplit(visit.origin).port}", "127.0.0.1"):
        answer = await visit.ask(method, path, Host=host, Origin=f"http://{host}")
        assert answer.status == 403
        assert "kubectl tally ui has printed" in await answer.text()
    assert changes(visit.cluster) == before


@pytest.mark.parametrize("path", [*GETS, *POSTS])
async def test_another_page_may_ask_nothing(visit: Visit, path: str) -> None:
    await visit.enter()
    before = changes(visit.cluster)
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", visit.origin.replace("http:", "https:")):
        assert (await visit.ask("POST" if path in POSTS else "GET", path, Origin=origin)).status == 403
    assert changes(visit.cluster) == before


@pytest.mark.parametrize("path", POSTS)
async def test_what_changes_something_says_where_it_comes_from_and_is_no_get(visit: Visit, path: str) -> None:
    await visit.enter()
    before = changes(visit.cluster)
    assert (await visit.ask("POST", path)).status == 403
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = await visit.ask(method, path, Origin=visit.origin)
        assert answer.status in (404, 405)
    assert changes(visit.cluster) == before


async def test_every_answer_keeps_the_page_to_itself(visit: Visit) -> None:
    async def look(method: str, path: str) -> None:
        answer = await visit.ask(method, path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        answer.close()

    await look("GET", "/")
    await look("GET", f"/?token={visit.token}")
    await visit.enter()
    for path in (*GETS, *POSTS):
        await look("GET", path)
    assert (await visit.ask("GET", "/static/../server.py")).status == 404


async def test_what_a_user_writes_is_never_markup() -> None:
    slot = NOON.replace(second=0)
    spoilt = body(
        "sync-products",
        schedule=EVIL,
        timeZone=EVIL,
        input={EVIL: EVIL},
        status={
            "phase": EVIL,
            "conditions": conditions("Stalled", reason=EVIL, message=EVIL),
            "recentExecutions": [{"scheduledTime": "2026-03-02T11:00:00Z", "outcome": EVIL}],
            "lastExecution": {
                "scheduledTime": "2026-03-02T11:00:00Z",
                "outcome": EVIL,
                "message": EVIL,
                "result": EVIL,
            },
        },
    )
    failed, returned = job(slot, "failed", message=EVIL), job(slot.replace(minute=1))
    said = json.dumps({"outcome": "succeeded", "result": {EVIL: EVIL}})
    waits = job(None, "running", name="by-hand")
    pods = [
        pod(returned, state=terminated(0, said)),
        pod(waits, state={"waiting": {"reason": "ErrImagePull", "message": EVIL}}),
    ]
    async for visit in visiting(Answering([spoilt], [failed, returned, waits], pods)):
        await visit.enter()
        texts = [await (await visit.ask("GET", path)).text() for path in ("/", "/day", *GETS[4:6])]
        texts.append(json.dumps((await heard(visit, 0))["rows"]))
        for text in texts:
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            assert "\"'>" not in text
        assert texts[2].count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10


async def heard(visit: Visit, since: int) -> Json:
    """Give the first thing that a tab hears."""
    stream = await visit.ask("GET", f"/events?since={since}")
    async with asyncio.timeout(10):
        async for line in stream.content:
            if line.startswith(b"data: "):
                stream.close()
                told: Json = json.loads(line.removeprefix(b"data: "))
                return told
    raise AssertionError("nothing was heard")


def serial(text: str) -> int:
    return int(text.split('data-serial="')[1].split('"')[0])


async def test_all_tabs_hear_of_a_change_from_one_watch(visit: Visit) -> None:
    await visit.enter()
    since = serial(await (await visit.ask("GET", "/")).text())
    tabs = [asyncio.create_task(heard(visit, since)) for _ in range(5)]
    changed = body("send-mail")
    visit.cluster.happens(("ADDED", changed))
    for news in await asyncio.gather(*tabs):
        ((uid, key),) = [(row["uid"], row["key"]) for row in news["rows"]]
        assert (uid, key, news["gone"], news["trouble"]) == ("uid-of-send-mail", "shop send-mail", [], "")
        assert 'href="/jobs/shop/send-mail"' in news["rows"][0]["html"]
        assert "<b>2</b> all" in news["summary"]
    assert visit.cluster.asked.count(("watch", "scheduledjobs")) == 1


async def test_a_tab_that_comes_back_hears_what_it_missed(visit: Visit) -> None:
    await visit.enter()
    since = serial(await (await visit.ask("GET", "/")).text())
    visit.cluster.happens(("DELETED", body()))
    assert (await heard(visit, since))["gone"] == ["uid-of-sync-products"]
    assert (await heard(visit, since))["gone"] == ["uid-of-sync-products"]
    assert await heard(visit, 1_000_000) == {"anew": True}


async def test_a_cluster_that_is_away_is_told_to_all(visit: Visit) -> None:
    await visit.enter()
    since = serial(await (await visit.ask("GET", "/")).text())
    visit.cluster.happens(ClusterError("It does not answer <yet>."))
    assert (await heard(visit, since))["trouble"] == "It does not answer <yet>."


async def test_a_cluster_that_is_back_is_told_too(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_AGAIN_SECONDS", 0.3)
    await visit.enter()
    since = serial(await (await visit.ask("GET", "/")).text())
    visit.cluster.happens(ClusterError("It does not answer."))
    while (await heard(visit, since))["trouble"]:
        pass
    assert visit.cluster.asked.count(("watch", "scheduledjobs")) == 2


async def test_one_job_in_full(visit: Visit) -> None:
    await visit.enter()
    text = await (await visit.ask("GET", "/jobs/shop/sync-products")).text()
    assert "Every minute" in text
    assert "{&#34;processed&#34;: 3}" in text
    assert text.count("<svg ") == 3
    assert f'data-log="sync-products-{int(NOON.timestamp()) // 60}"' in text
    missing = await visit.ask("GET", "/jobs/shop/no-such", Sec_Fetch_Dest="document")
    assert (missing.status, missing.content_type) == (404, "text/html")
    assert "There is no no-such." in await missing.text()


async def test_times_are_given_by_both_clocks_where_they_differ() -> None:
    async for visit in visiting(Answering([body(schedule="0 9 * * *", timeZone="Asia/Tokyo")])):
        await visit.enter()
        text = await (await visit.ask("GET", "/jobs/shop/sync-products")).text()
        assert text.count("09:00 +09:00 <span") == text.count(" 00:00 +00:00, your time,</span>") == 5


async def test_suspend_and_resume(visit: Visit) -> None:
    await visit.enter()
    assert await visit.post("/jobs/shop/sync-products/suspend") == (
        200,
        "scheduledjob.tally.dev/sync-products suspended",
    )
    status, said = await visit.post("/jobs/shop/sync-products/resume")
    assert (status, said.startswith("scheduledjob.tally.dev/sync-products is not suspended; next run ")) == (200, True)
    assert visit.cluster.written == [{"spec": {"suspend": True}}]
    assert await visit.post("/jobs/shop/no-such/suspend") == (404, "There is no no-such.")


async def test_trigger(visit: Visit) -> None:
    await visit.enter()
    status, said = await visit.post("/jobs/shop/sync-products/trigger", input=' {"since": "2026"} ')
    assert (status, said) == (
        200,
        "job.batch/sync-products-manual-abcde created: a run of sync-products by hand, which does not count",
    )
    (made,) = visit.cluster.written
    assert made["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "TALLY_INPUT", "value": '{"since": "2026"}'}]
    await visit.post("/jobs/shop/sync-products/trigger", input=" ")
    assert "env" not in visit.cluster.written[1]["spec"]["template"]["spec"]["containers"][0]
    status, said = await visit.post("/jobs/shop/sync-products/trigger", input="{")
    assert (status, len(visit.cluster.written)) == (400, 2)
    assert said.startswith("The input is no JSON: ")


async def test_logs(visit: Visit) -> None:
    await visit.enter()
    visit.cluster.logs = [b"first\n", b"<script>alert(1)</script>\n"]
    name = f"sync-products-{int(NOON.timestamp()) // 60}"
    for _ in range(25):  # more than may be followed at once
        answer = await visit.ask("GET", f"/jobs/shop/sync-products/logs/{name}")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert await answer.text() == "first\n<script>alert(1)</script>\n· The run succeeded.\n"


async def test_not_too_many_logs_at_once(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_AT_ONCE", threading.BoundedSemaphore(0))
    await visit.enter()
    answer = await visit.ask("GET", f"/jobs/shop/sync-products/logs/sync-products-{int(NOON.timestamp()) // 60}")
    assert await answer.text() == "· Too many logs are followed at once: close some of them.\n"


async def test_only_logs_of_its_own_runs() -> None:
    stranger = job(NOON, name="another", of="send-mail")
    async for visit in visiting(Answering([body()], [stranger])):
        await visit.enter()
        answer = await visit.ask("GET", "/jobs/shop/sync-products/logs/another")
        assert (answer.status, await answer.text()) == (404, "The Job another is none of sync-products.")
        assert ("get", "pods") not in visit.cluster.asked


async def test_a_cluster_that_does_not_answer_is_no_page() -> None:
    class Away(Answering):
        def list(self, *_: object, **__: object) -> tuple[list[Json], str]:
            raise ClusterError("It does not answer.")

    with pytest.raises(ClusterError, match=r"^It does not answer\.$"):
        async with served(Away([]), Chosen(namespace="shop"), UTC, 0):
            pass


async def test_a_port_that_is_taken_is_told(visit: Visit) -> None:
    port = urlsplit(visit.origin).port or 0
    with pytest.raises(ClusterError, match=rf"^Port {port} cannot be taken: .*Name another by --port"):
        async with served(shop(), Chosen(namespace="shop"), UTC, port):
            pass
