"""`tally manifests`: prints ScheduledJobs as YAML for `kubectl apply`: those of a folder's jobs, or of CronJobs."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tally.commands.shared import add_command, add_jobs_option, load_jobs, missing_extra, print_errors

if TYPE_CHECKING:
    from types import ModuleType

    from tally.commands.shared import Commands
    from tally.from_cronjob import Converted
    from tally.loader import Job

_EXAMPLES = """examples:
  tally manifests
  tally manifests sync-products clean-up-carts --namespace shop
  tally manifests --image registry.example/shop-jobs:1.4 > scheduledjobs.yaml
  tally manifests | kubectl apply -f -
  tally manifests --from-cronjob backup.yaml > scheduledjob.yaml
  kubectl get cronjob backup --output yaml | tally manifests --from-cronjob -

What a job's config leaves at its default is left out. So is its input: the job itself brings it.

A CronJob keeps its image, its command and its pod's rights; no runner is needed. What changes
is told on the standard error, and as comments in the YAML. Without timeZone a schedule is read
in UTC, and /tmp is an empty volume. Delete the CronJob before its ScheduledJob is applied.

Needs pyyaml: pip install 'tally[dev]'

exit codes: 0 done, 1 a job or CronJob is not sound or there is none, and nothing was printed,
2 no such folder or file"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "manifests", "Print the jobs as ScheduledJobs for kubectl apply.", _EXAMPLES)
    parser.add_argument("names", metavar="NAME", nargs="*", help="which jobs (default: all)")
    parser.add_argument("--namespace", metavar="NAMESPACE", help="where they go (default: where kubectl puts them)")
    parser.add_argument("--image", metavar="IMAGE", help="the image that holds the jobs; wins over a config's own")
    parser.add_argument(
        "--from-cronjob",
        metavar="FILE",
        help="print the CronJobs in a YAML file (- is the standard input) as ScheduledJobs instead",
    )
    add_jobs_option(parser)
    parser.set_defaults(command=_manifests)


def _manifests(options: argparse.Namespace) -> int:
    if options.from_cronjob is not None:
        return _from_cronjobs(options)
    from tally.manifests import scheduled_job

    jobs, errors = load_jobs(options.jobs, options.names)
    if errors:
        return print_errors(errors)
    if not jobs:
        print(f"error: No jobs in {options.jobs}.", file=sys.stderr)
        return 1
    made = [(job, scheduled_job(job.config, namespace=options.namespace, image=options.image)) for job in jobs]
    print("---\n".join(_document(job, manifest) for job, manifest in made), end="")
    return 0


def _from_cronjobs(options: argparse.Namespace) -> int:
    from tally.errors import InputError
    from tally.from_cronjob import convert, cronjobs

    if options.names:
        raise InputError("--from-cronjob takes all CronJobs of its file: leave the names out.")
    made: list[Converted] = []
    errors: list[Exception] = []
    for cronjob in cronjobs(_read(options.from_cronjob)):
        try:
            made.append(convert(cronjob, namespace=options.namespace, image=options.image))
        except InputError as error:
            errors.append(error)
    errors += _twins(made)
    if errors:
        return print_errors(errors)
    if not made:
        print(f"error: No CronJobs in {_shown(options.from_cronjob)}.", file=sys.stderr)
        return 1
    print("---\n".join(_converted_document(each) for each in made), end="")
    for each in made:
        for note in each.notes:
            print(f"CronJob {each.source}: {note}", file=sys.stderr)
    return 0


def _read(file: str) -> list[object]:
    from tally.errors import InputError

    yamltext = _yamltext()
    try:
        found: list[object] = yamltext.read(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{_shown(file)} is no text in UTF-8.") from None
    except ValueError as error:
        raise InputError(f"{_shown(file)} is no YAML: {error}.") from None
    return found


def _twins(made: "list[Converted]") -> list[Exception]:
    from tally.errors import InputError

    first: dict[tuple[object, object], str] = {}
    errors: list[Exception] = []
    for each in made:
        metadata = each.manifest["metadata"]
        key = metadata.get("namespace"), metadata["name"]
        if key in first:
            errors.append(
                InputError(
                    f"CronJob {each.source}: its ScheduledJob would be {metadata['name']}, as that of {first[key]}. "
                    f"Rename one."
                )
            )
        first.setdefault(key, each.source)
    return errors


def _shown(file: str) -> str:
    return "the standard input" if file == "-" else file


def _converted_document(made: "Converted") -> str:
    namespace, _, old = made.source.rpartition("/")
    where = f"-n {namespace} " if namespace else ""
    lines = [
        f"Made by `tally manifests` from the CronJob {made.source}. Delete that one first, as both would run:",
        f"kubectl {where}delete cronjob {old} --cascade=orphan",
        *made.notes,
    ]
    return "".join(f"# {line}\n" for line in lines) + _written(made.manifest)


def _document(job: "Job", manifest: dict[str, Any]) -> str:
    return f"# Made by `tally manifests` from {job.path.name}: change it there.\n{_written(manifest)}"


def _written(manifest: dict[str, Any]) -> str:
    text: str = _yamltext().write(manifest)
    return text


def _yamltext() -> "ModuleType":
    try:
        import yaml  # noqa: F401 (told here, as a runner's image has none)
    except ImportError:
        raise missing_extra("pyyaml", "tally manifests") from None
    from tally import yamltext

    return yamltext
