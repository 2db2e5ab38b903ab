"""A model of the API server, as far as a ScheduledJob, its CronJob and its Jobs see of it: one namespace, JSON bodies.

Every write makes a new body and appends one event to the log of its kind; watchers read the logs as late as they like.
A body is never changed in place, so that whoever still holds an old one holds an old truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tally_operator import instants, names
from tally_operator.api import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Body = dict[str, Any]
Kind = Literal["scheduledjobs", "cronjobs", "jobs"]
Path = tuple[str, ...]

NAMESPACE = "shop"
ORPHAN = "orphan"  # the finalizer that lets the garbage collector free the dependents first


@dataclass(frozen=True)
class Event:
    """One change. `actor` is for the test's own ledger; no watcher looks at it."""

    at: datetime
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    kind: Kind
    body: Body
    actor: str


@dataclass
class ApiServer:
    """Keeps the objects.

    Args:
        now: Its clock.
        fenced: Whether the admission policy is there.
    """

    now: datetime
    fenced: bool = True
    objects: dict[Kind, dict[str, Body]] = field(
        default_factory=lambda: {"scheduledjobs": {}, "cronjobs": {}, "jobs": {}}
    )
    log: dict[Kind, list[Event]] = field(default_factory=lambda: {"scheduledjobs": [], "cronjobs": [], "jobs": []})
    told: list[Callable[[Event], None]] = field(default_factory=list)
    version: int = 0
    _owned: dict[str, dict[str, set[Path]]] = field(default_factory=dict)

    def get(self, kind: Kind, name: str) -> Body:
        """Read an object; 404 when there is none."""
        try:
            return self.objects[kind][name]
        except KeyError:
            raise ApiError(404, "NotFound", f"{kind} {name}") from None

    def list(self, kind: Kind, owner: str | None = None) -> list[Body]:
        """Read all objects of a kind, or those with a ScheduledJob's label."""
        found = self.objects[kind].values()
        return [body for body in found if owner is None or _labels(body).get(names.LABEL_OWNER) == owner]

    def with_uid(self, uid: str) -> Body | None:
        """Find an object by its uid."""
        return next((b for kind in self.objects.values() for b in kind.values() if b["metadata"]["uid"] == uid), None)

    def create(self, kind: Kind, body: Body, actor: str, *, applied: bool = False) -> Body:
        """Make an object, by a POST or by an apply; 409 when the name is taken, 403 when the policy forbids it."""
        name = body["metadata"]["name"]
        if name in self.objects[kind]:
            raise ApiError(409, "AlreadyExists", f"{kind} {name}")
        if kind == "jobs" and self.fenced:
            _admit(body, self.now)
        metadata = {
            **body["metadata"],
            "namespace": NAMESPACE,
            "uid": f"{kind[:-1]}-{self.version + 1}",
            "creationTimestamp": instants.write(self.now),
            "generation": 1,
        }
        made = {**body, "metadata": metadata}
        if kind != "jobs":
            made.pop("status", None)
        self._own(metadata["uid"], f"{actor}:{'apply' if applied else 'update'}", body)
        return self._write(kind, "ADDED", made, actor)

    def merge(self, kind: Kind, name: str, patch: Body, actor: str, *, status: bool = False) -> Body:
        """Change an object by a merge patch; 409 when the uid or the resourceVersion is another."""
        old = self._checked(kind, name, patch.get("metadata") or {})
        metadata = {k: v for k, v in (patch.get("metadata") or {}).items() if k not in ("uid", "resourceVersion")}
        own = {**patch, "metadata": metadata}
        # Each half leaves the other's part as it is; both take metadata.
        own.pop("spec" if status else "status", None)
        new = merged(old, own)
        self._own(old["metadata"]["uid"], f"{actor}:update", own, values=(old, new))
        return self._change(kind, old, new, actor)

    def replace_status(self, kind: Kind, seen: Body, status: Body, actor: str) -> Body:
        """Write a status whole, if the object is still as it was seen."""
        metadata = seen["metadata"]
        old = self._checked(kind, metadata["name"], metadata)
        return self._change(kind, old, {**old, "status": status}, actor)

    def apply(self, kind: Kind, name: str, body: Body, actor: str) -> Body:
        """Apply on the server's side, by force: takes away what this manager applied before and does no longer."""
        old = self._checked(kind, name, body["metadata"])
        uid = old["metadata"]["uid"]
        wanted = {
            **body,
            "metadata": {k: v for k, v in body["metadata"].items() if k not in ("uid", "resourceVersion")},
        }
        managers = self._owned.setdefault(uid, {})
        new = merged(old, wanted)
        paths = leaves(wanted)
        others = set().union(*(owned for manager, owned in managers.items() if manager != f"{actor}:apply"))
        for path in managers.get(f"{actor}:apply", set()) - paths - others:
            new = _without(new, path)
        self._own(uid, f"{actor}:apply", wanted, values=(old, new))
        managers[f"{actor}:apply"] = paths
        return self._change(kind, old, new, actor)

    def delete(self, kind: Kind, name: str, actor: str, *, uid: str | None = None, orphan: bool = False) -> None:
        """Delete an object; with `orphan` the garbage collector frees its dependents first."""
        old = self._checked(kind, name, {"uid": uid} if uid else {})
        if orphan:
            if "deletionTimestamp" not in old["metadata"]:
                marked = {"deletionTimestamp": instants.write(self.now), "finalizers": [ORPHAN]}
                self._change(kind, old, {**old, "metadata": {**old["metadata"], **marked}}, actor)
            return
        del self.objects[kind][name]
        self.version += 1
        gone = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
        self._tell(Event(self.now, "DELETED", kind, gone, actor))

    def _checked(self, kind: Kind, name: str, precondition: Body) -> Body:
        old = self.get(kind, name)
        for field_ in ("uid", "resourceVersion"):
            wanted = precondition.get(field_)
            if wanted is not None and wanted != old["metadata"][field_]:
                raise ApiError(409, "Conflict", f"{kind} {name}: another {field_}")
        return old

    def _change(self, kind: Kind, old: Body, new: Body, actor: str) -> Body:
        if new == old:
            return old
        if new.get("spec") != old.get("spec"):
            new = {**new, "metadata": {**new["metadata"], "generation": old["metadata"]["generation"] + 1}}
        return self._write(kind, "MODIFIED", new, actor)

    def _write(self, kind: Kind, type_: Literal["ADDED", "MODIFIED"], body: Body, actor: str) -> Body:
        self.version += 1
        written = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        self.objects[kind][written["metadata"]["name"]] = written
        self._tell(Event(self.now, type_, kind, written, actor))
        return written

    def _tell(self, event: Event) -> None:
        self.log[event.kind].append(event)
        for each in self.told:
            each(event)

    def _own(self, uid: str, manager: str, body: Body, values: tuple[Body, Body] | None = None) -> None:
        """Note who owns which field: what a write changes is taken from all others."""
        managers = self._owned.setdefault(uid, {})
        paths = leaves(body)
        if values is not None:
            old, new = values
            changed = {path for path in paths if _at(old, path) != _at(new, path)}
            for owned in managers.values():
                owned -= changed
            paths = changed
        managers.setdefault(manager, set()).update(paths)


def merged(base: Any, patch: Any) -> Any:  # noqa: ANN401 (JSON)
    """Lay a JSON merge patch (RFC 7386) over a value."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def leaves(body: Any, path: Path = ()) -> set[Path]:  # noqa: ANN401 (JSON)
    """List the paths of all values; a list is one value."""
    if not isinstance(body, dict):
        return {path}
    return {leaf for key, value in body.items() for leaf in leaves(value, (*path, key))}


def controller_of(body: Body) -> str | None:
    """Give the uid of the owner that is the controller."""
    owners = body["metadata"].get("ownerReferences") or ()
    return next((each["uid"] for each in owners if each.get("controller")), None)


def slot_of(job: Body) -> datetime | None:
    """Give a Job's slot; None for a manual run."""
    text = (job["metadata"].get("annotations") or {}).get(names.SLOT)
    return instants.read(text) if text else None


def _labels(body: Body) -> dict[str, str]:
    return body["metadata"].get("labels") or {}


def _admit(job: Body, now: datetime) -> None:
    """The admission policy's three comparisons, as charts/tally/templates/fence.yaml has them."""
    annotations = job["metadata"].get("annotations") or {}
    if names.AFTER not in annotations or names.SLOT not in annotations:
        return
    slot = instants.read(annotations[names.SLOT])
    allowed = slot > instants.read(annotations[names.AFTER])
    if names.NOT_AFTER in annotations:
        allowed = allowed and slot <= instants.read(annotations[names.NOT_AFTER])
    if names.EXPIRES in annotations:
        allowed = allowed and now.replace(microsecond=0) < instants.read(annotations[names.EXPIRES])
    if not allowed:
        raise ApiError(403, "Forbidden", f"the fence refuses {job['metadata']['name']}")


def _at(body: Any, path: Path) -> Any:  # noqa: ANN401 (JSON)
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _without(body: Body, path: Path) -> Body:
    if path[0] not in body:
        return body
    if len(path) == 1:
        return {key: value for key, value in body.items() if key != path[0]}
    inner = body[path[0]]
    return {**body, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else body
