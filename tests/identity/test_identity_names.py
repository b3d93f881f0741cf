"""Company names: what tells companies apart is left, the ways of writing it are not."""

from __future__ import annotations

import duckdb
import pytest

from sales_warehouse.identity.company_name import CompanyName, branch_of, company_name, plain_place, sounds_of
from sales_warehouse.identity.comparisons import compare_company
from sales_warehouse.identity.pinyin import sound

PLACES = {"上海", "成都", "石家庄", "广东"}
CORE = CompanyName("康宁医疗器械", "上海")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("上海康宁医疗器械有限公司", CORE),
        ("上海市康宁医疗器械有限责任公司", CORE),
        ("康宁（上海）医疗器械股份有限公司", CORE),
        ("康宁(上海)医疗器械公司", CORE),
        ("上海　康寧醫療器械 有限公司", CORE),
        ("上海康宁医疗器械集团有限公司", CORE),
        ("上海康宁医疗器械合伙企业（有限合伙）", CORE),
        ("康宁医疗器械（普通合伙）", CompanyName("康宁医疗器械", None)),
        ("上海康宁医疗器械（个体工商户）", CORE),
        ("康宁医疗器械", CompanyName("康宁医疗器械", None)),
        ("康宁（集团）医疗器械", CompanyName("康宁集团医疗器械", None)),
        ("石家庄天和医院", CompanyName("天和医院", "石家庄")),
        ("上海有限公司", CompanyName("上海", None)),
        ("成都", CompanyName("成都", None)),
        ("ＡＣＭＥ Co., Ltd.", CompanyName("acme", None)),
        ("Acme Trading Inc", CompanyName("acmetrading", None)),
        ("康宁医疗器械上海分公司", CompanyName("康宁医疗器械上海分", None)),
        ("Shanghai Kangning Yiliao Qixie Youxian Gongsi", CompanyName("shanghaikangningyiliaoqixie", None)),
        ("KANGNING YILIAO QIXIE GUFEN YOUXIAN GONGSI", CompanyName("kangningyiliaoqixie", None)),
        ("", CompanyName("", None)),
    ],
)
def test_a_name_has_this_core_and_place(text: str, meant: CompanyName) -> None:
    assert company_name(text, PLACES) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("康宁", "kangning"),
        ("重庆长江银行", "chongqingchangjiangyinhang"),  # not zhong, zhang, xing
        ("绿源", "luyuan"),
        ("abc医疗12", "abcyiliao12"),
    ],
)
def test_a_name_is_spoken_as_people_speak_it(text: str, said: str) -> None:
    assert sound(text) == said


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("苏州", "苏州"), ("苏州市", "苏州"), ("苏州市区", "苏州"), ("江苏省苏州市", "苏州"), ("江苏苏州市", "苏州"),
        ("江苏 / 苏州", "苏州"), ("中国江苏省蘇州市姑苏区", "苏州"), ("苏州市高新区", "苏州"), ("苏州高新区", "苏州"),
        ("苏州工业园区", "苏州"), ("上海", "上海"), ("上海市", "上海"), ("上海市浦东新区", "上海"),
        ("上海 浦东", "上海"), ("重庆奉节县", "重庆"), ("中国上海", "上海"),
        ("吉林市", "吉林"), ("吉林省", "吉林"), ("津市市", "津市"),
        ("广西壮族自治区南宁市", "南宁"), ("广西南宁市", "南宁"), ("海南藏族自治州", "海南藏族自治州"),
        ("中国", "中国"), ("沙县", "沙县"), ("康宁", "康宁"), ("-", "-"),
    ],
)  # fmt: skip
def test_a_city_has_one_plain_form(text: str, plain: str) -> None:
    assert plain_place(text).plain == plain


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("康宁医疗器械有限公司杭州分公司", "杭州"),
        ("康宁医疗器械杭州市分公司", "杭州"),
        ("康宁医疗器械（南京办事处）", "南京"),
        ("天和银行股份有限公司成都第一支行", "第一"),
        ("天和银行南京分行", "南京"),
        ("安泰机械总公司第二分厂", "第二"),
        ("西门子北京代表处", "北京"),
        ("康宁大药房连锁有限公司第三门店", "第三门店"),
        ("康宁大药房连锁公司 第三门店", "第三门店"),
        ("安泰建材有限公司门市部", "门市部"),
        ("Kangning Medical Co., Ltd. Nanjing Branch", "nanjingbranch"),
        ("KANGNING MEDICAL CO.,LTD. NANJING  BRANCH", "nanjingbranch"),
        ("康宁医疗器械公司（第三门店）", "第三门店"),
        ("康宁醫療器械公司第三門店", "第三门店"),
        ("康寧醫療器械公司閔行辦事處", "闵行"),
        ("Kangning Youxian Gongsi Nanjing Fengongsi", "nanjingfengongsi"),
        ("上海康宁医疗器械有限公司", None),
        ("康宁医疗器械有限公司（上海）", None),
        ("康宁医疗器械有限公司 VIP", None),
        ("康宁医疗器械有限公司总部", None),
        ("康宁医疗器械有限公司（上海总部）", None),
        ("康宁医疗器械有限公司采购部", None),
        ("Kangning Medical Co., Ltd., Head Office", None),
        ("上海分析仪器有限公司", None),
        ("康宁门店管理有限公司", None),
        ("康宁大药房", None),
        ("第一人民医院", None),
        ("Olive Branch Ltd", None),
    ],
)
def test_a_branch_is_told_from_its_company_and_from_others(text: str, which: str | None) -> None:
    assert branch_of(text) == which


# Whether a name in letters is held for a Chinese one.
@pytest.mark.parametrize(
    ("one", "other", "is_spoken"),
    [
        ("上海康宁医疗器械有限公司", "Kangning Yiliao Qixie Youxian Gongsi", True),
        ("上海康宁医疗器械有限公司", "Shanghai Kang Ning Yi Liao Qi Xie", True),
        ("Kangning-Yiliao-Qixie", "康寧醫療器械", True),
        ("重庆重工机械", "Zhonggong Jixie Co., Ltd.", True),
        ("绿源生物科技", "Luyuan Shengwu Keji", True),
        ("绿源生物科技", "Lvyuan Shengwu Keji", True),
        ("上海康宁医疗器械有限公司", "Beijing Kangning Yiliao Qixie", False),  # another place
        ("康宁医疗器械", "康凝医疗器械", False),  # two that only sound alike
        ("康宁医疗器械", "Kangming Yiliao Qixie", False),
        ("康宁医疗器械", "Kangning Yiliao", False),
        ("康宁医疗器械", "Corning Medical Devices", False),  # a translation is no sound
        ("康宁", "Kangning", False),  # two characters sound like too many others
        ("康宁医疗器械", "Kangning Yiliao Qixie 2", False),
        ("Kangning Yiliao Qixie", "Kangning Yiliao Qixie Gongsi", False),  # one and the same, a level above
    ],
)
def test_a_name_in_pinyin_is_held_against_a_chinese_one(one: str, other: str, is_spoken: bool) -> None:
    places = {"上海", "重庆"}
    apart = [company_name(text, places) for text in (one, other)]
    level = compare_company("core", "sounds").levels[1]
    connection = duckdb.connect()
    for left, right in (apart, apart[::-1]):
        given = [left.core, right.core, sounds_of(left), sounds_of(right)]
        pair = "?::varchar core_l, ?::varchar core_r, ?::varchar[] sounds_l, ?::varchar[] sounds_r"
        found = connection.execute(f"select {level.sql} from (select {pair})", given).fetchall()
        assert found == [(is_spoken,)]
