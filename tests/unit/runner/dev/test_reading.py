"""Reading the jobs in a process of its own: what is sound, what is broken, and what would stop a process."""

from pathlib import Path

import pytest
from tally.config import JobConfig
from tally.dev import reading
from tally.errors import LoadError


def write(folder: Path, name: str, fields: str = "schedule='* * * * *'", more: str = "") -> None:
    text = (
        f"from tally import JobConfig\n{more}\nconfig = JobConfig(name={name!r}, {fields})\ndef run(container): ...\n"
    )
    (folder / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")


async def test_it_gives_each_jobs_own_word(tmp_path: Path) -> None:
    write(tmp_path, "sync-products", "schedule='@daily', time_zone='Asia/Tokyo', input={'grüße': [1, None]}, retries=2")
    write(tmp_path, "report", more="print('printed while it is imported')")
    folder = await reading.read(tmp_path)
    assert folder == reading.Folder(
        configs={
            "report": JobConfig(name="report", schedule="* * * * *"),
            "sync-products": JobConfig(
                name="sync-products",
                schedule="@daily",
                time_zone="Asia/Tokyo",
                input={"grüße": [1, None]},
                retries=2,
            ),
        }
    )


async def test_broken_files_do_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, "sync")
    write(tmp_path, "never", "schedule='0 0 31 2 *'")
    write(tmp_path, "nowhere", "schedule='* * * * *', time_zone='Mars/Olympus'")
    (tmp_path / "fails.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "_services.py").write_text("", encoding="utf-8")
    folder = await reading.read(tmp_path)
    assert list(folder.configs) == ["sync"]
    assert folder.broken == ("fails", "never", "nowhere")
    assert [error.removeprefix(f"{tmp_path}/")[:60] for error in folder.errors] == [
        "fails.py, line 1: the import failed: ZeroDivisionError: divi",
        "_services.py has no register. Write: def register(container)",
        "never.py: the schedule '0 0 31 2 *' does not fire within fiv",
        "nowhere.py: the time zone 'Mars/Olympus' is none that this m",
    ]


async def test_it_reads_anew_each_time_with_all_that_a_job_imports(tmp_path: Path) -> None:
    (tmp_path / "_shop.py").write_text("SCHEDULE = '0 1 * * *'", encoding="utf-8")
    write(tmp_path, "sync", "schedule=SCHEDULE", more="from jobs._shop import SCHEDULE")
    assert (await reading.read(tmp_path)).configs["sync"].schedule == "0 1 * * *"
    (tmp_path / "_shop.py").write_text("SCHEDULE = '0 22 * * *'", encoding="utf-8")
    assert (await reading.read(tmp_path)).configs["sync"].schedule == "0 22 * * *"


@pytest.mark.parametrize(
    ("more", "patience", "message"),
    [
        ("import os, sys; print('gone', file=sys.stderr, flush=True); os._exit(3)", 60, "with exit code 3. gone"),
        ("import time; time.sleep(600)", 0.5, "were not read within 0.5 s: a file waits while it is imported. Move"),
    ],
)
async def test_a_file_that_stops_the_process_is_told(tmp_path: Path, more: str, patience: float, message: str) -> None:
    write(tmp_path, "sync", more=more)
    with pytest.raises(LoadError) as raised:
        await reading.read(tmp_path, patience)
    assert message in str(raised.value)


async def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="There is no jobs folder"):
        await reading.read(tmp_path / "none")
