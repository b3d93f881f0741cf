"""Free ports of this machine, on the loopback address alone."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """Something else listens on the port that was asked for."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def checked(port: int) -> int:
    """Return a port that was asked for. Raises PortTaken when somebody listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortTaken(f"port {port}: {error.strerror}; name another, or none for any free port") from error
    return port
