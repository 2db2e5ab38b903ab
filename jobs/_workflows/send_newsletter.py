"""Send one issue of the newsletter to many customers, to each of them once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tally import Container, workflow

from jobs._items import Items
from jobs._shop.mailer import Mail
from jobs._workflows.send_mail import send_mail_workflow


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One issue.

    Args:
        day: Which one it is; a customer gets one a day.
        titles: The products in it.
        customers: Who gets it; each with `id` and `email`.
    """

    day: date
    titles: Sequence[str]
    customers: Sequence[Mapping[str, Any]]


@workflow
async def send_newsletter_workflow(container: Container, issue: Issue) -> dict[str, int]:
    """Send the issue, and count; a mail that fails undoes itself, and the others go on."""
    items = Items(container.resolve("logger"))
    for customer in issue.customers:
        with items.each(f"mail to {customer['id']}"):
            sent = await send_mail_workflow(container).run(input=_mail(issue, customer))
            items.processed += sent.result
    return items.result()


def _mail(issue: Issue, customer: Mapping[str, Any]) -> Mail:
    return Mail(
        id=f"newsletter.{issue.day}.{customer['id']}",
        recipient=customer["email"],
        subject=f"Tea of the week, {issue.day:%d %B %Y}",
        text="\n".join(["New with us:", "", *(f"  {title}" for title in issue.titles), ""]),
    )
