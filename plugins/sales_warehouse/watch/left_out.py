"""Rules of alerts that the last refresh had to do without, as it noted them: messages and pages tell people of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow.parquet as pq

from sales_warehouse.home import Home

KEY = "left_out|"  # what the key of such news begins with in the outbox; keys of events begin with a rule


@dataclass(frozen=True)
class LeftOut:
    """A rule with a mistake, as far as it can be read: `rule_number` counts the rules of alerts.yml from 1.

    `part` is the key of the rule that is wrong, empty for the whole of it; `mistake` says what is wrong there.
    """

    rule_number: int
    line_number: int | None
    rule_id: str | None
    name_en: str | None
    name_zh: str | None
    owner: str | None
    part: str
    mistake: str
    mistake_zh: str | None = None

    @property
    def key(self) -> str:
        """What tells this mistake from another one: neither its line nor the name of the rule."""
        said = "\n".join((self.rule_id or f"{self.rule_number}", self.part, self.mistake))
        return KEY + hashlib.sha256(said.encode()).hexdigest()[:32]

    def name(self, language: str) -> str | None:
        """What people call the rule in a language, else in the other one, else its id; None where it has neither."""
        names = (self.name_zh, self.name_en) if language == "zh" else (self.name_en, self.name_zh)
        return next(filter(None, (*names, self.rule_id)), None)

    def said(self, language: str) -> str:
        """What is wrong, in a language; a night of a release before there were two has it in English alone."""
        return self.mistake_zh if language == "zh" and self.mistake_zh else self.mistake


def read_left_out(home: Home) -> list[LeftOut]:
    """Return the rules that were left out, in the order of alerts.yml, without those that are switched off.

    Empty before the first refresh, and after one of a release that did not note them.
    """
    file = home.settings / "left_out_rules.parquet"
    rows = pq.read_table(file).to_pylist() if file.is_file() else []
    return [LeftOut(**{n: row.get(n) for n in LeftOut.__annotations__}) for row in rows if row["rule_state"] != "off"]
