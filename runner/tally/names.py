"""The names in a cluster that more than the operator reads: the resource, and what marks its Jobs and pods."""

GROUP = "tally.dev"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ScheduledJob"
PLURAL = "scheduledjobs"

# On CronJobs, Jobs and pods.
LABEL_NAME = f"{GROUP}/name"  # spec.name, for people: kubectl logs -l tally.dev/name=...
LABEL_OWNER = f"{GROUP}/owner"  # the ScheduledJob's uid, for programs: a name may be given again, a uid never

# Written by the CronJob controller on each Job that it makes (Kubernetes >= 1.28).
SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"

JOB_CONTAINER = "job"
INPUT = "TALLY_INPUT"  # the variable in which that container gets its input, as JSON
