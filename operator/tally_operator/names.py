"""Every name that Tally writes into a cluster: group, labels, annotations. In one place, as others read them too."""

from tally.names import API_VERSION as API_VERSION
from tally.names import GROUP as GROUP
from tally.names import JOB_CONTAINER as JOB_CONTAINER
from tally.names import KIND as KIND
from tally.names import LABEL_NAME as LABEL_NAME
from tally.names import LABEL_OWNER as LABEL_OWNER
from tally.names import PLURAL as PLURAL
from tally.names import SLOT as SLOT
from tally.names import VERSION as VERSION

FIELD_MANAGER = "tally"

# On the CronJob's job template, and so on each Job: the fence. See fence.py.
AFTER = f"{GROUP}/after"
NOT_AFTER = f"{GROUP}/not-after"
EXPIRES = f"{GROUP}/expires"

# On the CronJob itself: names the pod template that was applied, as what was taken out of it leaves no other trace.
TEMPLATE = f"{GROUP}/template"

# On the CronJob itself, written together with its status.lastScheduleTime: that time is ours, and no Job's slot.
FORGOTTEN = f"{GROUP}/forgotten"
