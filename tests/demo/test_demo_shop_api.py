"""The web shop answers as shops do: with a token, page by page, not too fast, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from demo_reading import shop

from sales_warehouse.company.load import load_company
from sales_warehouse.demo import open_systems, shop_api
from sales_warehouse.extract import extract


@pytest.fixture(scope="module")
def environment(clean_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with open_systems(clean_world, tmp_path_factory.mktemp("logs") / "shop.log") as given:
        yield given


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[httpx.Client]:
    login = {"Authorization": f"Bearer {environment['SHOP_TOKEN']}"}
    with httpx.Client(base_url=f"{environment['SHOP_URL']}/api/v2", headers=login) as opened:
        yield opened


def pages(client: httpx.Client, resource: str, **params: str) -> list[dict]:
    found, after = [], None
    while True:
        answer = client.get(f"/{resource}", params={**params, **({"after": after} if after else {})})
        if answer.status_code == 429:
            continue
        data = answer.raise_for_status().json()["data"]
        found.append(data)
        if not (after := data["next"]):
            return found


@pytest.mark.parametrize("login", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "bearer"}])
def test_nobody_reads_without_the_token(environment: dict[str, str], login: dict[str, str]) -> None:
    answer = httpx.get(f"{environment['SHOP_URL']}/api/v2/orders", headers=login)
    assert answer.status_code == 401
    assert "data" not in answer.json()


def test_it_listens_on_the_loopback_address_alone(environment: dict[str, str]) -> None:
    assert environment["SHOP_URL"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("table", sorted(shop_api.RESOURCES))
def test_the_pages_hold_every_record_once(client: httpx.Client, clean_world: Path, table: str) -> None:
    held = shop(clean_world, table)
    found = pages(client, table, limit="97")
    items = [item for page in found for item in page["items"]]
    assert {page["total"] for page in found} == {len(held)}
    assert max(len(page["items"]) for page in found) == min(97, len(held))
    assert sorted(map(repr, items)) == sorted(map(repr, held))
    assert [item["updated_at"] for item in items] == sorted(item["updated_at"] for item in items)


def test_only_what_changed_since_is_told_when_asked_so(client: httpx.Client, clean_world: Path) -> None:
    since = "2026-06-25 12:00:00"
    items = [item for page in pages(client, "orders", modified_since=since) for item in page["items"]]
    held = [row for row in shop(clean_world, "orders") if row["updated_at"] >= since]
    assert 0 < len(items) == len(held) < len(shop(clean_world, "orders"))


def test_who_asks_too_fast_is_told_when_to_come_again(client: httpx.Client) -> None:
    answers = [client.get("/catalogue", params={"limit": "1"}) for _ in range(2 * shop_api.BURST)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/orders?limit=0", 400),
        ("/orders?limit=x", 400),
        ("/orders?after=no", 400),
        ("/orders;drop table orders", 404),
    ],
)
def test_what_cannot_be_answered_is_said(client: httpx.Client, path: str, status: int) -> None:
    while (answer := client.get(path)).status_code == 429:
        pass
    assert answer.status_code == status


def test_the_warehouse_takes_every_record(environment: dict[str, str], clean_world: Path, tmp_path: Path) -> None:
    source = load_company(Path("config/demo")).sources["shop"]
    extraction = extract(
        source, company_folder=Path("config/demo"), into=tmp_path, earlier={}, temp=tmp_path,
        environment=environment, on_progress=lambda _: None,
    )  # fmt: skip
    landed = {item.table: item for item in extraction.landed}
    assert {name: item.rows for name, item in landed.items()} == {
        name: len(shop(clean_world, name)) for name in source.tables
    }
    newest = max(row["updated_at"] for row in shop(clean_world, "orders"))
    assert landed["orders"].cursor == newest


def test_the_token_is_in_no_log(environment: dict[str, str], clean_world: Path, tmp_path: Path) -> None:
    log = tmp_path / "again.log"
    with open_systems(clean_world, log) as given:
        httpx.get(f"{given['SHOP_URL']}/api/v2/orders", headers={"Authorization": f"Bearer {given['SHOP_TOKEN']}"})
    assert given["SHOP_TOKEN"] not in log.read_text(encoding="utf-8")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{given['SHOP_URL']}/api/v2/orders")
