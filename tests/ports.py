"""A port for a server that a test starts."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """Give a port that nobody has at this moment.

    Args:
        address: Where it is to be free.
    """
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
