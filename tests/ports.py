"""A port for a server that a test starts."""

import os
import socket
from itertools import count

# Below those that the kernel gives to outgoing connections, and away from those of the local clusters.
_FIRST, _NUMBER = 10_000, 10_000
# Many tests start servers at once, each some seconds after it was given its port: no two are given the same, and test
# runs beside each other begin at different places.
_turns = count(os.getpid() * 97)


def free_port(address: str = "127.0.0.1") -> int:
    """Give a port that nobody has at this moment, and that is given to nobody else of this test run.

    Args:
        address: Where it is to be free.
    """
    for turn in _turns:
        port = _FIRST + turn % _NUMBER
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
        return port
    raise AssertionError("count() has no end")
