"""What the jobs talk to, for real: a mail server, and the third-party catalogue."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"


@dataclass
class MailServer:
    """Takes mail, and does as a test wants."""

    received: list[tuple[str, Message]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # these addresses
    rejected: set[str] = field(default_factory=set)  # what is sent to these, once it has come
    silent: set[str] = field(default_factory=set)  # it takes these mails, and hangs up without a word
    gate: threading.Event = field(default_factory=threading.Event)  # closed, it takes a mail and answers later
    arrived: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.received]

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such customer"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.rejected & set(envelope.rcpt_tos):
            return "554 looks like spam"
        content = envelope.content
        assert isinstance(content, bytes)
        self.received += [(recipient, message_from_bytes(content)) for recipient in envelope.rcpt_tos]
        self.arrived.set()
        await asyncio.to_thread(self.gate.wait)
        if self.silent & set(envelope.rcpt_tos):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    controller = _OnAFreePort(server, hostname=LOOPBACK, port=0)
    controller.start()
    server.url = f"smtp://{LOOPBACK}:{controller.port}"
    try:
        yield server
    finally:
        server.gate.set()
        controller.stop()


@dataclass
class CatalogServer:
    """The third-party service: what was PUT to it, and what it then has."""

    puts: list[str] = field(default_factory=list)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)  # answered by 500
    url: str = ""

    def take(self, path: str, body: bytes) -> tuple[int, bytes]:
        product = path.removeprefix("/api/products/")
        self.puts.append(product)
        if product in self.failing or "all" in self.failing:
            return 500, b"out of order"
        self.products[product] = json.loads(body)
        return 204, b""


@contextmanager
def catalog_server() -> Iterator[CatalogServer]:
    catalog = CatalogServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer with a body is late by the client's delayed acknowledgement

        def do_PUT(self) -> None:
            status, text = catalog.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        catalog.url = f"http://{LOOPBACK}:{server.server_port}/api"
        try:
            yield catalog
        finally:
            server.shutdown()
            thread.join()
