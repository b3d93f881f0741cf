"""What can go wrong in the guard itself; bad data is never an error but a result."""

from __future__ import annotations


class GuardError(Exception):
    """A rule could not be judged (our fault or the set-up's): names suite, rule and cause."""


class SuiteError(GuardError):
    """A suite file is wrong: names the file, the rule or key, and what is allowed there."""
