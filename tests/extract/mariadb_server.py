"""A real MariaDB server in a folder of the test's, on a free loopback port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

SETUP = """\
create database shop;
create user 'reader'@'%' identified by 'secret';
grant all on shop.* to 'reader'@'%';
"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Start a server, yield its URL, and end it; skip where MariaDB is not installed."""
    server, install = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("mariadb-install-db")
    if not server or not install:
        pytest.skip("MariaDB is not installed; `make test` as root on Debian installs it")
    data, start = folder / "data", folder / "setup.sql"
    start.write_text(SETUP)
    common = ["--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [install, *common, "--user=root", "--auth-root-authentication-method=normal"], check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        f"--socket={folder}/s.sock",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--transaction-isolation=READ-COMMITTED",  # the weaker default that many servers have
        f"--init-file={start}",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([server, *common, "--user=root", *options], stdout=log, stderr=log)
        try:
            _wait(port)
            yield f"mysql://reader:secret@127.0.0.1:{port}/shop"
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="reader", password="secret", database="shop").close()
            return
        except pymysql.Error:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
