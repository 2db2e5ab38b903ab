"""The shop around its jobs, on this machine: PostgreSQL and a mail server, where pods reach both."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from tally_cluster import images

from tests.e2e.kube import Json
from tests.e2e.mailbox import Mailbox, mailbox
from tests.postgres import Postgres, postgres

JOBS = ("send-abandoned-cart-emails", "cleanup-expired-carts")


@dataclass(frozen=True)
class Shop:
    """A shop with the sample data of `make shop-db`; each job has a database of its own, as each changes it.

    Args:
        server: Holds the databases.
        mailbox: Where the mails go.
    """

    server: Postgres
    mailbox: Mailbox

    def secret(self, job: str) -> Json:
        """Fill a job's database, and write the Secret that leads to it."""
        database = _database(job)
        variables = {"DATABASE_URL": self.server.create(database), "SMTP_URL": self.mailbox.url}
        loader = [sys.executable, "-m", "jobs._shop"]
        subprocess.run(loader, cwd=images.REPOSITORY, env=os.environ | variables, check=True, capture_output=True)
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": job}, "stringData": variables}

    def rows(self, job: str, query: str) -> list[tuple[Any, ...]]:
        """Ask a job's database."""
        with psycopg.connect(self.server.url(_database(job))) as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def open_shop(listen: str) -> Iterator[Shop]:
    """Run the shop.

    Args:
        listen: The address of this machine that it listens on.
    """
    with postgres(listen) as server, mailbox(listen) as box:
        yield Shop(server, box)


def variables_from(secret: str) -> Json:
    """Write the pod template of a job that gets the shop's addresses from a Secret."""
    env = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}
        for name in ("DATABASE_URL", "SMTP_URL")
    ]
    return {"spec": {"containers": [{"name": "job", "env": env}]}}


def _database(job: str) -> str:
    return job.replace("-", "_")
