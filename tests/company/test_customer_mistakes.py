"""Tiers that leave a gap or contradict themselves, segments in a circle and rules that find everything are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_configuration_mistakes import COMPANY

from sales_warehouse.company.load import CompanyError, load_company

LIFECYCLE = """\
tiers:
  - tier: A
    name: {en: High, zh: 高}
    retention_class: full_history
    rules:
      - id: likely
        reason: {en: Likely, zh: 高概率}
        when:
          - {fact: open_opportunity_max_probability_rate, at_least: 0.45}
          - {fact: days_since_last_order, at_most: 60}
  - tier: B
    name: {en: Potential, zh: 潜在}
    rules:
      - id: recent
        reason: {en: Recent, zh: 近期}
        when: [{fact: days_since_last_order, at_most: 90}]
  - tier: C
    name: {en: Dormant, zh: 休眠}
retention:
  standard: {keep_conversation_days: 730}
"""
SEGMENTS = """\
tags:
  - {id: large, name: {en: Large, zh: 大}, when: {fact: net_sales_365d_amount, over: 500000}}
  - {id: listed, name: {en: Listed, zh: 名单}, customers: [shop:C1]}
segments:
  - id: east
    name: {en: East, zh: 华东}
    when:
      all:
        - {attribute: region_key, is: 华东}
        - {tag: large}
        - not: {attribute: is_addressable, is: false}
  - id: both
    name: {en: Both, zh: 两者}
    when: {any: [{segment: east}, {attribute: tier, in: [A, B]}]}
"""
NEEDS = """\
fields:
  - id: budget
    name: {en: Budget, zh: 预算}
    rules:
      - {id: amount, find: '预算([0-9]+)万'}
      - {id: words, words: [便宜], value: 价格敏感}
  - id: content
    name: {en: Read, zh: 已读}
    several: true
    rules:
      - {id: papers, fact: white_paper_read}
"""
SHOP = """\
source: shop
label: {en: Shop, zh: 商城}
owner: data
expected_within_hours: 24
connection: {type: files, path: "${SOURCE_DATA}/shop"}
tables:
  orders: {files: "*.csv", format: csv, columns: [no, created]}
mappings:
  - {entity: orders, from: orders, columns: {order_id: no, ordered_at: {from: created, normalise: timestamp}}}
"""
TEXTS = {
    "company.yml": COMPANY, "lifecycle.yml": LIFECYCLE, "segments.yml": SEGMENTS, "needs.yml": NEEDS,
    "sources/shop.yml": SHOP, "regions.yml": "regions: [{id: 华东, name: {en: East, zh: 华东}, aliases: [上海]}]\n",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_company_with_tiers_segments_and_needs_is_taken(folder: Path) -> None:
    company = load_company(folder)
    assert [tier.tier for tier in company.lifecycle.tiers] == ["A", "B", "C"]
    assert [tag.id for tag in company.segments.tags] == ["large", "listed"]
    assert [field.id for field in company.needs.fields] == ["budget", "content"]


ORDER_90 = "when: [{fact: days_since_last_order, at_most: 90}]"
CASES = {
    "a last tier with rules": (
        "lifecycle.yml", "    name: {en: Dormant, zh: 休眠}",
        "    name: {en: Dormant, zh: 休眠}\n"
        "    rules: [{id: x, reason: {en: x, zh: x}, when: [{fact: lead_count, over: 0}]}]",
        ["lifecycle.yml:19: tiers.2.rules: the last tier (C) must have no rules", "add a tier after it"],
    ),
    "a tier without rules before the last": (
        "lifecycle.yml",
        "    rules:\n      - id: recent\n        reason: {en: Recent, zh: 近期}\n        " + ORDER_90 + "\n", "",
        ["lifecycle.yml:11: tiers.1: tier B has no rules, so no customer would reach the tiers after it"],
    ),
    "two tiers of one name": (
        "lifecycle.yml", "- tier: B", "- tier: A", ["lifecycle.yml:11: tiers.1.tier: there are two tiers 'A'"],
    ),
    "the tier of nobody": (
        "lifecycle.yml", "- tier: B", "- tier: unknown",
        ["lifecycle.yml:11: tiers.1.tier: 'unknown' is the tier of what"],
    ),
    "two rules of one name": (
        "lifecycle.yml", "- id: recent", "- id: likely", ["lifecycle.yml:14: tiers.1.rules.0.id: there are two rules"],
    ),
    "an unknown fact in a tier": (
        "lifecycle.yml", "open_opportunity_max_probability_rate", "open_opportunity_probability_rate",
        ["lifecycle.yml:9: tiers.0.rules.0.when.0.fact: unknown fact", "did you mean 'open_opportunity_max"],
    ),
    "a text for a number": (
        "lifecycle.yml", "at_most: 90", "at_most: '90'", [":16: tiers.1.rules.0.when.0.at_most", "number", "'90'"],
    ),
    "a truth for a number": ("lifecycle.yml", "at_most: 90", "at_most: true", [":16:", "number"]),
    "a truth for an age": ("lifecycle.yml", "730", "true", [":20: retention.standard.keep_conversation_days", "True"]),
    "a text for an age": ("lifecycle.yml", "730", "'730'", [":20:", "keep_conversation_days", "'730'"]),
    "an age of too many days": ("lifecycle.yml", "730", "3000000000", [":20:", "less than or equal to 365000"]),
    "a number above all amounts": ("segments.yml", "over: 500000", "over: 1.0e+20", [":2:", "more than 14 digits"]),
    "a number with a unit": (
        "lifecycle.yml", "at_most: 90", "at_most: 90天", [":16: tiers.1.rules.0.when.0.at_most", "number", "90天"],
    ),
    "a number that is none": ("lifecycle.yml", "at_most: 90", "at_most: .nan", [":16:", "finite"]),
    "a number that is finer than amounts are": (
        "lifecycle.yml", "at_least: 0.45", "at_least: 0.45001", [":9:", "more than 4 decimals"],
    ),
    "a condition without a bound": ("lifecycle.yml", ", at_most: 90", "", [":16:", "give exactly one of at_least"]),
    "a probability above one": (
        "lifecycle.yml", "at_least: 0.45", "at_least: 45", [":9:", "can never hold", "between 0 and 1", "at_least 45"],
    ),
    "days below zero": (
        "lifecycle.yml", "at_most: 90", "at_most: -1", [":16:", "can never hold", "never below 0", "at_most -1"],
    ),
    "conditions that contradict each other": (
        "lifecycle.yml", ORDER_90,
        "when: [{fact: days_since_last_order, over: 90}, {fact: days_since_last_order, at_most: 90}]",
        [":16: tiers.1.rules.0.when: its conditions contradict each other", "over 90 and at_most 90 leaves nothing"],
    ),
    "no whole number between two bounds": (
        "lifecycle.yml", ORDER_90, "when: [{fact: lead_count, over: 1}, {fact: lead_count, under: 2}]",
        [":16:", "contradict", "in whole numbers"],
    ),
    "a rule that takes everybody": (
        "lifecycle.yml", ORDER_90, "when: [{fact: lead_count, at_least: 0}]",
        [":16: tiers.1.rules.0.when: holds for every customer, so all would be in tier B"],
    ),
    "a rule that an earlier tier swallows": (
        "lifecycle.yml", ORDER_90,
        "when: [{fact: days_since_last_order, at_most: 30}, {fact: open_opportunity_max_probability_rate, over: 0.5}]",
        [":14: tiers.1.rules.0: is never reached: whoever meets it meets rule 'likely' of tier A first"],
    ),
    "rules that take everybody together": (
        "lifecycle.yml", "        when: [{fact: days_since_last_order, at_most: 90}]",
        "        when: [{fact: order_count_total, at_least: 1}]\n"
        "      - {id: none, reason: {en: No, zh: 无}, when: [{fact: order_count_total, under: 1}]}",
        [":13: tiers.1.rules: these rules", "hold for every customer together", "tiers after B"],
    ),
    "a rule of which earlier tiers take a part each": (
        "lifecycle.yml", "          - {fact: days_since_last_order, at_most: 60}\n",
        "      - {id: late, reason: {en: Late, zh: 晚}, when: [{fact: days_since_last_order, over: 30}]}\n"
        "      - {id: soon, reason: {en: Soon, zh: 早}, when: [{fact: days_since_last_order, at_most: 30}]}\n",
        [":15: tiers.1.rules.0: is never reached", "each of which takes a part"],
    ),
    "an age for a class that no tier has": (
        "lifecycle.yml", "  standard: {", "  standart: {", [":20: retention.standart", "did you mean 'standard'"],
    ),
    "an age for what the first tier keeps": (
        "lifecycle.yml", "  standard: {", "  full_history: {", [":20: retention.full_history: tier A keeps"],
    ),
    "an unknown fact in a tag": (
        "segments.yml", "net_sales_365d_amount", "net_sales_amount",
        ["segments.yml:2: tags.0.when.fact: unknown fact 'net_sales_amount'; did you mean 'net_sales_365d_amount'"],
    ),
    "an attribute that is none": (
        "segments.yml", "attribute: region_key", "attribute: region",
        ["segments.yml:9: segments.0.when.all.0.attribute: unknown attribute 'region'; did you mean 'region_key'"],
    ),
    "SQL as an attribute": (
        "segments.yml", "attribute: region_key", "attribute: \"1=1) or (region_key\"", [":9:", "unknown attribute"],
    ),
    "an unknown tag": (
        "segments.yml", "tag: large}", "tag: larg}", [":10: segments.0.when.all.1.tag: unknown tag 'larg'", "'large'"],
    ),
    "an unknown segment": (
        "segments.yml", "segment: east}", "segment: est}",
        [":14: segments.1.when.any.0.segment", "did you mean 'east'"],
    ),
    "a region that the company does not have": (
        "segments.yml", "is: 华东}", "is: 华中}",
        [":9: segments.0.when.all.0.is: no region_key of this company '华中'"],
    ),
    "a tier that there is not": (
        "segments.yml", "in: [A, B]", "in: [A, D]", [":14: segments.1.when.any.1.in.1: no tier of this company 'D'"],
    ),
    "a text for a truth": (
        "segments.yml", "is: false", "is: 'false'", [":11: segments.0.when.all.2.not.is", "`is: true` or `is: false`"],
    ),
    "a truth for a text": ("segments.yml", "is: 华东", "is: true", [":9:", "region_key takes a text"]),
    "a number for a text": ("segments.yml", "is: 华东", "is: 3", [":9:", "is a text, or true or false; found 3"]),
    "a bound on an attribute": ("segments.yml", "is: 华东", "over: 5", [":9:", "a fact has exactly one of"]),
    "a condition of two kinds": (
        "segments.yml", "{tag: large}", "{tag: large, segment: both}", [":10:", "give exactly one of all, any, not"],
    ),
    "a segment in a circle": (
        "segments.yml", "{tag: large}", "{segment: both}",
        ["refers to itself: segment east → segment both → segment east", ":7: segments.0.when"],
    ),
    "a tag within itself": (
        "segments.yml", "when: {fact: net_sales_365d_amount, over: 500000}", "when: {not: {tag: large}}",
        [":2: tags.0.when: refers to itself: tag large → tag large"],
    ),
    "one name for a tag and a segment": ("segments.yml", "- id: both", "- id: large", [":12: segments.1.id", "twice"]),
    "a tag of a record without its source": (
        "segments.yml", "[shop:C1]", "[C1]", [":3: tags.1.customers.0", "C1"],
    ),
    "a tag of an unknown source": ("segments.yml", "[shop:C1]", "[shpo:C1]", [":3:", "did you mean 'shop'"]),
    "a segment that nobody can be in": (
        "segments.yml", "{tag: large}", "{fact: net_sales_365d_amount, under: 3}\n        - {tag: large}",
        [":7: segments.0.when: contradicts itself"],
    ),
    "a segment of one region that is another": (
        "segments.yml", "{tag: large}", "not: {attribute: region_key, in: [华东, unknown]}",
        [":7:", "contradicts itself"],
    ),
    "a segment above 7 and not above 5": (
        "segments.yml", "{tag: large}", "{tag: large}\n        - {not: {fact: net_sales_365d_amount, over: 5}}",
        [":7: segments.0.when: contradicts itself"],
    ),
    "a segment of whoever has no count of orders": (
        "segments.yml", "when: {any: [{segment: east}, {attribute: tier, in: [A, B]}]}",
        "when: {not: {fact: order_count_total, at_least: 0}}", [":14: segments.1.when: contradicts itself"],
    ),
    "a segment of no tier": (
        "segments.yml", "when: {any: [{segment: east}, {attribute: tier, in: [A, B]}]}",
        "when: {not: {any: [{attribute: tier, in: [A, B]}, {attribute: tier, is: C}]}}", [":14:", "contradicts itself"],
    ),
    "a segment of neither addressable nor not": (
        "segments.yml", "not: {attribute: is_addressable, is: false}",
        "not: {attribute: is_addressable, is: false}\n        - not: {attribute: is_addressable, is: true}",
        [":7:", "contradicts itself"],
    ),
    "a province by its name": (
        "segments.yml", "attribute: region_key, is: 华东", "attribute: province_key, is: 上海",
        [":9: segments.0.when.all.0.is: provinces go by their codes; write CN-SH for '上海'"],
    ),
    "a seller without a source": (
        "segments.yml", "attribute: region_key, is: 华东", "attribute: owner_rep_key, in: ['shop:R1', R1]",
        [":9: segments.0.when.all.0.in.1: no seller 'R1'", "<source>:<their id>"],
    ),
    "a seller of an unknown source": (
        "segments.yml", "attribute: region_key, is: 华东", "attribute: owner_rep_key, is: 'shpo:R1'",
        [":9:", "did you mean 'shop'"],
    ),
    "a pattern that is none": (
        "needs.yml", "预算([0-9]+)万", "预算([0-9]+万",
        ["needs.yml:5: fields.0.rules.0.find: is no regular expression"],
    ),
    "a pattern that finds everything": ("needs.yml", "预算([0-9]+)万", "[0-9]*", [":5:", "in an empty text"]),
    "a pattern of two groups": ("needs.yml", "预算([0-9]+)万", "(预算)([0-9]+)", [":5:", "2 groups", "(?:…)"]),
    "a fact that is none": ("needs.yml", "white_paper_read", "white_papers", [":11:", "'white_papers'"]),
    "a rule with words and a fact": (
        "needs.yml", "words: [便宜], ", "words: [便宜], fact: chat_intent, ", [":6:", "exactly"],
    ),
    "one name for two rules": ("needs.yml", "id: words", "id: amount", [":6: fields.0.rules.1.id", "twice"]),
}  # fmt: skip


@pytest.mark.parametrize(("file", "found", "wrong", "said"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_named_with_its_place(folder: Path, file: str, found: str, wrong: str, said: list[str]) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert found in text
    (folder / file).write_text(text.replace(found, wrong, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    assert str(folder / file) in str(error.value)
    for part in said:
        assert part in str(error.value)


@pytest.mark.parametrize(
    "when",
    [
        "{not: {fact: days_since_last_order, at_least: 0}}",  # who never ordered
        "{all: [{not: {fact: order_count_total, over: 5}}, {fact: order_count_total, over: 4}]}",
        "{not: {attribute: tier, in: [A, B]}}",
        "{attribute: province_key, in: [CN-SH, California]}",
        "{attribute: owner_rep_key, in: [unknown, 'shop:R1']}",
    ],
)
def test_a_segment_that_somebody_can_be_in_is_taken(folder: Path, when: str) -> None:
    text = f"segments: [{{id: x, name: {{en: x, zh: x}}, when: {when}}}]\n"
    (folder / "segments.yml").write_text(text, encoding="utf-8")
    assert load_company(folder).segments.segments[0].id == "x"


def test_a_condition_that_would_be_thousands_of_alternatives_is_refused(folder: Path) -> None:
    pairs = ", ".join(f"{{any: [{{attribute: city, is: a{n}}}, {{attribute: industry, is: b{n}}}]}}" for n in range(12))
    text = f"segments: [{{id: x, name: {{en: x, zh: x}}, when: {{all: [{pairs}]}}}}]\n"
    (folder / "segments.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CompanyError, match=r"segments.0.when: comes to more than 64 alt.* make several segments"):
        load_company(folder)
