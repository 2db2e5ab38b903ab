"""Every name that Tally writes into a cluster: group, labels, annotations. In one place, as others read them too."""

GROUP = "tally.dev"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ScheduledJob"
PLURAL = "scheduledjobs"
FIELD_MANAGER = "tally"

# On CronJobs, Jobs and pods.
LABEL_NAME = f"{GROUP}/name"  # spec.name, for people: kubectl logs -l tally.dev/name=...
LABEL_OWNER = f"{GROUP}/owner"  # the ScheduledJob's uid, for the operator: a name may be given again, a uid never

# On the CronJob's job template, and so on each Job: the fence. See fence.py.
AFTER = f"{GROUP}/after"
NOT_AFTER = f"{GROUP}/not-after"
EXPIRES = f"{GROUP}/expires"

# On the CronJob itself: names the pod template that was applied, as what was taken out of it leaves no other trace.
TEMPLATE = f"{GROUP}/template"

# On the CronJob itself, written together with its status.lastScheduleTime: that time is ours, and no Job's slot.
FORGOTTEN = f"{GROUP}/forgotten"

# Written by the CronJob controller on each Job that it makes (Kubernetes >= 1.28).
SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"

JOB_CONTAINER = "job"
