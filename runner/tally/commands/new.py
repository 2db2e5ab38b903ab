"""`tally new`: writes a job that runs, its test, and in an empty folder the Dockerfile of the image."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally new clean-up-carts
  tally new weekly-report --schedule "0 9 * * 1"
  tally new sync-prices --jobs services/shop/jobs

Nothing is ever overwritten. An empty folder gets a Dockerfile, too: it lies beside the folder, and
builds the image in which the jobs run.

exit codes: 0 written, 2 not: the name or the schedule cannot be, or a file is there already"""
_JOB = '''"""Say here in one line what the job does: `tally list` shows it."""

from tally import Container, JobConfig

config = JobConfig(
    name={name},
    schedule={schedule},  # {words}, in UTC
    input={{"items": ["tea", "coffee", "sugar"]}},
)


async def run(container: Container) -> dict[str, int]:
    """Do the work. What it returns is shown in the ScheduledJob's status."""
    logger = container.resolve("logger")
    items = container.resolve("input")["items"]
    for item in items:
        logger.info("Seen: %s", item)
    return {{"processed": len(items)}}
'''
_TEST = '''"""The job {name}, tried without a cluster."""

import asyncio
from pathlib import Path

from tally import Container, loader

job = loader.load(Path(__file__).parent, "{name}")


def test_every_item_is_processed() -> None:
    container = Container({{"input": {{"items": ["tea", "coffee"]}}}})
    assert asyncio.run(job.run(container)) == {{"processed": 2}}
'''
_DOCKERFILE = """FROM tally-runner:{version}
COPY {folder} /app/jobs
ENV TALLY_JOBS=/app/jobs
"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "new", "Write a new job and its test.", _EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="the job's name, such as sync-products")
    parser.add_argument(
        "--schedule",
        metavar="SCHEDULE",
        default="*/5 * * * *",
        help='a cron expression, quoted (default: "*/5 * * * *")',
    )
    add_jobs_option(parser)
    parser.set_defaults(command=_new)


def _new(options: argparse.Namespace) -> int:
    texts = _texts(options.name, options.schedule, options.jobs)
    _refuse_existing(texts)
    for path, text in texts.items():
        _write(path, text)
        print(f"written  {path}")
    test = next(path for path in texts if path.name.startswith("test_"))
    print(f"\nNext:\n  {_command('run', options)}\n  pytest {_quoted(str(test))}\n  {_command('manifests', options)}")
    return 0


def _texts(name: str, schedule: str, folder: Path) -> dict[Path, str]:
    """What to write, by file, once the name and the schedule are known to be sound."""
    import json

    from tally import __version__
    from tally.config import JobConfig
    from tally.cron.words import describe

    JobConfig(name=name, schedule=schedule)
    stem = name.replace("-", "_")
    job = _JOB.format(name=json.dumps(name), schedule=json.dumps(schedule), words=describe(schedule))
    _check_as_a_job(name, stem, job)
    texts = {folder / f"{stem}.py": job, folder / f"test_{stem}.py": _TEST.format(name=name)}
    place = folder if folder.name else folder.resolve()  # the folder "." has a name of its own, too
    dockerfile = place.parent / "Dockerfile"
    if not any(folder.glob("*.py")) and not dockerfile.exists():
        texts[dockerfile] = _DOCKERFILE.format(version=__version__, folder=place.name)
    return texts


def _check_as_a_job(name: str, stem: str, text: str) -> None:
    """Let the loader itself say what no job can be called, before anything is written."""
    import tempfile

    from tally import loader

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{stem}.py").write_text(text, encoding="utf-8")
        loader.load(Path(folder), name)


def _write(path: Path, text: str) -> None:
    from tally.errors import TallyError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TallyError(f"{path} cannot be written: {error.strerror}.") from error


def _refuse_existing(texts: dict[Path, str]) -> None:
    from tally.errors import TallyError

    for path in texts:
        if path.exists():
            raise TallyError(f"{path} is there already, and is not overwritten. Choose another name, or edit it.")


def _command(command: str, options: argparse.Namespace) -> str:
    jobs = "" if str(options.jobs) == "jobs" else f" --jobs {_quoted(str(options.jobs))}"
    return f"tally {command} {options.name}{jobs}" + (" | kubectl apply -f -" if command == "manifests" else "")


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
