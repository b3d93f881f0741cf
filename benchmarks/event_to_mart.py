"""Measure how long an event takes from its file to the published marts, in a company that has been refreshed before.

`python benchmarks/event_to_mart.py` after `make run`: one web event is written into the demo's web folder, and what
the DAG `micro_batch` and the warehouse do follows, step by step. The bound for a reader of the marts is this and one
interval of `SALES_WAREHOUSE_MICRO_BATCH_CRON`; with `--scheduler` Airflow itself does it, every minute, once
`micro_batch`, `warehouse` and `watch` are switched on in its UI. The state is changed: do it in one that
may be thrown away.
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from sales_warehouse import publish, steps

START_SECONDS, LONGEST_SECONDS = 60, 600


def main(
    company: Annotated[Path, typer.Option(help="Folder of the company.")] = Path("config/demo"),
    times: Annotated[int, typer.Option(help="Events, one after the other.")] = 3,
    scheduler: Annotated[bool, typer.Option("--scheduler", help="Let a real scheduler do it, every minute.")] = False,
) -> None:
    """Print the seconds of each step and of the whole, event by event."""
    if scheduler:
        _by_the_scheduler(company, times)
        return
    for number in range(times):
        run = steps.make_run(company, business_date=None)
        name = _write_event(run)
        started, told = time.monotonic(), []
        for step, subject in (
            *((getattr(steps, name), ("web",)) for name in ("extract", "conform", "gate")),
            *((getattr(steps, name), ()) for name in ("identify", "transform", "audit", "publish")),
        ):
            begun = time.monotonic()
            step(run, *subject)
            told.append(f"{step.__name__} {time.monotonic() - begun:.1f}")
        assert _is_published(run, name), f"the event {name} is not in the marts"
        print(f"event {number + 1}: {time.monotonic() - started:.1f} s ({', '.join(told)})", flush=True)


def _by_the_scheduler(company: Path, times: int) -> None:
    """Start Airflow as `make ui` does, with a micro-batch every minute, and wait for each event."""
    run = steps.make_run(company, business_date=None)
    environment = os.environ | {"SALES_WAREHOUSE_MICRO_BATCH_CRON": "* * * * *"}
    command = [str(Path(sys.executable).with_name("sales-warehouse")), "ui", "--company", str(company)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as airflow:
        try:
            time.sleep(START_SECONDS)
            for number in range(times):
                name, started = _write_event(run), time.monotonic()
                while not _is_published(run, name):
                    if time.monotonic() - started > LONGEST_SECONDS:
                        raise SystemExit(f"the event {name} is not in the marts after {LONGEST_SECONDS} s")
                    time.sleep(1)
                print(f"event {number + 1}: {time.monotonic() - started:.0f} s", flush=True)
        finally:
            airflow.send_signal(signal.SIGINT)


def _write_event(run: steps.Run) -> str:
    """Write one web event as the web system does; return its id."""
    at = run.source_clock + datetime.timedelta(hours=8)
    name = f"bench-{time.time_ns()}"
    event = {
        "id": name, "type": "form_post", "visitor": "v1", "crm_contact": None, "page_kind": "enquiry_form",
        "page": "contact-us", "time": f"{at - datetime.timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}+08:00",
    }  # fmt: skip
    file = run.home.source_data / "web" / f"web_events_{name}.jsonl"
    scratch = file.with_name(f".{file.name}")
    scratch.write_text(json.dumps(event) + "\n", encoding="utf-8")
    scratch.rename(file)
    return name


def _is_published(run: steps.Run, name: str) -> bool:
    folder = publish.current_folder(run.home)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute("select count(*) from marts.fct_web_events where event_key = ?", [f"web:{name}"]).fetchall()
    return found == [(1,)]


if __name__ == "__main__":
    typer.run(main)
