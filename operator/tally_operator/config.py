"""What an installation configures, read from the environment once and checked at the start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tally_operator import render
from tally_operator.render import Defaults

DEFAULT_PORT = 8080
_FLAGS = {"": False, "false": False, "true": True}


class ConfigError(Exception):
    """A setting cannot be; the message says which and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Candidacy:
    """One of several operators, of which one leads.

    Args:
        pod: This one's pod.
        namespace: The pod's, where the Lease is.
    """

    pod: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """The operator's settings.

    Args:
        defaults: What holds for every ScheduledJob.
        namespaces: Which ones to watch; empty for all.
        workers: How many ScheduledJobs are worked on at once.
        port: Where `/healthz`, `/readyz` and `/metrics` answer.
        candidacy: None where this operator is the only one.
    """

    defaults: Defaults
    namespaces: tuple[str, ...] = ()
    workers: int = 25  # ten left the API server waiting: 1,000 ScheduledJobs took a fifth longer
    port: int = DEFAULT_PORT
    candidacy: Candidacy | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings.

        Args:
            environ: TALLY_RUNNER_IMAGE is the image of jobs that name none; TALLY_TEMPLATE a JSON file with a partial
                PodTemplateSpec that holds for all; TALLY_NAMESPACES a list with commas, empty for all; TALLY_WORKERS
                and TALLY_PORT are whole numbers; TALLY_ELECTION is true where there are several operators, and
                TALLY_POD and TALLY_POD_NAMESPACE then name this one's pod.

        Raises:
            ConfigError: A setting is missing or cannot be.
        """
        image = environ.get("TALLY_RUNNER_IMAGE", "").strip()
        if not image:
            raise ConfigError("TALLY_RUNNER_IMAGE is not set. Name the runner image, such as tally-runner:0.1.0.")
        namespaces = tuple(filter(None, (name.strip() for name in environ.get("TALLY_NAMESPACES", "").split(","))))
        return cls(
            defaults=Defaults(runner_image=image, template=_template(environ.get("TALLY_TEMPLATE", ""))),
            namespaces=namespaces,
            workers=_whole(environ, "TALLY_WORKERS", cls.workers),
            port=_whole(environ, "TALLY_PORT", cls.port),
            candidacy=_candidacy(environ),
        )


def _candidacy(environ: Mapping[str, str]) -> Candidacy | None:
    text = environ.get("TALLY_ELECTION", "")
    if text not in _FLAGS:
        raise ConfigError(f"TALLY_ELECTION is {text!r}. Write true or false.")
    if not _FLAGS[text]:
        return None
    for name in ("TALLY_POD", "TALLY_POD_NAMESPACE"):
        if not environ.get(name):
            raise ConfigError(f"{name} is not set, but TALLY_ELECTION is true. Set it from the pod's own metadata.")
    return Candidacy(pod=environ["TALLY_POD"], namespace=environ["TALLY_POD_NAMESPACE"])


def _template(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        template = json.loads(Path(path).read_text(encoding="utf-8"))
        render.check(template)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"TALLY_TEMPLATE is {path}, which is no partial PodTemplateSpec: {error} "
            'Write JSON such as {"spec": {"nodeSelector": {"disk": "ssd"}}}.'
        ) from error
    return dict(template)


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ConfigError(f"{name} is {text!r}. Write a whole number, 1 or more.")
    return int(text)
