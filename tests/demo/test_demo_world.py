"""A world is the same whenever and however it is made."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from demo_reading import crm, fingerprints, shop
from demo_settings import LAST_DAY, small
from ruamel.yaml import YAML

from sales_warehouse.demo import WorldError, advance, make_demo, world_date
from sales_warehouse.demo.world import room_needed


@pytest.fixture(scope="module")
def three_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("nights")
    for night in range(3):
        state = advance(world, small())
        assert (state.business_date, state.night) == (LAST_DAY + datetime.timedelta(days=night), night)
    return world


def test_the_same_seed_and_night_give_the_same_bytes(three_nights: Path, tmp_path: Path) -> None:
    for _ in range(3):
        advance(tmp_path, small())
    assert fingerprints(tmp_path) == fingerprints(three_nights)


def test_another_seed_gives_another_world(three_nights: Path, tmp_path: Path) -> None:
    advance(tmp_path, small(seed=8))
    mine, other = fingerprints(tmp_path), fingerprints(three_nights)
    assert all(mine[name] != other[name] for name in ("crm.t_kh", "shop.orders", f"phone/calls_{LAST_DAY}.csv"))


def test_history_and_two_nights_are_a_history_two_nights_longer(three_nights: Path, tmp_path: Path) -> None:
    advance(tmp_path, small(days=32, business_date=LAST_DAY + datetime.timedelta(days=2)))
    assert fingerprints(tmp_path) == fingerprints(three_nights)
    assert _mistakes_in_files(tmp_path) == _mistakes_in_files(three_nights)


def _mistakes_in_files(world: Path) -> list[tuple]:
    files = str(world / "truth" / "mistakes" / "*.parquet")
    return duckdb.sql(
        f"select * from read_parquet('{files}') where system not in ('crm', 'shop') order by all"
    ).fetchall()


def test_a_night_brings_new_rows_late_rows_and_corrections(three_nights: Path) -> None:
    tonight = f"{LAST_DAY + datetime.timedelta(days=2)}"
    ordered = [row["created_time"][:10] for row in shop(three_nights, "orders") if row["updated_at"] >= tonight]
    assert ordered.count("2026/06/30") > 0, "new orders"
    assert any(day < "2026/06/28" for day in ordered), "orders that changed days after they were placed"
    changed = [row for row in crm(three_nights, "t_sj") if row["updated_at"] >= "2026-06-29"]
    assert any(row["cjsj"] < "2026-06-20" for row in changed), "deals that moved on"


def test_a_night_that_was_interrupted_is_made_again_as_it_was(three_nights: Path, tmp_path: Path) -> None:
    world = tmp_path / "world"
    for _ in range(2):
        advance(world, small())
    shutil.copy(world / "world.json", tmp_path / "before.json")
    advance(world, small())
    shutil.copy(tmp_path / "before.json", world / "world.json")  # as if it had been killed before its last write
    assert advance(world, small()).night == 2
    assert fingerprints(world) == fingerprints(three_nights)


def test_a_world_is_not_made_over_another(tmp_path: Path) -> None:
    advance(tmp_path, small(customers=10, orders_per_day=2))
    before = fingerprints(tmp_path)
    with pytest.raises(WorldError, match="other settings"):
        advance(tmp_path, small(customers=11, orders_per_day=2))
    assert fingerprints(tmp_path) == before
    assert world_date(tmp_path) == LAST_DAY


def test_a_world_is_not_made_over_what_somebody_else_keeps_there(tmp_path: Path) -> None:
    (tmp_path / "crm.db").write_bytes(b"the real one")
    with pytest.raises(WorldError, match=r"holds crm\.db, which this world did not make; nothing was written"):
        advance(tmp_path, small(customers=10, orders_per_day=2))
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["crm.db"]
    assert (tmp_path / "crm.db").read_bytes() == b"the real one"


def test_a_first_night_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        advance(folder, small(customers=10, orders_per_day=2))
    state = json.loads((cut / "world.json").read_text())
    (cut / "world.json").unlink()
    (cut / ".begun.json").write_text(json.dumps({"settings": state["settings"]}))
    with pytest.raises(WorldError, match="which this world did not make"):
        advance(cut, small(customers=11, orders_per_day=2))
    assert advance(cut, small(customers=10, orders_per_day=2)).night == 0
    assert fingerprints(cut) == fingerprints(whole)


def test_the_crm_may_live_in_another_database(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    advance(tmp_path / "world", small(customers=10, orders_per_day=2), crm_url=f"sqlite:///{elsewhere}")
    assert elsewhere.exists()
    assert not (tmp_path / "world" / "crm.db").exists()


def test_a_company_without_demo_settings_has_no_world(tmp_path: Path) -> None:
    company = shutil.copytree("config/demo", tmp_path / "company")
    (company / "demo.yml").unlink()
    with pytest.raises(WorldError, match=r"no demo\.yml"):
        make_demo(company, tmp_path / "world")


def test_a_fall_takes_orders_away_and_changes_nothing_else(tmp_path: Path) -> None:
    quiet, fallen = tmp_path / "quiet", tmp_path / "fallen"
    advance(quiet, small(dirty_rate=0))
    advance(fallen, small(dirty_rate=0, situations={"region_fall": {"fall": 0.5}}))
    before, after = ({row["order_no"]: row for row in shop(world, "orders")} for world in (quiet, fallen))
    lost = [row for number, row in before.items() if number not in after]
    assert lost
    assert set(after) < set(before)
    east = {"上海市", "江苏省", "浙江省", "安徽省", "福建省", "江西省", "山东省"}
    assert all(row["province"] in east and row["created_time"] >= "2026/06/22" for row in lost)
    assert all(before[number] == row for number, row in after.items())
    kept = [row for row in after.values() if row["province"] in east and row["created_time"] >= "2026/06/22"]
    assert 0.35 < len(lost) / (len(lost) + len(kept)) < 0.65


def test_a_world_that_would_not_fit_the_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"would take about .* GB and .* free; nothing was written"):
        advance(tmp_path / "world", small(scale=1e7))
    assert not (tmp_path / "world").exists()


def test_the_room_that_is_said_is_about_what_a_world_takes(three_nights: Path) -> None:
    taken = sum(file.stat().st_size for file in three_nights.rglob("*") if file.is_file())
    assert 0.5 * taken < room_needed(small()) < 5 * taken


def test_a_scale_makes_a_world_larger(tmp_path: Path) -> None:
    advance(tmp_path / "scaled", small(customers=20, orders_per_day=12.5, scale=2))
    advance(tmp_path / "large", small(customers=40, orders_per_day=25))
    assert fingerprints(tmp_path / "scaled") == fingerprints(tmp_path / "large")


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree("config/demo", tmp_path / "company"))
    text = (folder / "demo.yml").read_text(encoding="utf-8")
    (folder / "demo.yml").write_text(text.replace("scale: 1 ", "scale: 1000000 "), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "sales_warehouse.cli", "run", "--company", str(folder)],
        env={**os.environ, "SALES_WAREHOUSE_VAR": str(tmp_path / "var")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "nothing was written" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "var").exists()


def test_two_worlds_do_not_mix_in_one_warehouse(tmp_path: Path) -> None:
    """Also when the data of the first one was thrown away: its rows are in the warehouse."""
    folder = Path(shutil.copytree("config/demo", tmp_path / "company"))
    yaml = YAML()
    settings = yaml.load(folder / "demo.yml")
    settings.update({"customers": 10, "days": 30, "orders_per_day": 2, "situations": {}})
    yaml.dump(settings, folder / "demo.yml")
    warehouse = tmp_path / "var"
    assert make_demo(folder, warehouse / "source_data", warehouse).night == 0
    assert make_demo(folder, warehouse / "source_data", warehouse).night == 1
    shutil.rmtree(warehouse / "source_data")
    yaml.dump({**settings, "seed": 99}, folder / "demo.yml")
    with pytest.raises(WorldError, match="two worlds must not mix"):
        make_demo(folder, warehouse / "source_data", warehouse)
    assert not (warehouse / "source_data").exists()


@pytest.mark.parametrize("name", ["notes.txt", ".config"])
def test_a_folder_of_somebody_else_is_left_as_it_was(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(WorldError, match="which this world did not make"):
        advance(tmp_path, small(customers=10, orders_per_day=2))
    assert [path.name for path in tmp_path.iterdir()] == [name]
