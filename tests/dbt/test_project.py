"""The project's own tests: dbt unit tests, layer rules, one yml for each model, clean SQL."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import world
from ruamel.yaml import YAML

from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.transform import PROJECT, child_environment

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
ENGINE_ONLY = re.compile(r"\bqualify\b|distinct on|::|\basof\b|\* except|\* exclude|\bcurrent_date\b|\bnow\(", re.I)


def ids(path: Path) -> str:
    return path.stem


def _unit_tests() -> int:
    """How many unit tests the models' descriptions hold."""
    described = (model.with_suffix(".yml") for model in MODELS)
    return sum(len(YAML(typ="safe").load(file).get("unit_tests", [])) for file in described)


@pytest.mark.slow
def test_every_rule_holds_on_its_own_rows(at_once: Home, tmp_path: Path) -> None:
    home = Home(tmp_path, "unit")
    shutil.copytree(at_once.dir, home.dir)
    given = json.dumps({**world.VARIABLES, "pending_loads": [], "identity_batch": 0})
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", "test",
         "--select", "test_type:unit", "--profiles-dir", ".", "--target-path", "../target", "--vars", given],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert f"PASS={_unit_tests()} WARN=0 ERROR=0" in done.stdout, done.stdout


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_model_has_a_description_of_its_own_and_portable_sql(model: Path) -> None:
    described = model.with_suffix(".yml").read_text(encoding="utf-8")
    assert f"- name: {model.stem}\n" in described
    assert re.search(r"[一-龥]", described), "the description has no Chinese"
    found = ENGINE_ONLY.search(re.sub(r"--.*|\{#.*?#\}", "", model.read_text(encoding="utf-8")))
    assert found is None, f"{model.name} says {found[0]!r}, which Spark does not know; see macros/engine"


def test_the_portability_rule_bites() -> None:
    assert ENGINE_ONLY.search("select a::int") and ENGINE_ONLY.search("from t QUALIFY row_number() = 1")
    assert not ENGINE_ONLY.search("select a from b")


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_layers_read_only_what_they_may(model: Path) -> None:
    layer = model.relative_to(PROJECT / "models").parts[0]
    sql = model.read_text(encoding="utf-8")
    sources, refs = re.findall(r"source\(", sql), re.findall(r"ref\('(\w+)'\)", sql)
    if layer == "staging":
        assert len(sources) == 1 and not refs and " join " not in sql
    else:
        assert not sources, f"{model.name} reads a source; only staging may"


def test_each_of_the_23_core_metrics_and_of_those_beside_them_has_a_model() -> None:
    assert sorted(metric.number for metric in registry().values() if metric.number) == list(range(1, 24))
    models = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "models" / "kpis").glob("*.sql")}
    made = re.findall(r"kpi_(?:ratio|sum|without_gaps|of_today|median_of_cohorts)\('(\w+)'", "".join(models.values()))
    made += re.findall(r"'(\w+)' as metric_id", "".join(models.values()))
    assert sorted(made) == sorted(registry())
    listed = re.findall(r"'(int_kpi_\w+)'", (PROJECT / "macros" / "kpi.sql").read_text(encoding="utf-8"))
    assert set(listed) | {"int_kpi_closed_opportunities", "int_kpi_values", "int_kpi_quota_attainment"} == set(models)
