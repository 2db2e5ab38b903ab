"""Remind a customer of what lies in the cart: once for each state of the cart."""

from collections.abc import Mapping
from typing import Any

from tally import Container, workflow

from jobs._shop.mailer import Mail
from jobs._workflows.send_mail import send_mail_workflow


@workflow
async def send_abandoned_cart_email_workflow(container: Container, cart: Mapping[str, Any]) -> bool:
    """Send the mail; False where it was sent for this state of the cart before."""
    return (await send_mail_workflow(container).run(input=_mail(cart))).result


def _mail(cart: Mapping[str, Any]) -> Mail:
    lines = [f"  {item['quantity']} x {item['product']['title']}" for item in cart["items"]]
    return Mail(
        # A cart that was changed and abandoned again is another matter, and worth another mail.
        id=f"abandoned-cart.{cart['id']}.{cart['updated_at']:%Y%m%dT%H%M%S.%f}",
        recipient=cart["email"],
        subject="You left something in your cart",
        text="\n".join(["It is still there:", "", *lines, ""]),
    )
