"""Counts of what became of requests, for the log: no ids, no addresses, no bodies, and a bounded number of lines."""

from __future__ import annotations

import logging
from collections import Counter

log = logging.getLogger(__name__)
NO_ENDPOINT = "(none)"


class Tally:
    """Counts by endpoint and word since the last report."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, endpoint: str, word: str) -> None:
        """Count a request. Both words come from the configuration or the code, never from a request."""
        self.counts[endpoint, word] += 1

    def report(self) -> None:
        """Log one line for each endpoint that was asked since the last time."""
        counts, self.counts = self.counts, Counter()
        for endpoint in sorted({endpoint for endpoint, _ in counts}):
            found = sorted((word, number) for (name, word), number in counts.items() if name == endpoint)
            log.info("%s: %s", endpoint, ", ".join(f"{word} {number}" for word, number in found))
