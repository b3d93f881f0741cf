"""Each situation is found where it was planted, with its number, and nowhere else; a quiet world has none of them."""

from __future__ import annotations

import datetime
import json
import math
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.company.models import DemoFile
from sales_warehouse.company.situations import Situation, Situations
from sales_warehouse.demo import advance, make_demo
from sales_warehouse.demo.answers import NOT_IN_ROWS, answers, measure
from sales_warehouse.demo.generator import Generator, open_generator
from sales_warehouse.demo.possible import impossible

END = datetime.date(2026, 6, 28)
LARGE = {"customers": 1200, "days": 760, "orders_per_day": 150, "dirty_rate": 0, "seed": 3, "business_date": END}
SMALL = LARGE | {"customers": 300, "days": 400, "orders_per_day": 60}
IN_ROWS = [name for name in Situations.model_fields if name not in NOT_IN_ROWS]
# Chance has to be small beside what was planted: some need a longer time than what people look at in the demo.
PARAMETERS: dict[str, dict[str, object]] = {
    "competitor_entry": {"days_before_end": 400},
    "price_rise": {"days_before_end": 300},
    "first_order_cycle": {"days_before_end": 300},
    "competitor_promotion": {"weeks_before_end": 3, "weeks": 3},
    "region_fall": {"weeks_before_end": 2, "weeks": 2},
}
CAPABILITY = {"regional_gap": {"cause": "capability"}}
# How far a measured number may be from the planted one: of a share or a change in points, of a factor relatively.
NEAR = 0.05
WIDER = {
    "penetration_factor": 0.5, "return_rate_factor": 0.25, "lag_1_correlation": 0.1, "net_sales_factor": 0.15,
    "first_answer_factor": 0.1, "cycle_factor": 0.1, "win_rate_change": 0.08, "won_amount_per_head_change": 0.06,
    "conversion_change": 0.06, "net_sales_change": 0.1, "purchases_change": 0.12,
}  # fmt: skip
# What a quiet world has where nothing is planted: no change, a factor of one, or what a company usually has.
USUALLY = {
    "lost_of_exits": 0.294, "lost_of_events": 0, "entries_over_30_days": 0.016, "entered_within_24h": 0.89,
    "share_of_customers": 0.35, "share_of_repeat_orders": 0.35, "share_of_largest": 0.02,
    "enquiries_a_day_factor": 0.34, "won_of_deals": 0.41, "paid_of_invoiced": 1,
    "told_twice_of_orders": 0,
    "share_of_clicks": 0.015, "lag_1_correlation": 0, "dealers_without_a_count": 0, "unexplained_units": 0,
}  # fmt: skip


@contextmanager
def unfolded(size: dict, temp: Path, situations: dict[str, dict[str, object]]) -> Iterator[Generator]:
    settings = DemoFile.model_validate({**size, "situations": situations})
    with open_generator(settings, temp) as world:
        world.unfold(world.start, END)
        yield world


def planted(name: str, parameters: dict[str, object]) -> Situation:
    situation = getattr(Situations.model_validate({name: parameters}), name)
    assert isinstance(situation, Situation)
    return situation


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    with unfolded(LARGE, tmp_path_factory.mktemp("quiet"), {}) as world:
        yield world


def one_in_eight(cases: Iterable[tuple]) -> list:
    """Mark seven of eight cases as long; the answers of all are there with SALES_WAREHOUSE_TEST_LONG=1."""
    return [pytest.param(*case, marks=[pytest.mark.long] if at % 8 else []) for at, case in enumerate(cases)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),
    one_in_eight([*((name, PARAMETERS.get(name, {})) for name in IN_ROWS), *CAPABILITY.items()]),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_planted_is_found_and_only_where_it_is(
    name: str, parameters: dict[str, object], quiet: Generator, tmp_path: Path
) -> None:
    situation = planted(name, parameters)
    without = measure(quiet, name, situation)
    with unfolded(LARGE, tmp_path, {name: parameters}) as world:
        found = measure(world, name, situation)
    assert set(found) == set(situation.answer())
    for key, wanted in situation.answer().items():
        assert is_near(key, found[key], wanted), f"{key}: planted {wanted}, found {found[key]}"
        if (usual := usually(key)) is not None:
            assert is_near(key, without[key], usual), f"{key}: a quiet world should have {usual}, it has {without[key]}"
    absent = [key for key, wanted in situation.answer().items() if not is_near(key, without[key], wanted)]
    assert absent, f"a quiet world has it too: {without}"


def usually(key: str) -> float | None:
    if key in USUALLY:
        return USUALLY[key]
    return 0 if key.endswith("_change") else 1 if key.endswith("_factor") else None


def is_near(key: str, found: float | str, wanted: float | str) -> bool:
    """Tell whether a number is another one, chance apart."""
    if isinstance(found, str) or isinstance(wanted, str):
        return found == wanted
    near = WIDER.get(key, NEAR)
    if key.endswith("_factor"):
        return found > 0 and abs(math.log(found / wanted)) < near
    return abs(found - wanted) < near


def test_every_situation_that_is_in_the_rows_has_its_measure() -> None:
    folder = Path("plugins/sales_warehouse/demo/measures")
    assert sorted(file.stem for file in folder.glob("*.sql")) == sorted(IN_ROWS)


def tables_of(world: Generator, where: str = f"_at <= date '{END}'") -> dict[str, tuple]:
    """Table → rows, and a sum over them that any change changes."""
    views = world.connection.execute("select view_name from duckdb_views() where view_name like 'rows\\_%' escape '\\'")
    return {
        view.removeprefix("rows_"): world.connection.execute(
            f"select count(*), sum(hash(t)::hugeint) from (select * from {view} where {where}) as t"
        ).fetchall()[0]
        for (view,) in views.fetchall()
    }


# What a situation has nothing to do with, as a query: deals of others, other days, other products.
DEALS, LEADS = "from rows_t_sj where _key in (select deal_key from deals where {})", "from rows_t_xs where _key in ({})"
LINES = "from rows_order_lines where _key in (select line_key from shop_lines join shelf using (sku) where {})"
FALLING = "select member_id from accounts join falling_account using (account_key)"
EARLY = "created_at < date '2025-07-01'"
OUTSIDE = {
    "stage_loss": DEALS.format("deal_key in (select deal_key from deal_paths where len(path) = 1)"),
    "regional_gap": DEALS.format("region <> '华北'"),
    "weekend_enquiries": LEADS.format(
        "select lead_key from leads join days on day = created_at::date where is_workday"
    ),
    "capture_loss": LEADS.format("select lead_key from leads where converts"),
    "white_papers": "from rows_t_xs",
    "regional_conversion": DEALS.format(
        "region <> '华北' or created_at::date not between '2025-07-01' and '2025-09-30'"
    ),
    "steady_follow_up": "from rows_visits where 工号 in (select rep_id from reps where region <> '东北')",
    "unpaid_cohort": "from rows_t_fp",
    "account_fall": f"from rows_orders where member_no not in ({FALLING})",
    "sales_goal": "from rows_targets where scope <> 'region=华南'",
    "conversion_fall": DEALS.format("month(created_at) not in (4, 5, 6)"),
    "price_rise": DEALS.format(f"product_line <> '医疗器械' or {EARLY}"),
    "competitor_entry": DEALS.format(f"product_line <> '医疗器械' or region <> '华南' or {EARLY}"),
    "reversal": DEALS.format("region <> '华中'"),
    "stalled_deals": "from rows_t_xs",
    "slow_team": "from rows_calls where 方向 = 'inbound'",
    "first_order_cycle": DEALS.format("not is_new_company"),
    "late_entry": "from rows_visits where 工号 not in (select rep_id from reps where rep_no = 5)",
    "loyal_segment": "select _key, _version, order_no, platform, state, created_time from rows_orders",
    "concentration": "from rows_orders where not has_product(_key, 0)",
    "competitor_promotion": LINES.format("region <> '华东' or shop_lines.category <> '配方奶粉'"),
    "region_fall": "from rows_orders where province not in (select province from cities where region = '华东')",
    "price_band_repurchase": LINES.format("shop_lines.price_band <> '高' or shop_lines.category <> '配方奶粉'"),
    "hits_and_slow_movers": LINES.format("not has_trait(traits, '益生元') and not has_trait(traits, '便携')"),
    "return_spike": "from rows_refunds where _key in (select line_key from shop_lines where region <> '西南')",
    "shorter_repurchase": "from rows_order_lines where seq <> '9'",
    "orders_told_twice": "from rows_t_dd where ddbh not like 'SC-%'",
    "odd_cell": LINES.format("region <> '西北' or shop_lines.product_line <> '成人营养'"),
    "white_space": LINES.format("region <> '西南' or shop_lines.product_line <> '婴幼儿营养'"),
    "empty_month": "from rows_orders where _at < date '2026-02-01'",
    "dealer_satisfaction": "select _key, seq from rows_order_lines",
    "stale_dealer": "from rows_dealer_inventory where dealer_id <> 'JXS002'",
    "stock_leak": "from rows_dealer_inventory where dealer_id <> 'JXS003'",
    "best_hour": "from rows_web_events where page_kind not in ('case_study', 'news', 'product_page')",
    "experiment_effect": LEADS.format("select lead_key from leads where lead_variant(lead_key) = 'A'"),
}


@pytest.fixture(scope="module")
def quiet_small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    with unfolded(SMALL, tmp_path_factory.mktemp("quiet"), {}) as world:
        yield world


@pytest.fixture(scope="module")
def quiet_tables(quiet_small: Generator) -> dict[str, tuple]:
    return tables_of(quiet_small)


def test_every_situation_has_something_outside_of_it() -> None:
    assert OUTSIDE.keys() == set(IN_ROWS)


@pytest.mark.parametrize("name", one_in_eight((name,) for name in IN_ROWS))
def test_a_switch_changes_what_it_says_and_nothing_else(
    name: str, quiet_small: Generator, quiet_tables: dict[str, tuple], tmp_path: Path
) -> None:
    with unfolded(SMALL, tmp_path, {name: {}}) as world:
        switched, outside = tables_of(world), fingerprint(world, OUTSIDE[name])
    changed = {table for table in quiet_tables if quiet_tables[table] != switched[table]}
    assert changed
    assert changed <= planted(name, {}).changes
    assert outside[0] > 0
    assert outside == fingerprint(quiet_small, OUTSIDE[name])


@pytest.mark.long
@pytest.mark.parametrize("name", IN_ROWS)
def test_nights_have_what_the_whole_history_has_of_them(name: str, tmp_path: Path) -> None:
    """A night is made without the years before it, and what is planted in these must not be told otherwise."""
    first, last = END + datetime.timedelta(days=1), END + datetime.timedelta(days=20)
    settings = DemoFile.model_validate({**SMALL, "orders_per_day": 20, "situations": {name: {}}})
    told = []
    for begin in (None, first):
        with open_generator(settings, tmp_path) as world:
            world.unfold(begin or world.start, last)
            told.append(tables_of(world, f"_at::date between date '{first}' and date '{last}'"))
    assert told[0] == told[1]
    assert sum(count for count, _ in told[0].values()) > 1000


def fingerprint(world: Generator, query: str) -> tuple[int, int]:
    (found,) = world.connection.execute(f"select count(*), sum(hash(t)::hugeint) from ({query}) as t").fetchall()
    return found


@pytest.mark.parametrize("written", ["on", "off", True, False, None, {}])
def test_a_switch_is_on_or_off_however_it_is_written(written: object) -> None:
    given = Situations.model_validate({"stage_loss": written})
    assert (given.stage_loss is not None) == (written not in ("off", False))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"stage_los": "on"}, "stage_los"),
        ({"stage_loss": {"rate": 1.2}}, "less than 1"),
        ({"stage_loss": {"share": 0.2}}, "share"),
        ({"best_hour": {"weekday": 9}}, "less than or equal to 7"),
        ({"region_fall": {"region": "火星"}}, "'火星' is none of the world's; it has 华东"),
        ({"late_entry": {"rep_no": 900}}, "900 is more than the"),
        ({"stock_leak": {"dealer_no": 90}}, "90 is more than the 8"),
        ({"concentration": {"product_no": 37}}, "37 is more than the 36"),
        ({"stage_loss": {"stage": "签约"}}, "'签约' is none of the world's; it has 需求确认"),
        ({"stage_loss": {"rate": 0.99}}, "too much"),
        ({"white_papers": {"clicks": 9}}, "tells nobody apart"),
        ({"white_papers": {"lift": -0.99}}, "cannot be with the losses"),
        ({"price_rise": {"days_before_end": 900}}, "the history begins on"),
    ],
)
def test_an_unknown_switch_is_named_before_anything_is_made(tmp_path: Path, written: dict, said: str) -> None:
    folder = Path(shutil.copytree("config/demo", tmp_path / "company"))
    yaml = YAML()
    settings = yaml.load(folder / "demo.yml")
    settings["situations"] = written
    yaml.dump(settings, folder / "demo.yml")
    with pytest.raises(CompanyError, match=said):
        make_demo(folder, tmp_path / "world")
    assert not (tmp_path / "world").exists()


@pytest.mark.parametrize(
    ("name", "place"),
    [("sales_goal", "region"), ("regional_conversion", "quarter"), ("account_fall", "days_before_end")],
)
def test_what_would_begin_before_the_history_is_said_at_a_key_that_there_is(name: str, place: str) -> None:
    """Of a history that began on 30 April."""
    size = {"days": 60, "business_date": END}
    [(where, text)] = impossible(DemoFile.model_validate({**size, "situations": {name: {}}}))
    assert where == ("situations", name, place)
    assert place in dict(planted(name, {}))
    assert "the history begins on 2026-04-30" in text


@pytest.mark.slow
def test_the_demo_has_what_it_says(tmp_path: Path) -> None:
    settings = load_company(Path("config/demo")).demo
    assert settings
    with open_generator(settings, tmp_path) as world:
        world.unfold(world.start, settings.business_date)
        told = answers(world)
    assert set(told) == {name for name, _ in settings.situations.active()}
    for name, item in told.items():
        for key, wanted in item["answer"].items():
            found = item["measured"][key]
            if isinstance(wanted, str):
                assert found == wanted, (name, key)
            else:
                assert is_near(key, found, wanted), (name, key, found)


def test_dirt_that_is_planted_is_the_dirt_of_the_world(tmp_path: Path) -> None:
    settings = DemoFile.model_validate({"dirty_rate": 0.01, "situations": {"dirty_rows": "on"}})
    assert settings.dirty_share == 0.32
    assert DemoFile.model_validate({"dirty_rate": 0.01}).dirty_share == 0.01


def test_files_that_are_late_come_after_work(tmp_path: Path) -> None:
    size = {"customers": 20, "days": 30, "orders_per_day": 5, "business_date": END}
    advance(tmp_path, DemoFile.model_validate({**size, "situations": {"late_files": {"days_before_end": 3}}}))
    hours, zone = {}, ZoneInfo("Asia/Shanghai")
    for file in sorted((tmp_path / "phone").glob("calls_*[0-9].csv")):
        moment = datetime.datetime.fromtimestamp(file.stat().st_mtime, zone)
        assert str(moment.date()) == file.stem.removeprefix("calls_")
        hours[moment.date()] = moment.hour + moment.minute / 60
    assert {hour for day, hour in hours.items() if day > END - datetime.timedelta(days=3)} == {18.5}
    assert {hour for day, hour in hours.items() if day <= END - datetime.timedelta(days=3)} == {17}
    web = {
        datetime.datetime.fromtimestamp(f.stat().st_mtime, ZoneInfo("Asia/Shanghai")).hour
        for f in (tmp_path / "web").iterdir()
    }
    assert web == {17}


def test_the_answers_are_written_beside_the_data(tmp_path: Path) -> None:
    size = {"customers": 40, "days": 60, "orders_per_day": 10, "business_date": END}
    advance(tmp_path, DemoFile.model_validate({**size, "situations": {"stock_leak": {"units": 25}}}))
    told = json.loads((tmp_path / "truth" / "situations.json").read_text(encoding="utf-8"))
    assert told["stock_leak"]["answer"] == {"unexplained_units": -25}
    assert told["stock_leak"]["measured"] == {"unexplained_units": -25}
    advance(tmp_path, DemoFile.model_validate({**size, "situations": {"stock_leak": {"units": 25}}}))
    assert json.loads((tmp_path / "truth" / "situations.json").read_text(encoding="utf-8")) == told
