"""What `suspend` and `resume` share: one field of the spec, set for those that were chosen, each told in a line."""

import argparse

from tally.kubectl.options import add_all_namespaces, add_cluster_options, add_selector, connected, namespace


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Let the command be told which ScheduledJobs it is about."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="ScheduledJobs")
    parser.add_argument("--all", action="store_true", help="all of the namespace, or with -A of the cluster")
    add_selector(parser)
    add_all_namespaces(parser)
    add_cluster_options(parser)


def switch(options: argparse.Namespace, *, suspend: bool) -> int:
    """Set `spec.suspend` where it is not so already.

    Args:
        options: Of the command.
        suspend: What to set.

    Returns:
        The exit code: 2 when one could not be changed; the others are.
    """
    from tally.kubectl import observed, reading, words
    from tally.kubectl.errors import ClusterError
    from tally.kubectl.plain import aside
    from tally.kubectl.resources import SCHEDULED_JOBS

    if options.names and options.all_namespaces:
        raise ClusterError("A ScheduledJob that is named is in one namespace: leave -A out, or name it by -n.")
    cluster = connected(options)
    chosen = reading.chosen(
        cluster,
        options.names,
        namespace=namespace(options, cluster),
        selector=options.selector,
        everyone=options.all,
    )
    if not chosen:
        print("No ScheduledJobs there: nothing changes.")
    code = 0
    for before in chosen:
        after = before
        if before.suspended != suspend:
            try:
                patch = {"spec": {"suspend": suspend}}
                body = cluster.patch(SCHEDULED_JOBS, before.namespace, before.name, patch)
                after = observed.scheduled_job(body)
            except ClusterError as error:
                aside(f"error: {before.name}: {error}")
                code = 2
                continue
        print((words.suspended if suspend else words.resumed)(before, after, cluster.now()))
    return code
