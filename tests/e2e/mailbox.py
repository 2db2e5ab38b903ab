"""A mail server for tests: takes every mail, and keeps it."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """All mails that came, as they were sent.

    Args:
        host: The address at which the server listens.
    """

    def __init__(self, host: str) -> None:
        self.mails: list[EmailMessage] = []
        self.host = host
        self.port = 0

    @property
    def url(self) -> str:
        """The server's address, as an `SMTP_URL`."""
        return f"smtp://{self.host}:{self.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail; aiosmtpd calls this."""
        content = cast("bytes", envelope.content)
        self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
        return "250 kept"


class _AnyPort(Controller):
    """Listens at a port that the system chooses, which aiosmtpd would look for at port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mailbox(listen: str) -> Iterator[Mailbox]:
    """Run a mail server in a thread.

    Args:
        listen: The address of this machine that it listens on.
    """
    box = Mailbox(listen)
    server = _AnyPort(box, hostname=listen, port=0)
    server.start()
    try:
        box.port = server.port
        yield box
    finally:
        server.stop()
