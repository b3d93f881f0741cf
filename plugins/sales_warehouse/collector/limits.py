"""What one client, and all of them together, may ask of the collector."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sales_warehouse.collector.refusal import Refused, busy

MOST_CLIENTS = 10_000


class Addresses:
    """The networks that may post; none means all."""

    def __init__(self, networks: Sequence[str]) -> None:
        self.networks = tuple(ipaddress.ip_network(network) for network in networks)

    def check(self, client: str) -> None:
        """Raise Refused for a client of another network."""
        if not self.networks:
            return
        try:
            address = ipaddress.ip_address(client)
        except ValueError as error:
            raise Refused(403, "address", "this address may not post here") from error
        address = getattr(address, "ipv4_mapped", None) or address  # an IPv4 client of an IPv6 socket
        if not any(address in network for network in self.networks):
            raise Refused(403, "address", "this address may not post here")


class Rate:
    """A bucket of requests for each client address that refills steadily; the least recent ones are forgotten."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, client: str) -> None:
        """Take a request from the client's bucket; raise Refused when it is empty."""
        if self.per_minute is None:
            return
        now = time.monotonic()
        left, since = self._left.pop(client, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - since) * self.per_minute / 60)
        self._left[client] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        if left < 1:
            seconds = max(1, round((1 - left) * 60 / self.per_minute))
            raise Refused(429, "rate", "too many requests from this address", retry_after=seconds)


class Memory:
    """Bytes of bodies that may be in memory at once, over all requests."""

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0

    @contextmanager
    def taking(self, size: int) -> Iterator[None]:
        """Hold so many bytes during the block; raise Refused when others hold too much."""
        if self.taken and self.taken + size > self.most:
            raise busy("too many large requests at once; try again", 2)
        self.taken += size
        try:
            yield
        finally:
            self.taken -= size
