"""Send one mail, once: claim it, send it, remember it.

| what happens | then |
| --- | --- |
| the server refuses it, or cannot be reached | the claim is given back, and the next run tries again |
| SIGTERM while it is sent | the sending is waited for: it is remembered, or the claim is given back |
| it is sent, and cannot be remembered | the claim stays: no other try |
| the process is killed meanwhile, or the connection breaks before the answer | the claim stays: no other try |

SMTP leaves a gap in which nobody can know whether a mail arrived. So one must choose, and here no mail comes twice:
`SELECT * FROM mail WHERE sent_at IS NULL` shows those that may never have come.
"""

from dataclasses import dataclass

from tally import Container, step, workflow

from jobs._shop import memory
from jobs._shop.mailer import Mail, Mailer


@dataclass
class Claim:
    """The right to send a mail.

    Args:
        mail: The mail.
        used: Whether it is out, or may be: then there is nothing to give back.
    """

    mail: Mail
    used: bool = False


@workflow
async def send_mail_workflow(container: Container, mail: Mail) -> bool:
    """Send a mail; False where it was sent, or begun to be, before."""
    mailer = container.resolve("mailer")
    claimed = await claim(container, mail)
    if claimed is None:
        return False
    await remember(container, await send(mailer, claimed))
    return True


async def release(container: Container, claimed: Claim | None) -> None:
    """Give a claim back that was not used."""
    if claimed is not None and not claimed.used:
        await memory.release(container.resolve("database"), claimed.mail)


@step(compensate=release)
async def claim(container: Container, mail: Mail) -> Claim | None:
    """Claim the mail, as nobody else may then send it; None where somebody else has."""
    return Claim(mail) if await memory.claim(container.resolve("database"), mail) else None


async def remember(container: Container, sent: Mail | None) -> None:
    """Remember a mail that is out; it is also how `send` is compensated, as nothing takes a mail back."""
    if sent is not None:
        await memory.record(container.resolve("database"), sent)


@step(compensate=remember)
def send(mailer: Mailer, claimed: Claim) -> Mail | None:
    """Send the mail, in a thread; None where nobody knows whether it arrived."""
    certain = mailer.send(claimed.mail)  # raises where it was certainly not sent
    claimed.used = True
    return claimed.mail if certain else None
