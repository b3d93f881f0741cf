"""Evidence: who is one company without a credit code, who is not, and what waits for a person."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from identity_records import AT, accept, keys, run, since
from pydantic import ValidationError

from sales_warehouse import gate
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, kept
from sales_warehouse.identity.decisions import DecisionRefused
from sales_warehouse.identity.pinyin import sound

CITIES = ("上海", "成都", "武汉", "大连", "西安")
BRANDS = ("康宁", "天和", "华康", "百合", "益寿", "安泰", "瑞康", "圣安", "永泰", "明德")
TRADES = ("医疗器械", "大药房连锁", "母婴用品", "健康体检中心")
COMPANIES = [(city, brand, trade) for city in CITIES for brand in BRANDS for trade in TRADES]


def code_of(number: int) -> str:
    return f"code{number:014d}"  # identity takes what the gate let in; it checks no character again


def phone_of(number: int) -> str:
    return f"+86139{number:08d}"


def customer(number: int, system: str, **other: Any) -> dict[str, Any]:
    city, brand, trade = COMPANIES[number]
    name = f"{city}{brand}{trade}有限公司" if system == "crm" else f"{brand}（{city}）{trade}公司"
    row = {"customer_id": f"{system}{number}", "name": name, "uscc": code_of(number), "city": city, "industry": trade}
    return row | other


def contact(number: int, system: str, **other: Any) -> dict[str, Any]:
    row = {"contact_id": f"{system}{number}", "customer_id": f"{system}:{system}{number}", "phone": phone_of(number)}
    return row | {"email": f"li@firma{number}.cn"} | other


def without_code(*numbers: int) -> dict[int, dict[str, Any]]:
    return {number: {"uscc": None} for number in numbers}


DISTRICTS = {
    "上海": ("浦东新", "徐汇", "静安", "杨浦", "崇明"), "成都": ("武侯", "锦江", "青羊", "金牛", "成华"),
    "武汉": ("洪山", "江岸", "武昌", "汉阳", "青山"), "大连": ("中山", "西岗", "甘井子", "旅顺口", "金州"),
    "西安": ("雁塔", "莲湖", "碑林", "未央", "灞桥"),
}  # fmt: skip


def address(number: int, system: str, apart: int = 0) -> str:
    """Where a company is, as a system writes it, or so many districts apart from there."""
    city = COMPANIES[number][0]
    district = DISTRICTS[city][(number + apart) % 5]
    return f"{city}市{district}区长江路{number}号" if system == "crm" else f"{city}{district}區長江路{number}號"


class World:
    """200 companies in a CRM and a shop; the shop knows the code of nearly all."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def begin(
        self,
        shop: dict[int, dict[str, Any]],
        people: dict[int, dict[str, Any]] | None = None,
        crm: dict[int, dict[str, Any]] | None = None,
    ) -> None:
        numbers, people, crm = range(len(COMPANIES)), people or {}, crm or {}
        accept(self.home, "customers", "1", "crm", [customer(n, "crm", **crm.get(n, {})) for n in numbers])
        accept(self.home, "customers", "1", "shop", [customer(n, "shop", **shop.get(n, {})) for n in numbers])
        accept(self.home, "contacts", "1", "crm", [contact(n, "crm") for n in numbers])
        accept(self.home, "contacts", "1", "shop", [contact(n, "shop", **people.get(n, {})) for n in numbers])
        run(self.home, 1)

    def night(self, batch: int, *rows: dict[str, Any], people: list[dict[str, Any]] | None = None) -> None:
        accept(self.home, "customers", str(batch), "shop", list(rows))
        if people:
            accept(self.home, "contacts", str(batch), "shop", people)
        run(self.home, batch)

    def is_one(self, number: int, system: str = "shop") -> bool:
        """Tell whether a company has one code in the CRM and in another system."""
        found = keys(self.home, "customer", "customer_id")
        return found["crm", f"crm{number}"] == found[system, f"{system}{number}"]

    def pairs(self) -> list[tuple]:
        with duckdb.connect(str(self.home.identity / kept.FILE), read_only=True) as connection:
            told = "select left_id, right_id, round(probability, 2) from customer_pairs order by all"
            return connection.execute(told).fetchall()

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        return duckdb.sql(f"select {columns} from '{self.home.identity}/{table}.parquet' order by all").fetchall()


@pytest.fixture
def world(tmp_path: Path) -> World:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    return World(home)


def test_a_record_without_a_code_joins_its_company_in_spite_of_its_spelling(world: World) -> None:
    world.begin(without_code(3, 77, 150))
    assert [world.is_one(number) for number in (3, 77, 150)] == [True, True, True]
    joined = world.rows("customer_xref", "source, customer_id, rule, probability > 0.95")
    assert [row for row in joined if row[2] != "credit_code"] == [
        ("shop", "shop150", "evidence", True),
        ("shop", "shop3", "evidence", True),
        ("shop", "shop77", "evidence", True),
    ]


def pinyin(number: int) -> str:
    return " ".join(sound(part).capitalize() for part in COMPANIES[number]) + " Youxian Gongsi"


def test_a_name_in_pinyin_joins_its_company_by_what_else_they_share(world: World) -> None:
    """With the telephone of its company and no e-mail; by the name alone, or the telephone alone, nobody is joined."""
    stranger = {"phone": "+8613700000005", "email": "wu@other.cn"}
    names = {number: {"name": pinyin(number), "uscc": None} for number in (3, 5)}
    names[77] = {"name": pinyin(78), "uscc": None}  # the trade of another
    world.begin(names, {3: {"email": None}, 5: stranger, 77: {"email": None}})
    assert [world.is_one(number) for number in (3, 5, 77)] == [True, False, False]


def test_twins_with_one_name_in_one_city_stay_two(world: World) -> None:
    """Without a code, with another telephone and another domain: the name proves nothing."""
    world.begin(without_code(5), {5: {"phone": "+8613700000005", "email": "wu@other.cn"}})
    assert not world.is_one(5)


def with_addresses(system: str, others: dict[int, dict[str, Any]] | None = None) -> dict[int, dict[str, Any]]:
    """Two companies in a hundred have another address in the shop."""
    told = {n: {"address": address(n, system, system == "shop" and n % 50 == 49)} for n in range(len(COMPANIES))}
    return {n: row | (others or {}).get(n, {}) for n, row in told.items()}


def test_twins_in_two_districts_are_two_and_one_district_in_two_spellings_is_one(world: World) -> None:
    """A rare name in one city, no code and no telephone: no district is a question, another one is not."""
    named = {n: {"name": f"上海{brand}新材料公司"} for n, brand in enumerate(("晨曦", "远山", "白鹭", "青竹"))}
    world.begin(with_addresses("shop", named), crm=with_addresses("crm", named))

    def new(number: int, name: str, **other: Any) -> dict[str, Any]:
        return customer(number, "shop", customer_id=name, uscc=None, **named[number], **other)

    world.night(
        2,
        new(0, "same", address=address(0, "shop")),
        new(1, "twin", address=address(1, "shop", 1)),
        new(2, "untold"),
        new(3, "same_by_address", address=address(3, "shop"), city=None),
    )
    codes = keys(world.home, "customer", "customer_id")
    assert codes["shop", "same"] == codes["crm", "crm0"]
    assert codes["shop", "same_by_address"] == codes["crm", "crm3"]
    assert {codes["shop", "twin"], codes["shop", "untold"]}.isdisjoint({codes["crm", "crm1"], codes["crm", "crm2"]})
    asked = {record for row in world.rows("customer_review", "left_record, right_record") for record in row}
    assert "shop:untold" in asked
    assert "shop:twin" not in asked


def test_records_without_an_address_are_weighed_as_if_nobody_had_one(world: World, tmp_path: Path) -> None:
    """The CRM tells addresses, the shop none: what joins a record of one with one of the other is not another."""
    world.begin(without_code(3, 77), crm=with_addresses("crm"))
    nobody = World(Home(tmp_path / "nobody", "test"))
    gate.ensure_schemas(nobody.home)
    nobody.begin(without_code(3, 77))
    assert world.pairs() == nobody.pairs() != []


def test_another_code_is_another_company_whatever_else_is_the_same(world: World) -> None:
    """A wrong character that makes another valid code, a branch that has one and its parent."""
    world.begin({5: {"uscc": "code_of_a_branch"}})
    assert not world.is_one(5)
    assert ("two_codes",) not in world.rows("customer_review", "why")  # two certain records are no doubt


def test_a_branch_without_a_code_is_neither_its_parent_nor_another_branch(world: World) -> None:
    """It has the switchboard, the mailbox and, for want of another, the place of its parent."""
    parent = "".join(COMPANIES[5])
    branch = {"uscc": None, "name": f"{parent}有限公司杭州分公司", "city": None}
    world.begin({5: branch})
    other = customer(5, "shop", customer_id="nanjing", uscc=None, name=f"{parent}（南京办事处）", city=None)
    same = customer(5, "shop", customer_id="again", uscc=None, name=f"{parent}杭州市分公司", city="杭州")
    people = [contact(5, "shop", contact_id=name, customer_id=f"shop:{name}") for name in ("nanjing", "again")]
    world.night(2, other, same, people=people)
    codes = keys(world.home, "customer", "customer_id")
    assert len({codes["crm", "crm5"], codes["shop", "shop5"], codes["shop", "nanjing"]}) == 3
    assert codes["shop", "again"] == codes["shop", "shop5"]
    waiting = world.rows("customer_review", "left_record, right_record, why, probability")
    assert ("crm:crm5", "shop:shop5", "in_doubt", 0.5) in [(*sorted(row[:2]), *row[2:]) for row in waiting]
    said = {"by": "Li Na", "why": "one tax number", "at": AT}
    decisions.merge(world.home, ["crm:crm5", "shop:shop5"], **said)
    run(world.home, 3)
    assert world.is_one(5)


def test_a_code_that_many_unlike_names_have_fuses_nobody(world: World) -> None:
    """A default that the shop fills in: names alike are one, the others wait; when few have it, it proves again."""
    default, owners = {"uscc": "a_valid_placeholder"}, range(0, 60, 3)  # 20 cores: ten brands, two trades
    other = {n: {"phone": f"+86138{n:08d}", "email": None} for n in owners}
    world.begin({n: default for n in owners}, other)
    before = keys(world.home, "customer", "customer_id")
    cores = {COMPANIES[n][1:] for n in owners}
    assert len({before["shop", f"shop{n}"] for n in owners}) == len(cores)
    waiting = world.rows("customer_review", "left_record, right_record, why, probability")
    assert [row[2:] for row in waiting if row[2] == "shared_code"] == [("shared_code", 0.5)] * (len(cores) - 1)
    # one that is like the others, by its core, and one that is not
    alike = customer(0, "shop", customer_id="like0", name="康宁医疗器械", city=None, **default)
    world.night(2, alike, customer(1, "shop", customer_id="unlike", **default))
    after = keys(world.home, "customer", "customer_id")
    assert after["shop", "like0"] == after["shop", "shop0"]
    assert after["shop", "unlike"] not in {code for record, code in after.items() if record != ("shop", "unlike")}
    assert after.items() >= before.items()
    told = dict(world.rows("customer_xref", "customer_id, rule"))
    assert (told["like0"], told["unlike"]) == ("credit_code", "own_record")
    # a person says who is one
    said = {"by": "Li Na", "why": "asked them", "at": AT}
    merge = decisions.merge(world.home, ["shop:unlike", "shop:shop3"], **said)
    run(world.home, 3)
    assert keys(world.home, "customer", "customer_id")["shop", "unlike"] == after["shop", "shop3"]
    decisions.undo(world.home, merge.decision_id, **said)
    # all but three names get their own code
    mended = [customer(n, "shop") for n in owners if n > 6]
    world.night(4, *mended, customer(1, "shop", customer_id="unlike"))
    few = keys(world.home, "customer", "customer_id")
    assert len({few["shop", name] for name in ("shop0", "shop3", "shop6", "like0")}) == 1
    assert ("shared_code",) not in world.rows("customer_review", "why")


def test_what_a_code_of_many_says_is_not_learnt(tmp_path: Path) -> None:
    """Two hundred records of one placeholder are no pairs of one company."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    accept(home, "customers", "1", "crm", [customer(n, "crm", uscc="a_valid_placeholder") for n in range(100)])
    assert run(home, 1).customers == len({company[1:] for company in COMPANIES[:100]})
    assert not (home.identity / "customer_model.json").exists()


def test_a_city_is_one_however_it_is_written(world: World) -> None:
    """上海市, 上海 and what the name says are one place, and a key to be looked at."""
    world.begin({}, {5: {"phone": None, "email": None}})
    spelt = customer(5, "shop", uscc=None, city=f"{COMPANIES[5][0]}市")
    named = customer(5, "shop", uscc=None, city=None, customer_id="named")
    world.night(2, spelt, named)
    with duckdb.connect(str(world.home.identity / kept.FILE), read_only=True) as connection:
        mine = "select place from evidence_records where customer_id in ('crm5', 'shop5', 'named')"
        assert connection.execute(mine).fetchall() == [(COMPANIES[5][0],)] * 3
        keys_of = """
            select count(distinct unique_id) from evidence_keys where key in (
                select hash(core, place) from evidence_records where customer_id = 'crm5'
            )"""
        assert connection.execute(keys_of).fetchone() == (3,)


def test_a_hotline_fuses_nobody(world: World) -> None:
    """Shops without a credit code have one switchboard and one mail host; without the limit they are fused."""
    unknown = sorted({*range(0, 40, 4), *range(0, 100, 7)})  # ten brands of one trade in one city among them
    world.begin(without_code(*unknown), {n: {"phone": "+864008108888", "email": f"li{n}@park.cn"} for n in unknown})
    codes = keys(world.home, "customer", "customer_id")
    assert len({codes["shop", f"shop{n}"] for n in unknown}) == len(unknown) == 23
    assert not any(world.is_one(number) for number in unknown)
    assert len(set(codes.values())) == len(COMPANIES) + len(unknown)
    run(world.home, 2, IdentityFile.model_validate({"customers": {"shared_limit": 1000}}))
    fused = keys(world.home, "customer", "customer_id")
    assert len({fused["shop", f"shop{n}"] for n in unknown}) <= 14


def test_the_telephone_of_one_company_is_no_hotline_however_many_systems_know_it(world: World) -> None:
    """By its code that is one customer; when its records lose the code, they are as many as they are."""

    def systems(*numbers: int, **other: Any) -> None:
        for n in numbers:
            accept(world.home, "customers", f"1{n}", f"s{n}", [customer(5, f"s{n}", **other)])
            accept(world.home, "contacts", f"1{n}", f"s{n}", [contact(5, f"s{n}")])

    systems(1, 2, 3)
    world.begin({5: {"uscc": None, "city": None, "name": "".join(COMPANIES[5][1:])}})
    before = keys(world.home, "customer", "customer_id")
    assert world.is_one(5)
    systems(4, 5, 6)
    run(world.home, 2)
    after = keys(world.home, "customer", "customer_id")
    assert after.items() >= before.items()
    assert len({code for (_, record), code in after.items() if record[:2] in ("s1", "s4", "s6")}) == 1
    shared = "select count(*) from evidence_records where list_contains(phones, 'phone:' || ?)"
    for codes, telling in ((range(3), 8), (range(4), 0)):  # with theirs and the shop, five customers, then six
        for n in codes:
            accept(world.home, "customers", f"2{n}", f"s{n + 1}", [customer(5, f"s{n + 1}", uscc=f"code_of_{n}")])
        run(world.home, 3 + len(codes))
        with duckdb.connect(str(world.home.identity / kept.FILE), read_only=True) as connection:
            assert connection.execute(shared, [phone_of(5)]).fetchone() == (telling,)


def test_who_was_joined_by_a_telephone_stays_when_it_becomes_a_hotline(world: World) -> None:
    """Until he says something else, or the company lets fewer share a telephone; new records are not joined by it."""
    late = customer(5, "shop", uscc=None, city=None, name="".join(COMPANIES[5][1:]))
    world.begin({5: late})
    before = keys(world.home, "customer", "customer_id")
    assert world.is_one(5)
    hotline = [contact(n, "shop", phone=phone_of(5), email="li@firma5.cn") for n in range(100, 106)]
    new = contact(5, "shop", contact_id="new", customer_id="shop:new")
    world.night(2, late | {"customer_id": "new"}, people=[*hotline, new])
    joined = keys(world.home, "customer", "customer_id")
    assert joined == before | {("shop", "new"): joined["shop", "new"]}
    assert joined["shop", "new"] not in before.values()
    world.night(3, late | {"created_at": "2020-01-01"})
    assert keys(world.home, "customer", "customer_id") == joined
    fewer = World(Home(world.home.root / "fewer", "test"))
    shutil.copytree(world.home.dir, fewer.home.dir)
    run(fewer.home, 4, IdentityFile.model_validate({"customers": {"shared_limit": 4}}))
    assert not fewer.is_one(5)
    asked = World(Home(world.home.root / "asked", "test"))
    shutil.copytree(world.home.dir, asked.home.dir)
    run(asked.home, 4, IdentityFile.model_validate({"customers": {"review_above": 0.4}}))
    assert keys(asked.home, "customer", "customer_id") == joined, "what a person is asked parts nobody"
    world.night(4, late, people=[contact(5, "shop", phone=None, email=None)])
    assert not world.is_one(5)


@pytest.mark.parametrize("named", [("crm5", "crm6"), ("crm6", "crm5")])
def test_two_that_are_kept_apart_keep_their_records_in_whatever_order_they_were_named(
    world: World, named: tuple[str, str]
) -> None:
    """Also when one of the second is given the credit code of the first, and the first gets a new record."""
    world.begin({})
    before = keys(world.home, "customer", "customer_id")
    decisions.keep_apart(world.home, [f"crm:{name}" for name in named], by="Li", why="two companies", at=AT)
    world.night(2, customer(6, "shop", uscc=code_of(5)))
    new = contact(5, "shop", contact_id="n5", customer_id="shop:new5")
    world.night(3, customer(5, "shop", customer_id="new5"), people=[new])
    after = keys(world.home, "customer", "customer_id")
    assert {record: after[record] for record in before} == before
    assert after["shop", "new5"] == before["crm", "crm5"]


def test_a_company_that_is_renamed_keeps_its_code(world: World) -> None:
    """By its credit code; without one by the telephone and the e-mail that stay; without these a person has to say."""
    world.begin(without_code(5, 6))
    before = keys(world.home, "customer", "customer_id")
    renamed = [customer(number, "shop", name=f"晨曦{number}号新材料公司", uscc=None) for number in (5, 6)]
    stranger = contact(6, "shop", phone="+8613700000006", email="wu@other.cn")
    world.night(2, customer(4, "shop", name="东方新生公司"), *renamed, people=[stranger])
    after = keys(world.home, "customer", "customer_id")
    assert after["shop", "shop4"] == before["shop", "shop4"]
    assert after["shop", "shop5"] == before["shop", "shop5"]
    assert after["shop", "shop6"] != before["shop", "shop6"]
    assert {record: code for record, code in after.items() if record[1] != "shop6"} == {
        record: code for record, code in before.items() if record[1] != "shop6"
    }
    told = world.rows("customer_log", "customer_id, old_key, new_key, rule")
    assert told == [("shop6", before["shop", "shop6"], after["shop", "shop6"], "own_record")]


def test_who_did_not_change_keeps_the_code_when_evidence_does_not_hold_any_more(world: World) -> None:
    """5 has no credit code in the CRM either, 6 has one there and keeps its code by it under another name."""
    crm = {5: {"created_at": "2020-01-01", "uscc": None}, 6: {"created_at": "2020-01-01"}}
    world.begin({n: {"created_at": "2021-01-01", "uscc": None} for n in crm}, crm=crm)
    before = keys(world.home, "customer", "customer_id")
    assert world.is_one(5) and world.is_one(6)
    renamed = [customer(n, "crm", name=f"晨曦{n}号新材料公司", city=None, **crm[n]) for n in crm]
    accept(world.home, "customers", "2", "crm", renamed)
    strangers = [contact(n, "crm", phone=f"+861370000000{n}", email=f"wu@other{n}.cn") for n in crm]
    accept(world.home, "contacts", "2", "crm", strangers)
    run(world.home, 2)
    after = keys(world.home, "customer", "customer_id")
    assert {name for (system, name), code in after.items() if code != before[system, name]} == {"crm5", "shop6"}


def test_what_fits_two_codes_waits_for_a_person(world: World) -> None:
    world.begin(without_code(9))
    twin = customer(9, "shop", customer_id="shop-twin", uscc="code_of_the_twin")
    world.night(2, twin, people=[contact(9, "shop", contact_id="t", customer_id="shop:shop-twin")])
    assert world.is_one(9)
    undecided = world.rows("customer_review", "left_record, right_record, why")
    assert undecided == [("shop:shop9", "shop:shop-twin", "two_codes")]
    # until somebody says that they are two; whoever takes that back lets them wait again
    before, said = keys(world.home, "customer", "customer_id"), {"by": "Li Na", "why": "asked them", "at": AT}
    with pytest.raises(DecisionRefused, match="one customer now"):
        decisions.keep_apart(world.home, ["shop:shop9", "crm:crm9"], **said)
    apart = decisions.keep_apart(world.home, ["shop:shop9", before["shop", "shop-twin"]], **said)
    with pytest.raises(DecisionRefused, match=f"{apart.decision_id} together say the opposite"):
        decisions.merge(world.home, ["shop:shop9", "shop:shop-twin"], **said)
    run(world.home, 3)
    assert world.rows("customer_review") == []
    assert keys(world.home, "customer", "customer_id") == before
    decisions.undo(world.home, apart.decision_id, **said)
    run(world.home, 4)
    assert world.rows("customer_review", "left_record, right_record, why") == undecided


def test_a_night_without_changes_changes_no_byte(world: World) -> None:
    world.begin(without_code(3, 77))
    before = {path.name: path.read_bytes() for path in world.home.identity.glob("*")}
    run(world.home, 2)
    assert {path.name: path.read_bytes() for path in world.home.identity.glob("*")} == before


def test_a_night_looks_at_what_changed_and_finds_the_same(world: World, tmp_path: Path) -> None:
    world.begin(without_code(3, 77))
    world.night(2, customer(3, "shop", uscc=None, name="康宁公司"), customer(8, "shop", uscc=None))
    whole = World(Home(tmp_path / "whole", "test"))
    gate.ensure_schemas(whole.home)
    for file in world.home.accepted.rglob("*.parquet"):
        target = whole.home.accepted / file.relative_to(world.home.accepted)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    whole.home.identity.mkdir(parents=True, exist_ok=True)
    (whole.home.identity / "customer_model.json").write_bytes(
        (world.home.identity / "customer_model.json").read_bytes()
    )
    run(whole.home, 1)
    assert world.pairs() == whole.pairs()


def test_a_merge_keeps_the_older_code_and_is_written_down(world: World) -> None:
    world.begin({})
    stranger = customer(5, "shop", customer_id="late", uscc=None, name="另一家医院", city="西安", industry="医院")
    world.night(2, stranger)
    before = keys(world.home, "customer", "customer_id")
    assert before["crm", "crm5"] != before["shop", "late"]
    world.night(3, stranger | {"uscc": code_of(5)})
    after = keys(world.home, "customer", "customer_id")
    assert after == before | {("shop", "late"): before["crm", "crm5"]}
    told = world.rows("customer_log", "batch, source, customer_id, old_key, new_key, rule")
    assert told == [(3, "shop", "late", before["shop", "late"], before["crm", "crm5"], "credit_code")]
    nights = since(world.home, "customer", "customer_id")
    assert (nights["crm5"], nights["late"]) == (1, 3)


def test_nothing_is_learnt_from_too_few(tmp_path: Path) -> None:
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    accept(home, "customers", "1", "crm", [customer(n, "crm") for n in range(10)])
    accept(home, "customers", "1", "shop", [customer(n, "shop", uscc=None) for n in range(10)])
    found = run(home, 1)
    assert (found.customers, found.to_review) == (20, 0)
    assert not (home.identity / "customer_model.json").exists()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"merge_above": 1.2}, "less than 1"),
        ({"merge_above": 0.6, "review_above": 0.7}, "review_above lies above merge_above"),
        ({"shared_limit": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_thresholds_are_refused(told: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IdentityFile.model_validate({"customers": told})


def test_a_city_written_in_several_ways_makes_no_record_two(tmp_path: Path) -> None:
    """苏州市区, 苏州市 and 苏州 are one place: a record stays one row, night after night."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    accept(home, "customers", "01", "crm", [
        {"customer_id": "1", "name": "苏州瑞康医疗有限公司", "city": "苏州市区"},
        {"customer_id": "2", "name": "恒达贸易有限公司", "city": "苏州市"},
        {"customer_id": "3", "name": "恒安（苏州市）有限公司", "city": "苏州"},
    ])  # fmt: skip
    for night in (1, 2):
        run(home, night)
        xref = home.identity / "customer_xref.parquet"
        assert duckdb.sql(f"select customer_id, count(*) from '{xref}' group by 1 order by 1").fetchall() == [
            ("1", 1), ("2", 1), ("3", 1),
        ]  # fmt: skip


def test_a_city_below_another_is_in_it_whoever_says_so(tmp_path: Path) -> None:
    """昆山市 in the column of one, an address in 昆山 of another without a city, and 苏州 with such an address."""
    home = Home(tmp_path, "test")
    gate.ensure_schemas(home)
    accept(home, "customers", "01", "crm", [
        {"customer_id": "1", "name": "康宁医疗器械有限公司", "city": "昆山市"},
        {"customer_id": "2", "name": "康宁医疗器械有限公司", "address": "江苏省昆山市玉山镇前进路1号"},
        {"customer_id": "3", "name": "康宁医疗器械有限公司", "city": "苏州", "address": "昆山市玉山镇前进路1号"},
        {"customer_id": "4", "name": "昆山康宁医疗器械有限公司"},
        {"customer_id": "5", "name": "康宁医疗器械有限公司", "city": "江苏昆山市", "address": "前进路1号"},
        {"customer_id": "6", "name": "康宁医疗器械有限公司", "city": "大理"},  # of 大理州, or all of it
    ])  # fmt: skip
    run(home, 1)
    with duckdb.connect(str(home.identity / kept.FILE), read_only=True) as connection:
        found = connection.execute("select place, district from evidence_records order by customer_id").fetchall()
    assert found == [("苏州", "昆山")] * 5 + [("大理", None)]
