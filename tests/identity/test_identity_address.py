"""Addresses: the city and the district that they name for certain, however they are written, and nothing else."""

from __future__ import annotations

import csv
from importlib import resources

import duckdb
import pytest

from sales_warehouse.identity.address import FORMER, HEAD, divisions, locate, where_is
from sales_warehouse.identity.company_name import one_way
from sales_warehouse.identity.comparisons import compare_part


@pytest.mark.parametrize(
    ("address", "city", "district"),
    [
        ("湖北省武汉市洪山区珞喻路1037号", "武汉", "洪山"),
        ("湖北武汉洪山区珞喻路1037号", "武汉", "洪山"),
        ("武汉市洪山区", "武汉", "洪山"),
        ("湖北省　武漢市　洪山區　珞喻路１０３７號", "武汉", "洪山"),
        ("430074 中国湖北省武汉市洪山区珞喻路", "武汉", "洪山"),
        ("地址：湖北省-武汉市-洪山区", "武汉", "洪山"),
        ("上海市浦东新区张江路1号", "上海", "浦东"),
        ("上海浦東新區張江路1號", "上海", "浦东"),
        ("上海市浦东区张江路1号", "上海", "浦东"),
        ("上海市上海市浦东新区张江路", "上海", "浦东"),
        ("上海市市辖区浦东新区张江路", "上海", "浦东"),
        ("上海市崇明县陈家镇", "上海", "崇明"),  # a district since 2016
        ("北京朝阳区建国路88号", "北京", "朝阳"),
        ("吉林省长春市朝阳区", "长春", "朝阳"),
        ("吉林市船营区", "吉林", "船营"),
        ("天津河北区中山路", "天津", "河北"),
        ("河北省唐山市路北区", "唐山", "路北"),
        ("济南市中区经四路", "济南", "市中"),
        ("青岛市南区香港中路", "青岛", "市南"),
        ("晋城市城区凤台西街", "晋城", "城区"),
        ("河北省沧州市沧县", "沧州", "沧县"),
        ("湖南省长沙市长沙县星沙街道", "长沙", "长沙"),
        ("江苏省昆山市玉山镇", "苏州", "昆山"),
        ("江苏省苏州市昆山市玉山镇", "苏州", "昆山"),
        ("义乌市福田街道", "金华", "义乌"),
        ("四川省乐山市峨边彝族自治县沙坪镇", "乐山", "峨边"),
        ("乐山市峨边县沙坪镇", "乐山", "峨边"),
        ("云南省大理白族自治州大理市下关", "大理", "大理"),
        ("云南大理州漾濞县", "大理", "漾濞"),
        ("内蒙古自治区锡林郭勒盟阿巴嘎旗", "锡林郭勒", "阿巴嘎"),
        ("内蒙古呼伦贝尔市鄂温克族自治旗", "呼伦贝尔", "鄂温克族"),
        ("青海省海南州共和县", "海南", "共和"),
        ("新疆和田地区和田市", "和田", "和田市"),  # there is 和田县 beside it
        ("重庆市市辖区南岸区", "重庆", "南岸"),
        ("上海市闸北区共和新路", "上海", "静安"),  # one with it since 2015
        ("重慶市開縣漢豐街道", "重庆", "开州"),
        ("重庆渝北区龙溪街道", "重庆", "渝北 (former)"),  # of several districts now
        ("浙江省宁波市江北区", "宁波", "江北"),
        ("浙江省杭州市江干区", "杭州", "江干 (former)"),
    ],
)
def test_an_address_names_its_city_and_district(address: str, city: str, district: str) -> None:
    assert where_is(address) == (city, district)


@pytest.mark.parametrize(
    "address",
    [
        "武汉市东湖新技术开发区关山大道",
        "武汉市工业园区洪山路",
        "武汉市阳光小区3栋",
        "武汉市洪山路12号",
        "武汉市江岸市场路",
        "武汉市武昌区域中心",
        "武汉市老城区解放路",
        "武汉市滨湖新区",
        "武汉市浦东新区",  # of another city
        "武汉市朝阳区",
    ],
)
def test_what_is_no_district_of_the_city_is_none(address: str) -> None:
    assert where_is(address) == ("武汉", None)


@pytest.mark.parametrize(
    "address",
    [
        "洪山区珞喻路1037号",  # a district of that name may be elsewhere: nobody says where it is
        "鼓楼区中山路",
        "江苏省鼓楼区",  # of Nanjing and of Xuzhou
        "东区商业街",
        "上海南京路1号",  # a road of Shanghai, or 上海南京路 of somewhere
        "山东路100号",
        "昆山市场路",
        "苏州工业园区星湖街",
        "廊坊开发区",
        "1037 Luoyu Road, Hongshan District, Wuhan",
        "",
    ],
)
def test_nothing_is_guessed(address: str) -> None:
    assert where_is(address) == (None, None)


@pytest.mark.parametrize(
    ("address", "city", "district"),
    [
        ("洪山区珞喻路1037号", "武汉市", "洪山"),
        ("洪山區珞喻路", "武漢", "洪山"),
        ("朝阳区建国路", "北京", "朝阳"),
        ("朝阳区人民大街", "长春市", "朝阳"),
        ("中山区人民路", "大连", "中山"),
        ("崇明县陈家镇", "上海市", "崇明"),
        ("昆山市玉山镇", "苏州", "昆山"),
        ("江苏省苏州市昆山市玉山镇", "昆山市", "昆山"),  # the city of the record is the one below
        ("城区凤台西街", "晋城", "城区"),
        ("城区凤台西街", "武汉", None),
        ("北京市朝阳区", "上海", None),  # the record contradicts itself
        ("北京市朝阳区", "朝阳市", None),
        ("中山市小榄镇", "大连", None),
        ("洪山区珞喻路", "Wuhan", None),
        ("渝北区龙溪街道", "重庆", "渝北 (former)"),
        ("江北区观音桥", "重庆市", "江北 (former)"),
        ("江北区中马街道", "宁波", "江北"),
        ("下城区武林路", "杭州", "拱墅"),
    ],
)
def test_the_city_of_the_record_says_which_district_it_is(address: str, city: str, district: str | None) -> None:
    assert where_is(address, city).district == district


def test_every_district_is_found_in_its_addresses() -> None:
    """With and without province and city, and with the city of the record alone, written with its kind or without."""
    listed = divisions()
    below = [(name, city, plain) for known in listed.districts.values() for name, (city, plain) in known]
    assert len(below) == len({(name, city.plain) for name, city, _ in below}) == 2814
    assert len({city.province for _, city, _ in below}) == 31
    wrong = []
    for name, city, plain in below:
        whole, short = max(city.names, key=len), min(city.names, key=len)
        for address, told in (
            (f"{city.province}{whole}{name}人民路1号", None), (f"{city.province}{name}人民路1号", whole),
            (f"{whole}{name}人民路1号", None), (f"{short}{name}", short), (f"{name}人民路1号", short), (name, whole),
        ):  # fmt: skip
            if where_is(address, told) != (city.plain, plain):
                wrong.append((address, told))
    assert wrong == []


def test_a_former_district_is_none_of_its_city_and_what_it_became_is_one() -> None:
    """107 that ended since 2009; every city that had one is in the list."""
    text = (resources.files("sales_warehouse") / "data" / "china_former_districts.csv").read_text(encoding="utf-8")
    rows, cities = list(csv.DictReader(text.splitlines())), {}
    for city in {city for known in divisions().cities.values() for _, city in known}:
        districts = {name for known in city.districts.values() for name, _ in known}
        cities |= {(city.province, name): districts for name in city.names_with_kind}
    assert len(rows) == len({(row["city"], row["former"]) for row in rows}) == 107
    wrong = []
    for row in rows:
        province, city, former, became = (one_way(cell) for cell in row.values())
        known = cities[province, city]
        if former in known or (became and became not in known):
            wrong.append(row)
        told = {where_is(f"{province}{city}{former}1号"), where_is(f"{former}1号", city)}
        if became:
            told.add(where_is(f"{city}{became}"))
        if len(told) != 1 or None in told.pop():
            wrong.append(row)
    assert wrong == []


def test_addresses_are_taken_apart_as_far_as_they_may_name_a_district() -> None:
    """Records of one street are asked about once, and a record without a district not at all."""
    with duckdb.connect() as connection:
        connection.execute("create table told (city varchar, address varchar)")
        connection.executemany("insert into told values (?, ?)", [
            ("", "湖北省武汉市洪山区珞喻路1037号"), ("", "湖北省武汉市洪山区珞喻路2号"),
            ("武汉", "洪山区珞喻路2号阳光小区"), ("武汉", "珞喻路2号"), ("", "１００　上海市浦東新區"),
        ])  # fmt: skip
        locate(connection, f"select city, {HEAD.format('address')} as head from told where head <> ''", "found")
        assert connection.execute("from found order by all").fetchall() == [
            ("", "湖北省武汉市洪山区珞", "武汉", "洪山"), ("", "１００　上海市浦東新區", "上海", "浦东"),
            ("武汉", "洪山区珞", "武汉", "洪山"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (("武汉", "洪山"), ("武汉", "洪山"), "same"),
        (("武汉", "洪山"), ("武汉", "江岸"), "other"),
        (("武汉", "洪山"), ("武汉", None), "nothing"),
        (("北京", "朝阳"), ("长春", "朝阳"), "nothing"),
        (("武汉", "洪山"), (None, None), "nothing"),
        ((None, None), (None, None), "nothing"),
        (("重庆", "渝北 (former)"), ("重庆", "渝北 (former)"), "same"),
        (("重庆", "渝北 (former)"), ("重庆", "两江新区"), "nothing"),
        (("重庆", "渝北 (former)"), ("重庆", "江北 (former)"), "nothing"),
    ],
)
def test_districts_are_compared_within_one_city(left: tuple, right: tuple, said: str) -> None:
    compared = compare_part("district", "place", FORMER)
    pair = "?::varchar place_l, ?::varchar district_l, ?::varchar place_r, ?::varchar district_r"
    for one, other in ((left, right), (right, left)):
        found = duckdb.execute(
            f"select case when {compared.levels[0].sql} then 'same' when {compared.missing} then 'nothing' "
            f"else 'other' end from (select {pair})",
            [*one, *other],
        ).fetchall()
        assert found == [(said,)]
