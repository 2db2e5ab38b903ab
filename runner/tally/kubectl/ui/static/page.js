// What the page does by itself: follows changes, keeps times going, finds, asks before it acts, shows logs.
// All HTML that it puts in comes from the server, which escapes it; what comes from a log is only ever text.

const page = document.body.dataset;
const ahead = Date.parse(page.now) - Date.now(); // the API server's clock, against this one
const byId = (id) => document.getElementById(id);

// ---- times ------------------------------------------------------------------------------------------------------
function roughly(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("time[data-away]")) {
    const seconds = Math.round((Date.parse(time.dateTime) - now) / 1000);
    const words = seconds > 0 ? `in ${roughly(seconds)}` : `${roughly(-seconds)} ago`;
    if (time.textContent !== words) time.textContent = words;
  }
}

// ---- following --------------------------------------------------------------------------------------------------
function state(word, trouble = "") {
  byId("live-state").textContent = word;
  byId("live-state").classList.toggle("lost", word !== "live");
  byId("trouble").textContent = trouble;
  byId("trouble").hidden = !trouble;
}

function follow(hear) {
  let heard = page.serial;
  let source = null;

  function listen() {
    source = new EventSource(`/events?since=${heard}`);
    source.addEventListener("message", hears);
    source.addEventListener("error", fails);
  }

  function hears(event) {
    const news = JSON.parse(event.data);
    heard = event.lastEventId || heard;
    if (news.anew) return location.reload();
    state(news.trouble ? "not live" : "live", news.trouble);
    hear(news);
  }

  function fails() {
    const over = source.readyState === EventSource.CLOSED;
    state("not live", `kubectl tally ui does not answer${over ? ": start it again, and open its new address." : "; trying again."}`);
  }

  // A browser has six connections to one server: tabs that nobody sees must not hold them.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden) listen();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  if (!document.hidden) listen();
}

// ---- all ScheduledJobs ------------------------------------------------------------------------------------------
function overview() {
  const rows = byId("rows");
  let show = "";

  function choose() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows.rows) {
      const phase = !show || row.dataset.phase === show || (show === "!" && "noted" in row.dataset);
      row.hidden = !phase || !words.every((word) => row.dataset.key.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    byId("none").hidden = shown > 0;
    byId("none").textContent = rows.rows.length ? "None of them is like that." : "There are no ScheduledJobs here yet.";
    for (const chip of document.querySelectorAll("[data-show]")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.show === show));
    }
  }

  function put({ uid, key, html }) {
    const old = byId(`job-${uid}`);
    const focused = old?.contains(document.activeElement);
    if (old) {
      old.outerHTML = html;
    } else {
      const after = [...rows.rows].find((row) => row.dataset.key > key);
      if (after) after.insertAdjacentHTML("beforebegin", html);
      else rows.insertAdjacentHTML("beforeend", html);
    }
    const row = byId(`job-${uid}`);
    row.classList.add("changed");
    if (focused) row.querySelector("a").focus();
  }

  let later = 0;
  async function day() {
    clearTimeout(later);
    later = 0;
    const answer = await fetch("/day").catch(() => null);
    if (answer?.ok) byId("day").innerHTML = await answer.text();
  }

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-show]");
    if (!chip) return;
    show = chip.dataset.show === show ? "" : chip.dataset.show;
    choose();
  });
  byId("search").addEventListener("input", choose);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== byId("search")) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  follow((news) => {
    for (const uid of news.gone) byId(`job-${uid}`)?.remove();
    for (const each of news.rows) put(each);
    const focused = document.activeElement?.dataset?.show;
    byId("summary").innerHTML = news.summary;
    if (focused !== undefined) document.querySelector(`[data-show="${focused}"]`)?.focus();
    choose();
    tick();
    later ||= setTimeout(day, 3000);
  });
  choose();
  day();
  setInterval(day, 30_000);
}

// ---- one ScheduledJob -------------------------------------------------------------------------------------------
function job() {
  let shown = "";
  let asking = false;
  let refused = false;
  let gone = false;

  let told = 0;
  function say(words) {
    clearTimeout(told);
    byId("said").textContent = words;
    byId("said").hidden = false;
    told = setTimeout(() => (byId("said").hidden = true), 12_000);
  }

  const selects = () => !getSelection().isCollapsed && byId("detail").contains(getSelection().anchorNode);

  async function look() {
    if (asking || gone || document.hidden || selects()) return;
    asking = true;
    try {
      const answer = await fetch(`${page.path}/detail`);
      const html = await answer.text();
      if (gone) return;
      if (!answer.ok) state("not live", html);
      else if (refused) state("live");
      refused = !answer.ok;
      if (answer.ok && html !== shown) {
        shown = html;
        const focused = document.activeElement?.id;
        byId("detail").innerHTML = html;
        if (focused && document.activeElement === document.body) byId(focused)?.focus();
        tick();
      }
    } catch {
      // The event source says it.
    } finally {
      asking = false;
    }
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens], [data-log]");
    if (opener?.dataset.opens) byId(opener.dataset.opens).showModal();
    if (opener?.dataset.log) logs(opener.dataset.log);
    if (opener) {
      // The button itself may have been drawn anew until then.
      document.querySelector("dialog[open]").addEventListener("close", () => byId(opener.id)?.focus(), { once: true });
    }
    event.target.closest("[data-close]")?.closest("dialog").close();
  });
  for (const form of document.querySelectorAll("form[data-action]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const wrong = form.querySelector(".error");
      const button = form.querySelector(".primary");
      button.disabled = true;
      wrong.hidden = true;
      try {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const words = await answer.text();
        if (answer.ok) {
          form.closest("dialog").close();
          form.reset();
          say(words);
          await look();
        } else {
          wrong.textContent = words;
          wrong.hidden = false;
        }
      } catch {
        wrong.textContent = "kubectl tally ui does not answer.";
        wrong.hidden = false;
      } finally {
        button.disabled = false;
      }
    });
  }
  follow((news) => {
    if (news.gone.includes(page.uid)) {
      gone = true;
      state("not live", "This ScheduledJob was deleted.");
    }
    if (news.rows.some(({ uid }) => uid === page.uid)) look();
  });
  // What becomes of its Jobs and pods changes nothing in the ScheduledJob, so no watch of it tells.
  setInterval(look, 3000);
  document.addEventListener("visibilitychange", look);
}

// ---- logs -------------------------------------------------------------------------------------------------------
const LONGEST = 1_000_000; // characters of a log that are kept

async function logs(name) {
  const text = byId("logs-text");
  const stop = new AbortController();
  byId("logs-title").textContent = name;
  byId("logs-state").textContent = "following";
  text.textContent = "";
  byId("logs").addEventListener("close", () => stop.abort(), { once: true });
  byId("logs").showModal();
  text.focus();
  try {
    const answer = await fetch(`${page.path}/logs/${name}`, { signal: stop.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
      text.append(piece.value);
      if (text.textContent.length > LONGEST) text.textContent = text.textContent.slice(-LONGEST / 2);
      if (atEnd) text.scrollTop = text.scrollHeight;
    }
    byId("logs-state").textContent = "ended";
  } catch {
    if (!stop.signal.aborted) byId("logs-state").textContent = "broken off";
  }
}

if (page.page === "overview") overview();
if (page.page === "job") job();
if (page.now) {
  tick();
  setInterval(tick, 1000);
}
