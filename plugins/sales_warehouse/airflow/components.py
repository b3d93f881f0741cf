"""Airflow's processes for one machine, as one: when one of them ends, this ends, and the leash ends the others.

Unlike `airflow standalone` it notices a part that died, sets the pools, and opens no port but the UI's: task logs are
read from disk, so that nothing serves them to the network.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sales_warehouse.airflow import metadata
from sales_warehouse.airflow.refresh_lock import RefreshBusy, refresh_lock
from sales_warehouse.home import Home

COMPONENTS = (
    ("api-server",),
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)


def run(home: Home) -> int:
    """Prepare the database, start every component and return the exit code of the first one that ends."""
    metadata.prepare()
    _recover(home)
    running = {arguments[0]: subprocess.Popen(["airflow", *arguments]) for arguments in COMPONENTS}
    while all(process.poll() is None for process in running.values()):
        time.sleep(0.5)
    ended = {name: process.returncode for name, process in running.items() if process.returncode is not None}
    print("ended by itself: " + ", ".join(f"{name} (exit code {code})" for name, code in ended.items()), flush=True)
    return max(ended.values()) or 1


def _recover(home: Home) -> None:
    try:
        with refresh_lock(home):
            metadata.recover()
    except RefreshBusy:
        return  # a refresh is at work right now: nothing of it is to be tidied up


if __name__ == "__main__":
    sys.exit(run(Home(Path(sys.argv[1]), sys.argv[2])))
