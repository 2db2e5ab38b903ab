"""Sends mail by SMTP. Whether a mail went out is known for certain, or said to be unknown: never guessed."""

import contextlib
import logging
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from jobs._items import ItemError

SENDER = "The tea shop <shop@example.com>"
_TIMEOUT_SECONDS = 10
_log = logging.getLogger(__name__)


class MailError(ItemError):
    """The server took our call, but not this mail: it was not sent."""


class MailServerError(ConnectionError):
    """There is no mail server to talk to: nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail.

    Args:
        id: What it is about; two mails with one id are the same, and only one of them is ever sent.
        recipient: The address.
        subject: The subject.
        text: The body.
    """

    id: str
    recipient: str
    subject: str
    text: str


class Mailer:
    """The mail server; each mail gets a connection of its own, so there is nothing to close.

    Args:
        url: Its address, such as `smtp://mail:25`.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme != "smtp" or not address.hostname:
            raise ValueError(f"SMTP_URL is {url!r}. Write for example smtp://mail:25.")
        self._host = address.hostname
        self._port = address.port or smtplib.SMTP_PORT

    def send(self, mail: Mail) -> bool:
        """Send a mail; this blocks, so call it in a thread.

        Args:
            mail: What to send.

        Returns:
            True: the server has it. False: the connection broke between the mail and the answer, so nobody knows.

        Raises:
            MailError: The server refused it, or its address cannot be.
            MailServerError: The server cannot be reached.
        """
        try:
            with contextlib.closing(_Server(self._host, self._port, timeout=_TIMEOUT_SECONDS)) as server:
                server.send_message(_message(mail), to_addrs=[mail.recipient])
                with contextlib.suppress(smtplib.SMTPException):
                    server.quit()
                return server.answered
        except smtplib.SMTPRecipientsRefused as error:
            raise MailError(_refused(mail, *error.recipients[mail.recipient])) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise MailError(_refused(mail, error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            raise MailError(f"Nothing can be sent to {mail.recipient!r}: {error}") from error
        except OSError as error:
            raise MailServerError(f"The mail server {self._host}:{self._port} cannot be used: {error!r}") from error


class _Server(smtplib.SMTP):
    """Tells a broken connection after the mail, which may have arrived, from one before it."""

    answered = True

    def data(self, msg: Any) -> tuple[int, bytes]:  # noqa: ANN401
        """Hand the mail over; what has no answer counts as handed over, since never twice comes first."""
        try:
            return super().data(msg)
        except smtplib.SMTPDataError:
            raise
        except OSError as error:
            _log.warning("The mail server did not say whether it took the mail: %r", error)
            self.answered = False
            return 250, b"unknown"


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = mail.recipient
    message["Date"] = datetime.now(UTC)
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@example.com>"
    message.set_content(mail.text)
    return message


def _refused(mail: Mail, code: int, reason: bytes | str) -> str:
    text = reason if isinstance(reason, str) else reason.decode(errors="replace")
    return f"The mail to {mail.recipient} was refused: {code} {text}"
