"""The project's own tests: dbt unit tests, layer rules, one yml for each model, SQL that Spark knows too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import clocks
import duckdb
import portability
import pytest
import world
from lone_models import rows_of, sql_of
from ruamel.yaml import YAML

from sales_warehouse import dbt_child
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.transform import PROJECT, child_environment

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
IN_PYTHON = sorted((PROJECT / "models").rglob("*.py"))
MACROS = sorted((PROJECT / "macros").rglob("*.sql"))
NIGHTLY = sorted((PROJECT / "tests").glob("*.sql"))


def ids(path: Path) -> str:
    return path.stem


def _unit_tests() -> int:
    """How many unit tests the models' descriptions hold."""
    described = (model.with_suffix(".yml") for model in MODELS)
    return sum(len(YAML(typ="safe").load(file).get("unit_tests", [])) for file in described)


@pytest.fixture(scope="module")
def copy(at_once: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("copy"), "copy")
    shutil.copytree(at_once.dir, home.dir)
    return home


def run(home: Home, program: list[str], target: str, pending: list[str], *arguments: str) -> str:
    """Run dbt, or what stands for it, in the copy of the project that was built; return what it said."""
    given = json.dumps({**world.VARIABLES, "pending_loads": pending, "identity_batch": 0})
    done = subprocess.run(
        [sys.executable, *program, "--no-use-colors", "--log-path", "../logs", *arguments, "--project-dir", ".",
         "--profiles-dir", ".", "--target-path", f"../{target}", "--vars", given],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_asks_for_a_variable_while_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night would be parsed anew, and what is kept would serve no other company."""
    monkeypatch.chdir(PROJECT)
    assert not dbt_child._asks_in_parsing()


@pytest.mark.slow
def test_every_rule_holds_on_its_own_rows(copy: Home) -> None:
    said = run(copy, ["-m", "dbt.cli.main"], "target", [], "test", "--select", "test_type:unit")
    assert f"PASS={_unit_tests()} WARN=0 ERROR=0" in said, said


@pytest.mark.slow
def test_every_compiled_model_is_what_spark_knows(copy: Home) -> None:
    """Compiled once more with the macros for Spark, as for a night that has something new."""
    spark = str(Path(__file__).with_name("spark.py"))
    run(copy, [spark], "spark", list(world.THIRD.loads), "compile", "--quiet", "--select", "resource_type:model")
    compiled = copy.warehouse / "spark" / "compiled" / "sales_warehouse"
    texts = {model.stem: (compiled / model.relative_to(PROJECT)).read_text(encoding="utf-8") for model in MODELS}
    assert any("unix_micros" in text for text in texts.values()), "not compiled with the macros for Spark"
    found = [wrong for model, text in texts.items() for wrong in portability.unportable(model, text)]
    assert found == [], "\n".join(found)


def test_functions_of_one_engine_are_called_in_its_macros_alone() -> None:
    files = [*MODELS, *(file for file in MACROS if file.parent != portability.ENGINE), *NIGHTLY]
    found = [wrong for file in files for wrong in portability.by_hand(file.name, file.read_text(encoding="utf-8"))]
    assert found == [], "\n".join(found)


def test_models_in_python_leave_functions_of_one_engine_to_sql() -> None:
    found = [
        f"{file.name}: {name}"
        for file in IN_PYTHON
        for name in portability.INSTEAD
        if f" {name}(" in file.read_text(encoding="utf-8")
    ]
    assert found == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("select\n    arg_max(a, b)\nfrom t", "m, line 2: arg_max() → write max_by\n    arg_max(a, b)"),
        ("select list_sum(a) from t", "list_sum() → write a macro"),
        ("select date_diff('day', a, b) from t", "date_diff() → write dbt.datediff"),
        ("select lgamma(a) from t", None),  # of macros/engine; by hand it is found in what people wrote
        ("select cast(a as varchar) from t", "the type varchar → write dbt.type_string()"),
        ("select cast(a as hugeint) from t", "hugeint"),
        ("select a::int from t", ":: → write cast()"),
        ('select "a" from t', '"a", which is a text there → write the name without quotes'),
        ("select split_part(a, '\\d', 1) from t", "where \\ escapes"),
        ("select a from t qualify row_number() over (order by a) = 1", "qualify → write row_number() in a subquery"),
        ("select distinct on (a) a, b from t", "distinct on → write row_number() in a subquery"),
        ("select t.a from t\nasof join u on t.a >= u.a", "m, line 2: asof or positional → write max_by"),
        ("select * except (a) from t", "* except → write the columns"),
        ("select * exclude (a) from t", "m, line 1: "),
        ("with recursive r as (select 1 as n) select n from r", "recursive → write each_number"),
        ("select last_value(a ignore nulls) over (order by b) from t", "ignore nulls → write max_by or min_by"),
        ("select a[1] from t", "an element of a list → write each_part"),
        ("select extract(isodow from a) from t", "a day of the week → write day_of_week"),
        ("select a at time zone 'UTC' from t", "at time zone → write business_timestamp"),
        ("select a from t union all by name select a from u", "by name → write the columns in the same order"),
        ("select {'a': 1} as s from t", "m, line 1: "),
        ("select a // 2 from t", "m, line 1: "),
        ('select sum(b) as text from "w"."marts"."t" group by a', None),
    ],
)  # fmt: skip
def test_what_spark_does_not_know_is_found_with_what_to_write(written: str, message: str | None) -> None:
    found = "\n".join(portability.unportable("m", written))
    assert (message in found) if message else found == ""


def test_a_function_of_one_engine_is_found_in_what_people_wrote_but_not_in_a_comment() -> None:
    written = "-- lgamma(a)\n{# lgamma(a) #}\nselect {{ f('lgamma(a)') }}, x | format(1) from t"
    assert list(portability.by_hand("m.sql", written)) == [
        "m.sql, line 3: lgamma() → write log_factorial\n    select {{ f('lgamma(a)') }}, x | format(1) from t"
    ]


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_model_has_a_description_of_its_own(model: Path) -> None:
    described = model.with_suffix(".yml").read_text(encoding="utf-8")
    assert f"- name: {model.stem}\n" in described
    assert re.search(r"[一-龥]", described), "the description has no Chinese"


def test_the_page_of_marts_names_every_mart_once() -> None:
    lines = (PROJECT.parent / "docs" / "marts.md").read_text(encoding="utf-8").splitlines()
    named = [name for line in lines if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == [model.stem for model in MODELS if model.parent.name == "marts"]


KEY_OF_A_DIMENSION = re.compile(
    r"(\w+_)?(customer|contact|product|rep|region|store|dealer|experiment)_key|(\w+_)?channel|platform|stage"
)
FIND_THEIR_DIMENSIONS = "assert_facts_find_their_dimensions"
NO_KEYS = {"fct_enquiries.event_channel": "which log took the enquiry (web, chat or call), no channel of dim_channels"}


def _keys_asserted() -> dict[str, tuple[str, str]]:
    """Each column of a fact that is checked every night, with the dimension and its key."""
    checked = re.findall(
        r"'(\w+\.\w+)' as reference,.*?left join (\w+) as parents on .*?where\s+parents\.(\w+) is null",
        sql_of(FIND_THEIR_DIMENSIONS), re.DOTALL,
    )  # fmt: skip
    assert len(checked) == sql_of(FIND_THEIR_DIMENSIONS).count("as reference")
    return {column: (dimension, key) for column, dimension, key in checked}


def test_every_key_of_a_fact_is_looked_up_in_its_dimension_every_night() -> None:
    described = [model for model in MODELS if model.stem.startswith("fct_")]
    named = {
        f"{model.stem}.{column['name']}"
        for model in described
        for column in YAML(typ="safe").load(model.with_suffix(".yml"))["models"][0]["columns"]
        if KEY_OF_A_DIMENSION.fullmatch(column["name"])
    }
    assert len(described) > 40 and NO_KEYS.keys() <= named
    assert named - _keys_asserted().keys() == NO_KEYS.keys(), "look it up, or say in NO_KEYS what else it is"


MAY_BE_NULL = {
    "fct_customer_contacts.last_touch_channel",
    "fct_customer_timeline.channel",
    "fct_dealer_traces.store_key",
}


@pytest.mark.parametrize("lost", ["'gone'", "null"])
def test_a_key_without_its_member_is_told_by_name_and_so_is_none(lost: str) -> None:
    """A row of each fact with keys that are there, then one with keys that are not."""
    keys = _keys_asserted()
    tables: dict[str, set[str]] = {}
    for column, (dimension, key) in keys.items():
        tables.setdefault(column.split(".")[0], set()).add(column.split(".")[1])
        tables.setdefault(dimension, set()).add(key)
    tables["fct_opportunity_stage_events"].add("opportunity_key")
    tables["dim_deal_stages"].add("source")
    with duckdb.connect() as db:
        for table, columns in tables.items():
            db.execute(f"create table {table} as select "
                       + ", ".join(f"{'known:1' if name == 'opportunity_key' else 'known'!r} as {name}"
                                   for name in sorted(columns)))  # fmt: skip
        assert rows_of(db, FIND_THEIR_DIMENSIONS, "reference, missing") == []
        for table in {column.split(".")[0] for column in keys}:
            own = sorted({column.split(".")[1] for column in keys if column.startswith(f"{table}.")})
            db.execute(f"insert into {table} ({', '.join(own)}) select {', '.join([lost] * len(own))}")
        found = rows_of(db, FIND_THEIR_DIMENSIONS, "reference, missing")
    quiet = MAY_BE_NULL if lost == "null" else set()
    assert {reference for reference, _ in found} == keys.keys() - quiet
    assert {missing for _, missing in found} == {None if lost == "null" else "gone"}


def test_no_model_macro_or_nightly_test_reads_the_clock_as_it_is_written() -> None:
    files = [*MODELS, *MACROS, *NIGHTLY]
    found = [wrong for file in files for wrong in clocks.in_sql(file.name, file.read_text(encoding="utf-8"))]
    assert found == [], "\n".join(found)


def test_no_model_in_python_reads_the_clock_nor_what_it_is_made_of() -> None:
    files = {file for model in IN_PYTHON for file in clocks.behind(model)}
    assert {*IN_PYTHON} < files and {"deviation", "lifetime_value", "relations"} < {file.stem for file in files}
    found = [wrong for file in files for wrong in clocks.in_python(file.name, file.read_text(encoding="utf-8"))]
    assert found == [], "\n".join(found)


@pytest.mark.slow
def test_nothing_that_was_compiled_reads_the_clock(at_once: Home) -> None:
    """Every model and every nightly test as it ran, those that yml files ask for too: a macro hides nothing."""
    compiled = {file.stem: file for file in (at_once.warehouse / "dbt_target" / "compiled").rglob("*.sql")}
    assert {file.stem for file in (*MODELS, *NIGHTLY)} < compiled.keys()
    assert any(name.startswith("accepted_values_") for name in compiled)
    found = [wrong for name, file in compiled.items() for wrong in clocks.in_sql(name, file.read_text("utf-8"))]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "written",
    [
        "select current_date", "where a < NOW()", "select cast(today() as date)", "select localtimestamp as a",
        "{{ dbt.current_timestamp() }}", "'{{ run_started_at }}'", "{{ modules.datetime.datetime.utcnow() }}",
        "select age(a.ordered_at)", "select unix_timestamp()", "select a\nfrom t\norder by random()",
    ],
)  # fmt: skip
def test_the_clock_and_chance_are_found_in_sql(written: str) -> None:
    assert list(clocks.in_sql("m", written))


@pytest.mark.parametrize(
    "written",
    [
        "import time", "from time import time", "from random import choice", "import datetime\ndatetime.date.today()",
        "from datetime import datetime\nmoment = datetime.now", "import numpy as np\nnp.random.rand()",
        "import pandas as pd\npd.Timestamp.utcnow()",
        "def model(dbt, session):\n    return session.sql('select now()')",
    ],
)  # fmt: skip
def test_the_clock_and_chance_are_found_in_python(written: str) -> None:
    assert list(clocks.in_python("m.py", written))


def test_names_like_the_clocks_are_none() -> None:
    written = "-- now()\n{# current_date #}\nselect known(a), current_rows.b, age(a, b), kpi_of_today('x', 'y') from t"
    assert list(clocks.in_sql("m", written)) == []
    assert list(clocks.in_python("m.py", '"""What now() is."""\nimport datetime\ndatetime.time(9)')) == []


def test_every_function_by_which_duckdb_tells_the_time_is_known() -> None:
    """Those without arguments that give another moment a moment later."""
    named = "SELECT function_name FROM duckdb_functions() WHERE parameters = [] AND function_type = 'scalar'"
    told = []
    for (name,) in duckdb.sql(f"{named} AND return_type SIMILAR TO '(DATE|TIME).*'").fetchall():
        told.append(name)
        assert list(clocks.in_sql("m", f"select {name}()")), name
    assert len(told) > 6


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
    # once, and once more by what is there by month alone
    assert Counter(made) == {name: 1 + bool(metric.by_month) for name, metric in registry().items()}
    listed = re.findall(r"'(int_kpi_\w+)'", (PROJECT / "macros" / "kpi.sql").read_text(encoding="utf-8"))
    assert set(listed) | {"int_kpi_closed_opportunities", "int_kpi_values", "int_kpi_quota_attainment"} == set(models)
