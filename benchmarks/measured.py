"""Processes of their own, measured: seconds, and the peak of the resident memory of a process and its children."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Memory:
    """Resident memory of a process tree over time; `samples` are (UTC moment, MiB)."""

    process: psutil.Process
    samples: list[tuple[datetime.datetime, float]] = field(default_factory=list)

    def watch(self) -> None:
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.samples.append((datetime.datetime.now(datetime.UTC), self._resident() / 2**20))
            time.sleep(0.1)

    def _resident(self) -> int:
        total = 0
        for process in [self.process, *self._children()]:
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return total

    def _children(self) -> list[psutil.Process]:
        try:
            return self.process.children(recursive=True)
        except psutil.Error:
            return []

    def peak(self, start: datetime.datetime | None = None, end: datetime.datetime | None = None) -> float:
        inside = [mib for at, mib in self.samples if (start is None or at >= start) and (end is None or at <= end)]
        return max(inside, default=0.0)


def run(command: list[str], output: Path, folder: Path | None = None, **environment: str) -> tuple[float, Memory]:
    """Run a command to its end, in a folder, its output in a file; exit with that when it fails."""
    started = time.monotonic()
    with output.open("w") as target:
        child = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=target, stderr=subprocess.STDOUT
        )
        memory = Memory(psutil.Process(child.pid))
        watcher = threading.Thread(target=memory.watch)
        watcher.start()
        code = child.wait()
        seconds = time.monotonic() - started
        watcher.join()
    if code:
        sys.exit(f"{' '.join(command)[:200]} ended with {code}:\n{output.read_text()[-3000:]}")
    return seconds, memory


def processor_seconds() -> float:
    """Processor seconds of all processes that this one started and that have ended, their own children included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine() -> str:
    """One line about this machine."""
    memory = psutil.virtual_memory().total / 2**30
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{psutil.cpu_count()} cores of {model}, {memory:.0f} GiB memory, {system}"
