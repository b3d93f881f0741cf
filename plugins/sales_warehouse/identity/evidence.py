"""Evidence that two customer records are one company, where no credit code says so.

The model is that of Fellegi and Sunter (A Theory for Record Linkage, Journal of the American Statistical Association
64, 1969), as Splink computes it.

The model learns from the company's own records: pairs with one credit code show how often one company agrees in each
field (m), pairs drawn at random how often others do (u). It is kept, so that a night changes no probability of records
that did not change; a night compares new and changed records with all, and the others not again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.identity.company_name import company_name
from sales_warehouse.sql import only_row

if TYPE_CHECKING:
    from splink import Linker

LEAST_PAIRS = 50  # with one credit code, to learn from
DRAWN_PAIRS = 1_000_000
FORM = 1  # raise it when the fields or their comparison change: the model is learnt anew then
RECORDS, CHANGED, STANDING = "evidence_records", "changed_records", "standing_records"
FIELDS = "core, place, industry, phones, emails, domains"


def prepare(connection: duckdb.DuckDBPyConnection, shared_limit: int) -> None:
    """Make the table of evidence from `customer_records` and `contact_records`: one row for each customer record.

    A phone, an e-mail or a domain that more than `shared_limit` customers have proves nothing (a hotline, a webmail).
    """
    _take_names_apart(connection)
    connection.execute("""
        create or replace temp table addresses as
        select distinct source || ':' || customer_id as unique_id, address
        from (
            select c.source, c.customer_id, unnest([
                'phone:' || p.phone, 'email:' || lower(p.email), 'domain:' || lower(split_part(p.email, '@', 2))
            ]) as address
            from customer_records as c
            join contact_records as p on p.customer_id = c.source || ':' || c.customer_id
        )
        where address is not null""")
    connection.execute(f"""
        create or replace temp table {RECORDS} as
        with telling as (
            select addresses.* from addresses
            join (select address from addresses group by address having count(*) <= {int(shared_limit)})
                using (address)
        ),
        gathered as (
            select unique_id,
                list_sort(list(address) filter (starts_with(address, 'phone:'))) as phones,
                list_sort(list(address) filter (starts_with(address, 'email:'))) as emails,
                list_sort(list(address) filter (starts_with(address, 'domain:'))) as domains
            from telling group by unique_id
        ),
        named as (
            select source || ':' || customer_id as unique_id, uscc, industry, core, coalesce(city, named_place) as place
            from customer_records left join company_names using (name)
        )
        select unique_id, uscc, core, place, industry, phones, emails, domains,
            hash({FIELDS}) as digest
        from named left join gathered using (unique_id)""")


def _take_names_apart(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `company_names`: core and place of every name. The places are those that the records have."""
    cities = connection.execute("select distinct city from customer_records where city is not null").fetchall()
    places = frozenset(name for (name,) in cities)
    names = connection.execute("select distinct name from customer_records where name is not null").fetchall()
    found = [company_name(name, places) for (name,) in names]
    table = pa.table(
        {
            "name": pa.array([name for (name,) in names], pa.string()),
            "core": pa.array([item.core or None for item in found], pa.string()),
            "named_place": pa.array([item.place for item in found], pa.string()),
        }
    )
    connection.register("names_apart", table)
    connection.execute("create or replace temp table company_names as select * from names_apart")
    connection.unregister("names_apart")


def is_learnt(model: Path) -> bool:
    """Tell whether there is a model of these fields."""
    return _learnt(model) is not None


def _learnt(model: Path) -> dict[str, Any] | None:
    """Return the kept model, None where there is none of these fields."""
    told = durable.read_json(model, {})
    settings: dict[str, Any] | None = told["settings"] if told.get("form") == FORM else None
    return settings


def score(connection: duckdb.DuckDBPyConnection, model: Path, least: float) -> bool:
    """Make the table `scored_pairs` of changed records with all others; pairs below `least` are left out.

    Return False when there is nothing to learn from yet: too few records have one credit code.
    """
    connection.execute(
        "create or replace temp table scored_pairs (left_id varchar, right_id varchar, probability double)"
    )
    if not is_learnt(model) and _labelled(connection) < LEAST_PAIRS:
        return False
    if not only_row(connection, f"select count(*) from {CHANGED}")[0]:
        return True
    with _quiet():
        linker = _linker(connection, model)
        api = linker._db_api
        changed, standing = api.register(CHANGED), api.register(STANDING)
        linker.table_management.compute_tf_table("core")
        linker.table_management.compute_tf_table("place")
        found = [linker.inference.predict_within(changed, threshold_match_probability=least)]
        if only_row(connection, f"select count(*) from {STANDING}")[0]:
            found.append(linker.inference.predict_between(changed, standing, threshold_match_probability=least))
        for pairs in found:
            connection.execute(
                "insert into scored_pairs select least(unique_id_l, unique_id_r), greatest(unique_id_l, unique_id_r), "
                f"match_probability from {pairs.physical_name}"
            )
    return True


def _labelled(connection: duckdb.DuckDBPyConnection) -> int:
    (pairs,) = only_row(
        connection,
        f"select coalesce(sum(n * (n - 1) // 2), 0) from "
        f"(select count(*) as n from {RECORDS} where uscc is not null group by uscc)",
    )
    return int(pairs)


def _linker(connection: duckdb.DuckDBPyConnection, model: Path) -> Linker:
    """Return a linker with the kept model, or one that has learnt and is kept."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    records = DuckDBAPI(connection=connection).register(RECORDS)
    if settings := _learnt(model):
        return Linker(records, settings, log_level=None)
    linker = Linker(records, SettingsCreator(**_settings()), log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on("uscc")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=DRAWN_PAIRS, seed=1)
    linker.training.estimate_m_from_label_column("uscc")
    durable.write_json(model, {"form": FORM, "settings": linker.misc.save_model_to_json()})
    return linker


def _settings() -> dict[str, Any]:
    import splink.comparison_library as compare
    from splink import block_on

    return {
        "link_type": "dedupe_only",
        "comparisons": [
            compare.JaroWinklerAtThresholds("core", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            compare.ExactMatch("place").configure(term_frequency_adjustments=True),
            compare.ExactMatch("industry"),
            compare.ArrayIntersectAtSizes("phones", [1]),
            compare.ArrayIntersectAtSizes("emails", [1]),
            compare.ArrayIntersectAtSizes("domains", [1]),
        ],
        "blocking_rules_to_generate_predictions": [
            block_on("core", "place"),
            block_on("phones", arrays_to_explode=["phones"]),
            block_on("domains", arrays_to_explode=["domains"]),
        ],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink speaks of its every step."""
    log = logging.getLogger("splink")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
