"""Where a company's state lives: one folder, one attribute for each room in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sales_warehouse import settings


@dataclass(frozen=True)
class Home:
    """Every path that a run of one company reads or writes, below `<root>/<company_id>/`."""

    root: Path
    company_id: str

    @classmethod
    def of(cls, company_id: str) -> Home:
        """Home of a company in the state folder of this machine."""
        return cls(settings.state_folder(), company_id)

    @property
    def dir(self) -> Path:
        return self.root / self.company_id

    @property
    def landing(self) -> Path:
        return self.dir / "landing"

    @property
    def spool(self) -> Path:
        """What the collector received: one folder of finished files for each endpoint, a source like any other."""
        return self.dir / "spool"

    @property
    def conformed(self) -> Path:
        return self.dir / "conformed"

    @property
    def corrections(self) -> Path:
        """What people said about rows in quarantine; kept for good, like landing."""
        return self.dir / "corrections"

    @property
    def decisions(self) -> Path:
        """What people decided about customers: merges, splits and what they took back; kept for good."""
        return self.dir / "decisions"

    @property
    def sheets(self) -> Path:
        """Where people put mended sheets for the DAG that lets corrected rows in."""
        return self.dir / "sheets"

    @property
    def accepted(self) -> Path:
        return self.dir / "accepted"

    @property
    def quarantine(self) -> Path:
        return self.dir / "quarantine"

    @property
    def repaired(self) -> Path:
        """Values that kept a row in quarantine once and do not any more: the history of what was repaired."""
        return self.dir / "repaired"

    @property
    def purged(self) -> Path:
        """Lists of the texts that were purged; kept for good, so that they stay away."""
        return self.dir / "purged"

    @property
    def identity(self) -> Path:
        return self.dir / "identity"

    @property
    def settings(self) -> Path:
        return self.dir / "settings"

    @property
    def ledger(self) -> Path:
        return self.dir / "ledger"

    @property
    def warehouse(self) -> Path:
        return self.dir / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        """The working DuckDB file. dbt is its only writer; readers use what is published."""
        return self.warehouse / "working.duckdb"

    @property
    def published(self) -> Path:
        return self.dir / "published"

    @property
    def current(self) -> Path:
        """The version that readers see: a link that is swapped in one step."""
        return self.published / "current"

    @property
    def nights(self) -> Path:
        """Recipes of the nights that published, and what they were made from: a past night can be run again."""
        return self.dir / "nights"

    @property
    def history(self) -> Path:
        """What nights said of closed periods and of incidents; kept for good."""
        return self.dir / "history"

    @property
    def runs(self) -> Path:
        return self.dir / "runs"

    @property
    def airflow(self) -> Path:
        return self.dir / "airflow"

    @property
    def logs(self) -> Path:
        return self.dir / "logs"

    @property
    def data_docs(self) -> Path:
        return self.dir / "data_docs"

    @property
    def watch(self) -> Path:
        """What people were told of incidents and what they decided about them; kept for good."""
        return self.dir / "watch"

    @property
    def messages(self) -> Path:
        return self.dir / "messages"

    @property
    def reviews(self) -> Path:
        """The packs of the weekly review, one for each week, and their tables; a pack is kept as it was made."""
        return self.dir / "reviews"

    @property
    def secrets(self) -> Path:
        return self.dir / "secrets"

    @property
    def tmp(self) -> Path:
        return self.dir / "tmp"

    @property
    def source_data(self) -> Path:
        """Where the demo company's systems keep their data; other companies name their own places."""
        return self.dir / "source_data"
