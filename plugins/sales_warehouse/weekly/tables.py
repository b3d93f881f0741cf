"""A kept pack as tables for BI tools: one Parquet file for each part, with the types of the marts.

They are made of the pack alone, so the same pack gives the same tables, whenever they are written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import durable
from sales_warehouse.sql import as_parquet, ident

FIGURE = "decimal(28, 8)"
# A column is text but for these, and for those whose names end like the next ones.
TYPES = {"is_personal": "boolean", "comparison_rate": "decimal(18, 8)", "dimension_value": "varchar"}
ENDINGS = {"_date": "date", "_on": "date", "_count": "bigint", "_rate": FIGURE, "value": FIGURE}
COLUMNS = {
    "movers": """metric_id metric_name_en metric_name_zh unit direction dimension_name dimension_value member_en
        member_zh period_grain period_start_date period_end_date previous_start_date value previous_value change_value
        change_rate workday_count previous_workday_count comparison_rate comparable_value comparable_change_value
        comparable_change_rate change_type""",
    "incidents": """incident_key incident_status severity title_en title_zh reason_en reason_zh is_personal owner
        opened_date closed_date period_start_date period_end_date subject_count rule_id alert_key playbook_id
        playbook_name_en playbook_name_zh playbook_department playbook_steps_en playbook_steps_zh""",
    "actions": """action_key incident_key incident_title_en incident_title_zh playbook_id playbook_name_en
        playbook_name_zh department owner accepted_date due_date action_status closed_date metric_id dimension_name
        dimension_value outcome_status outcome_reason_en outcome_reason_zh effect_type effect_value lower_value
        upper_value""",
    "targets": """target_id target_name_en target_name_zh metric_id unit target_value upper_value actual_value
        progress_rate expected_progress_rate projected_value projected_status starts_on due_on owner status""",
    "lints": "subject_type subject_id lint_type smart_letter severity message_en message_zh",
    # of packs that were kept before there were incidents in them
    "alerts": "incident_key severity owner reason_en reason_zh playbook_id",
}


def write(folder: Path, pack: dict[str, Any]) -> None:
    """Write the tables of a pack into a folder of their own, all of them in one step."""
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}{durable.TEMPORARY}")
    scratch.mkdir()
    with duckdb.connect() as db:
        for part in parts(pack):
            _fill(db, part, pack)
            db.execute(f"copy {part} to {as_parquet(scratch / f'{part}.parquet')}")
    durable.move(scratch, folder)


def parts(pack: dict[str, Any]) -> list[str]:
    """The parts of a pack that are tables; the actions of one with alerts were playbooks, not what somebody does."""
    return [part for part in COLUMNS if part in pack and not (part == "actions" and "alerts" in pack)]


def column_type(name: str) -> str:
    """The type of a column, by its name."""
    return TYPES.get(name) or next((kind for end, kind in ENDINGS.items() if name.endswith(end)), "varchar")


def _fill(db: duckdb.DuckDBPyConnection, part: str, pack: dict[str, Any]) -> None:
    """Make the table of a part in its order; what an older pack does not say is null."""
    names = COLUMNS[part].split()
    listed = ", ".join(f"{ident(name)} {column_type(name)}" for name in ("week_start_date", *names))
    db.execute(f"create table {part} ({listed})")
    rows = [[pack["week_start_date"], *(row.get(name) for name in names)] for row in pack[part]]
    if rows:
        db.executemany(f"insert into {part} values ({', '.join('?' for _ in rows[0])})", rows)
