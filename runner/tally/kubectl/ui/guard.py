"""Who may ask the page anything: whoever has the token, from the page itself, under the loopback's own name.

The loopback is open to every program and every web page on this machine. A page elsewhere can send requests here; it
cannot know the token, and its Origin gives it away. A name that is made to lead here (DNS rebinding) is none of ours.
"""

import hmac
from collections.abc import Mapping

PARAMETER = "token"
SAFE_METHODS = ("GET", "HEAD")
# What a page may do that comes from here: its own script and style, and requests to where it came from.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAMES = ("127.0.0.1", "localhost")


def cookie_name(port: int) -> str:
    """Name the cookie: a browser keeps cookies by host, and two of these pages have only ports of their own."""
    return f"tally-ui-{port}"


def is_token(given: str | None, token: str) -> bool:
    """Tell whether it is the token, in a time that does not tell how much of it is right."""
    return given is not None and hmac.compare_digest(given.encode(), token.encode())


def stranger(method: str, headers: Mapping[str, str], port: int) -> str | None:
    """Say why a request comes from somewhere else than the page.

    Args:
        method: Of the request.
        headers: Of the request.
        port: Where it arrived.

    Returns:
        A sentence; None where it may come from the page, whose token is still to be seen.
    """
    host = headers.get("Host", "")
    if host not in {f"{name}:{port}" for name in _NAMES}:
        return f"This page is no {host!r}: open the address that kubectl tally ui has printed."
    origin = headers.get("Origin")
    if origin is None and method not in SAFE_METHODS:
        return "A request that changes something has to say from which page it comes (Origin)."
    if origin is not None and origin != f"http://{host}":
        return f"A page of {origin!r} may ask nothing here."
    return None
