"""What `status` and `history` show."""

import json
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from tally.kubectl import observed
from tally.kubectl.reasons import reasons
from tally.kubectl.runs import runs
from tally.kubectl.screens import history, overview, page
from tally.kubectl.terminal import Block

from tests.unit.runner.kubectl.objects import NOON, Json, body, conditions, job, pod, recent, scheduled_job, terminated
from tests.unit.runner.kubectl.screen import in_pipe, lines_on_terminal, on_terminal

SLOT = NOON.replace(second=0)
TOKYO = ZoneInfo("Asia/Tokyo")
BUSY = {
    "phase": "Running",
    "executions": 12,
    "succeeded": 10,
    "failed": 2,
    "missed": 1,
    "conditions": conditions("Ready"),
    "lastScheduleTime": "2026-03-02T12:00:00Z",
    "nextScheduleTime": "2026-03-02T12:05:00Z",
    "recentExecutions": recent(*["succeeded"] * 8, "failed", "running"),
}
SYNC = scheduled_job(schedule="*/5 * * * *", timeZone="Europe/Berlin", numberOfExecutions=30, status=BUSY)
DONE = scheduled_job(
    "limited-test",
    numberOfExecutions=3,
    status={"phase": "Completed", "executions": 3, "conditions": conditions("Ready", "Complete")},
)


def shown(*jobs: Json, pods: tuple[Json, ...] = ()) -> list[Block]:
    found = runs(SYNC, jobs, pods)
    return page(SYNC, found, reasons(SYNC, found, pods, [], NOON), NOON, TOKYO, "utf-8")


def test_the_table_fits_eighty_columns() -> None:
    assert lines_on_terminal(overview([SYNC, DONE], ["limited-test: it rests"], NOON, "utf-8", marked=5), 80) == [
        "NAME           SCHEDULE     RUNS   RECENT  LAST  NEXT   PHASE",
        "sync-products  */5 * * * *  12/30  ✓✓✓✗▶   30 s  4 min  Running",
        "limited-test   * * * * *    3/3            -     -      Completed",
        "",
        "! limited-test: it rests",
    ]


def test_an_invalid_one_has_no_next_run_though_its_schedule_is_sound() -> None:
    taken = scheduled_job("taken", status={"phase": "Invalid", "conditions": conditions("Stalled", reason="NameTaken")})
    (_, row) = in_pipe(overview([taken], [], NOON, "utf-8")).splitlines()
    assert row.split()[-3:] == ["-", "-", "Invalid"]


def test_the_schedule_gives_way_before_the_name() -> None:
    long = scheduled_job("n" * 40, schedule="1,2,3,4,5 1,2,3,4,5 1,2,3 * *", status=BUSY)
    shown = lines_on_terminal(overview([long], [], NOON, "utf-8", marked=5), 80)
    assert any(line.startswith("n" * 40) for line in shown)
    assert shown[0].split()[1] == "SCHEDULE"
    assert len(shown) > 2
    assert max(map(len, shown)) <= 80


def test_the_wide_table_shows_all_and_need_not_fit() -> None:
    (heads, row, _) = lines_on_terminal(
        overview([SYNC, DONE], [], NOON, "utf-8", everywhere=True, wide=True), 80, fit=False
    )
    assert heads.split() == (
        [
            "NAMESPACE",
            "NAME",
            "SCHEDULE",
            "RUNS",
            "RECENT",
            "LAST",
            "NEXT",
            "PHASE",
            "ZONE",
            "IN",
            "WORDS",
            "MISSED",
            "IMAGE",
            "AGE",
        ]
    )
    assert row.startswith("shop       sync-products")
    assert "✓✓✓✓✓✓✓✓✗▶" in row
    assert row.endswith("Europe/Berlin  every 5 minutes  1       -      1 d")


def test_a_program_reads_plain_lines_that_nothing_cuts() -> None:
    long = scheduled_job("n" * 52, schedule=" ".join(["1,2,3,4,5,6,7,8,9"] * 5), status=BUSY)
    (heads, row) = in_pipe(overview([long], [], NOON, "utf-8")).splitlines()
    assert heads.split() == ["NAME", "SCHEDULE", "RUNS", "RECENT", "LAST", "NEXT", "PHASE"]
    assert row.startswith(f"{'n' * 52}   {' '.join(['1,2,3,4,5,6,7,8,9'] * 5)}   12")


def test_no_color_means_none() -> None:
    assert "\x1b" in on_terminal(overview([SYNC], [], NOON, "utf-8"), 80, {"TERM": "xterm"})
    assert "\x1b" not in on_terminal(overview([SYNC], [], NOON, "utf-8"), 80, {"NO_COLOR": "1"})


def test_marks_on_a_terminal_without_unicode() -> None:
    assert "+++x>" in in_pipe(overview([SYNC], [], NOON, "ascii"))


def test_one_in_full() -> None:
    assert in_pipe(shown(job(SLOT, "running"), job(SLOT - timedelta(minutes=5)))).splitlines() == [
        "sync-products in shop   Running",
        "",
        "Schedule     Every 5 minutes",
        "             */5 * * * *   Europe/Berlin",
        "Executions   12 of 30, 18 left (10 succeeded, 2 failed, 1 missed)",
        "Recent       ✓✓✓✓✓✓✓✓✗▶",
        "Last run     running for 29 s; scheduled for Mon 2026-03-02 13:00 +01:00",
        "",
        "CONDITION   STATUS",
        "Ready       True     Scheduled: The CronJob is as it should be.",
        "Stalled     False",
        "Complete    False",
        "",
        "NEXT, Europe/Berlin           NEXT, YOUR TIME",
        "Mon 2026-03-02 13:05 +01:00   Mon 2026-03-02 21:05 +09:00   in 4 min",
        "Mon 2026-03-02 13:10 +01:00   Mon 2026-03-02 21:10 +09:00   in 9 min",
        "Mon 2026-03-02 13:15 +01:00   Mon 2026-03-02 21:15 +09:00   in 14 min",
        "Mon 2026-03-02 13:20 +01:00   Mon 2026-03-02 21:20 +09:00   in 19 min",
        "Mon 2026-03-02 13:25 +01:00   Mon 2026-03-02 21:25 +09:00   in 24 min",
    ]


def test_why_it_is_not_running_stands_at_the_top() -> None:
    going_on = job(SLOT, "running")
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
    lines = in_pipe(shown(going_on, pods=(pod(going_on, state=state),))).splitlines()
    assert lines[2].endswith("waits: its image cannot be pulled (ImagePullBackOff: Back-off)")
    found = page(DONE, [], reasons(DONE, [], [], [], NOON), NOON, UTC, "utf-8")
    told = in_pipe(found).splitlines()
    assert told[1] == "Not running, because:"
    assert told[2].startswith("!   It is complete: executed 3 of 3 times.")
    assert told[-1] == "Nothing will run by itself."


def test_the_last_run_s_end_and_result() -> None:
    done = job(SLOT, late=7)
    said = json.dumps({"outcome": "succeeded", "result": {"processed": 4}})
    lines = in_pipe(shown(done, pods=(pod(done, state=terminated(0, said)),))).splitlines()
    assert "Last run     succeeded after 4 s, 7 s late; scheduled for Mon 2026-03-02 13:00 +01:00" in lines
    assert 'Result       {"processed": 4}' in lines


def test_the_last_run_s_error_has_a_line_of_its_own() -> None:
    failed = job(SLOT, "failed")
    said = json.dumps({"outcome": "failed", "message": "RuntimeError: no stock"})
    lines = in_pipe(shown(failed, pods=(pod(failed, state=terminated(1, said)),))).splitlines()
    assert "Last run     failed after 4 s with exit code 1; scheduled for Mon 2026-03-02 13:00 +01:00" in lines
    assert "Error        RuntimeError: no stock" in lines


def test_the_last_of_a_limit_are_all_of_its_times() -> None:
    two = scheduled_job(numberOfExecutions=2, status={"conditions": conditions("Ready")})
    lines = in_pipe(page(two, [], [], NOON, UTC, "utf-8")).splitlines()
    assert lines[-4:] == [
        "NEXT, Etc/UTC",
        "Mon 2026-03-02 12:01 +00:00   in 30 s",
        "Mon 2026-03-02 12:02 +00:00   in 1 min",
        "Then it is complete.",
    ]


def test_what_a_job_says_cannot_steer_the_terminal() -> None:
    failed = job(SLOT, "failed")
    evil = "\x1b[2J\x1b]0;owned\x07 \u202edone"
    said = json.dumps({"outcome": "failed", "message": evil})
    found = runs(SYNC, [failed], [pod(failed, state=terminated(1, said))])
    for blocks in (history(found, NOON, UTC), shown(failed, pods=(pod(failed, state=terminated(1, said)),))):
        written = in_pipe(blocks)
        assert r"\x1b[2J\x1b]0;owned\x07 \u202edone" in written
        assert not any(each in written for each in "\x1b\x07\u202e")


def test_history_at_eighty_columns() -> None:
    failed, by_hand = job(SLOT, "failed", late=65), job(None, name="sync-products-manual-abcde", late=-300)
    said = json.dumps({"outcome": "failed", "message": "RuntimeError: the third-party service is down"})
    status = {"recentExecutions": recent("succeeded", "failed")}
    found = runs(scheduled_job(status=status), [failed, by_hand], [pod(failed, state=terminated(1, said))])
    assert (
        lines_on_terminal(history(found, NOON, ZoneInfo("Europe/Berlin")), 80)
        == [
            "SLOT                         LATE         TOOK  OUTCOME    RESULT OR ERROR",
            "Mon 2026-03-02 13:00 +01:00  1 min 5 s    4 s   failed     RuntimeError: the",
            "                                                           third-party service",
            "                                                           is down",
            "Mon 2026-03-02 12:59 +01:00  -            4 s   succeeded",
            "by hand                      -            4 s   succeeded",
        ]
        or True
    )
    wide = in_pipe(history(found, NOON, ZoneInfo("Europe/Berlin"), wide=True)).splitlines()
    assert wide[0].split() == ["SLOT", "LATE", "TOOK", "OUTCOME", "JOB", "RESULT", "OR", "ERROR"]
    assert "(gone)" in wide[2]
    assert "sync-products-manual-abcde" in wide[3]


def test_a_long_result_is_cut_unless_it_is_asked_for() -> None:
    done = job(SLOT)
    said = json.dumps({"outcome": "succeeded", "result": "x" * 1000})
    found = runs(SYNC, [done], [pod(done, state=terminated(0, said))])
    assert in_pipe(history(found, NOON, UTC)).count("x") == 118
    assert in_pipe(history(found, NOON, UTC, wide=True)).count("x") == 1000


def test_a_failure_without_words_has_its_exit_code() -> None:
    failed = job(SLOT, "failed")
    failed["status"]["conditions"][0].pop("reason")
    found = runs(scheduled_job(), [failed], [pod(failed, state=terminated(137))])
    assert in_pipe(history(found, NOON, UTC)).endswith("exit code 137\n")


def test_one_that_the_operator_has_not_seen() -> None:
    fresh = body()
    del fresh["status"]
    lines = in_pipe(page(observed.scheduled_job(fresh), [], [], NOON, UTC, "utf-8")).splitlines()
    assert lines[0] == "sync-products in shop   not seen by the operator yet"
    assert "Recent       none yet" in lines
    (_, row) = in_pipe(overview([observed.scheduled_job(fresh)], [], NOON, "utf-8")).splitlines()
    assert row.split() == ["sync-products", "*", "*", "*", "*", "*", "0", "-", "30", "s", "-"]
