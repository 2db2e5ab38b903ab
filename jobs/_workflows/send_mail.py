"""Send one mail, once: claim it, send it, remember it.

| what happens | then |
| --- | --- |
| the server refuses it, or cannot be reached | the claim is given back, and the next run tries again |
| SIGTERM while it is sent | the sending is waited for: it is remembered, or the claim is given back |
| the process is killed meanwhile, or the connection breaks before the answer | the claim stays: no other try |

SMTP leaves a gap in which nobody can know whether a mail arrived. So one must choose, and here no mail comes twice:
`SELECT * FROM mail WHERE sent_at IS NULL` shows those that may never have come.
"""

from tally import Container, step, workflow

from jobs._shop import memory
from jobs._shop.mailer import Mail, Mailer


@workflow
async def send_mail_workflow(container: Container, mail: Mail) -> bool:
    """Send a mail; False where it was sent, or begun to be, before."""
    mailer = container.resolve("mailer")
    if not await claim(container, mail):
        return False
    await remember(container, await send(mailer, mail))
    return True


async def release(container: Container, mail: Mail | None) -> None:
    """Undo a claim."""
    if mail is not None:
        await memory.release(container.resolve("database"), mail.id)


@step(compensate=release)
async def claim(container: Container, mail: Mail) -> Mail | None:
    """Claim the mail, as nobody else may then send it; None where somebody else has."""
    return mail if await memory.claim(container.resolve("database"), mail) else None


async def remember(container: Container, sent: Mail | None) -> None:
    """Remember a mail that is out; it is also how `send` is compensated, as nothing takes a mail back."""
    if sent is not None:
        await memory.record(container.resolve("database"), sent.id)


@step(compensate=remember)
def send(mailer: Mailer, mail: Mail) -> Mail | None:
    """Send the mail, in a thread; None where nobody knows whether it arrived."""
    return mail if mailer.send(mail) else None
