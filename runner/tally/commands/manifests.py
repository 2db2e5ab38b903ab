"""`tally manifests`: prints the ScheduledJobs of a folder's jobs, as YAML for `kubectl apply`."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from tally.commands.shared import add_command, add_jobs_option, load_jobs, missing_extra, print_errors

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.loader import Job

_EXAMPLES = """examples:
  tally manifests
  tally manifests sync-products clean-up-carts --namespace shop
  tally manifests --image registry.example/shop-jobs:1.4 > scheduledjobs.yaml
  tally manifests | kubectl apply -f -

What a job's config leaves at its default is left out. So is its input: the job itself brings it.
Needs pyyaml: pip install 'tally[dev]'

exit codes: 0 done, 1 a job is not sound or there is none, and nothing was printed, 2 no such folder"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "manifests", "Print the jobs as ScheduledJobs for kubectl apply.", _EXAMPLES)
    parser.add_argument("names", metavar="NAME", nargs="*", help="which jobs (default: all)")
    parser.add_argument("--namespace", metavar="NAMESPACE", help="where they go (default: where kubectl puts them)")
    parser.add_argument("--image", metavar="IMAGE", help="the image that holds the jobs; wins over a config's own")
    add_jobs_option(parser)
    parser.set_defaults(command=_manifests)


def _manifests(options: argparse.Namespace) -> int:
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


def _document(job: "Job", manifest: dict[str, Any]) -> str:
    try:
        import yaml
    except ImportError:
        raise missing_extra("pyyaml", "tally manifests") from None

    class Dumper(yaml.SafeDumper):
        pass

    def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if " " in text else None)

    Dumper.add_representer(str, quoted)  # a schedule is quoted by all who write one
    text: str = yaml.dump(manifest, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return f"# Made by `tally manifests` from {job.path.name}: change it there.\n{text}"
