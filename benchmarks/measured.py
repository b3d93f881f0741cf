"""Processes of their own, measured: seconds of the clock and the processor, and the peak of resident memory."""

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


@dataclass(frozen=True)
class Sample:
    """A process and its children at a UTC moment: resident memory, processor seconds so far."""

    at: datetime.datetime
    mebibytes: float
    processor: float


@dataclass
class Usage:
    """What a process and its children take, over time."""

    process: psutil.Process
    samples: list[Sample] = field(default_factory=list)

    def watch(self) -> None:
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.samples.append(self._sample())
            time.sleep(0.1)

    def _sample(self) -> Sample:
        at, resident, processor = datetime.datetime.now(datetime.UTC), 0, 0.0
        for process in [self.process, *self._children()]:
            try:
                with process.oneshot():
                    resident += process.memory_info().rss
                    # with those of its children that have ended
                    processor += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
        return Sample(at, resident / 2**20, processor)

    def _children(self) -> list[psutil.Process]:
        try:
            return self.process.children(recursive=True)
        except psutil.Error:
            return []

    def peak(self, start: datetime.datetime | None = None, end: datetime.datetime | None = None) -> float:
        """MiB at most, from one moment to another."""
        inside = [
            sample.mebibytes
            for sample in self.samples
            if (start is None or sample.at >= start) and (end is None or sample.at <= end)
        ]
        return max(inside, default=0.0)

    def processor(self, start: datetime.datetime, end: datetime.datetime) -> float:
        """Processor seconds from one moment to another, to a tenth of a second of the clock."""
        spent = [
            max((sample.processor for sample in self.samples if sample.at <= at), default=0.0) for at in (start, end)
        ]
        return spent[1] - spent[0]


def run(command: list[str], output: Path, folder: Path | None = None, **environment: str) -> tuple[float, Usage]:
    """Run a command to its end, in a folder, its output in a file; exit with that when it fails."""
    started = time.monotonic()
    with output.open("w") as target:
        child = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=target, stderr=subprocess.STDOUT
        )
        usage = Usage(psutil.Process(child.pid))
        watcher = threading.Thread(target=usage.watch)
        watcher.start()
        code = child.wait()
        seconds = time.monotonic() - started
        watcher.join()
    if code:
        sys.exit(f"{' '.join(command)[:200]} ended with {code}:\n{output.read_text()[-3000:]}")
    return seconds, usage


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
