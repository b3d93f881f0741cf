"""Company names: what tells companies apart is left, the ways of writing it are not."""

from __future__ import annotations

import pytest

from sales_warehouse.identity.company_name import CompanyName, company_name

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
        ("康宁医疗器械", CompanyName("康宁医疗器械", None)),
        ("康宁（集团）医疗器械", CompanyName("康宁集团医疗器械", None)),
        ("石家庄天和医院", CompanyName("天和医院", "石家庄")),
        ("上海有限公司", CompanyName("上海", None)),
        ("成都", CompanyName("成都", None)),
        ("ＡＣＭＥ Co., Ltd.", CompanyName("acme", None)),
        ("Acme Trading Inc", CompanyName("acmetrading", None)),
        ("康宁医疗器械上海分公司", CompanyName("康宁医疗器械上海分", None)),
        ("", CompanyName("", None)),
    ],
)
def test_a_name_has_this_core_and_place(text: str, meant: CompanyName) -> None:
    assert company_name(text, PLACES) == meant
