"""What the API server is asked for: paths, and the names by which `kubectl auth can-i` knows the same things."""

from dataclasses import dataclass
from typing import Any

from tally import names

Json = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A kind of objects in a namespace.

    Args:
        group: The API group, empty for the core.
        version: Of the group.
        plural: As it stands in a path.
    """

    group: str
    version: str
    plural: str

    @property
    def title(self) -> str:
        """Its name with the group, such as `jobs.batch`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None, name: str = "") -> str:
        """Give the path of a list, or of one object.

        Args:
            namespace: Where; None lists all namespaces.
            name: The object's name; empty for the list.
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if namespace is not None else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")


SCHEDULED_JOBS = Resource(names.GROUP, names.VERSION, names.PLURAL)
CRONJOBS = Resource("batch", "v1", "cronjobs")
JOBS = Resource("batch", "v1", "jobs")
PODS = Resource("", "v1", "pods")
EVENTS = Resource("", "v1", "events")
NAMESPACES = Resource("", "v1", "namespaces")

POD_LABEL_JOB = "batch.kubernetes.io/job-name"


def name_of(reference: str) -> str:
    """Give the name that a person means: `x`, or `sj/x` as kubectl prints and takes it."""
    kind, slash, name = reference.rpartition("/")
    known = ("sj", names.KIND.lower(), names.PLURAL)
    return name if slash and kind.lower().removesuffix(f".{names.GROUP}") in known else reference
