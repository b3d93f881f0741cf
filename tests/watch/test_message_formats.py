"""What a message looks like, in both languages and as receivers get it: compared with files that a person has read.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/watch/test_message_formats.py, then read the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_string
from email.header import decode_header, make_header
from email.message import Message as Mail
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from incident_nights import Row
from published_nights import BROKEN, EXPLAINED, NOW, Published, falls, leave_out, write_settings

from sales_warehouse.home import Home
from sales_warehouse.watch import formats, wording
from sales_warehouse.watch.carriers import AppriseCarrier, _fitting
from sales_warehouse.watch.incidents import one
from sales_warehouse.watch.message import MOST_SECTIONS, Message, address_of, bare, compose, from_json, shortened
from sales_warehouse.watch.notices import Notice, Settings, read_news, read_settings

GOLDEN = Path(__file__).with_name("golden")
PAGES = "https://airflow.example.com/"
# Addresses as Apprise's own examples write them; nothing leaves this machine.
RECEIVERS = {
    "wecom": "wecombot://a1b2c3d4-0000-0000-0000-000000000000",
    "dingtalk": "dingtalk://abcdefgh12345678",
    "feishu": "feishu://abcdefgh-1234-5678",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?image=no",
    "teams": "workflows://host.example.com/abcdef0123456789/sig0123456789?image=no",
    "webhook": "json://hooks.example.com/sales",
    "mail": "mailto://robot:secret@mail.example.com?to=team@example.com&from=robot@example.com",
}


def golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def composed(home: Home, language: str) -> Message:
    news = read_news(home, ())
    return compose(
        news.notices, read_settings(home), language=language, on=NOW.date(), pages=PAGES, left_out=news.left_out
    )


def notices(world: Published, regions: int = 1) -> tuple[Notice, ...]:
    world.live(falls(regions))
    return read_news(world.home, ()).notices


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Message]:
    """A night with news of every kind: a new one, a graver one, one that is back, one that is over, one withdrawn, and
    rules that have a mistake since.
    """
    world = Published(Home(tmp_path_factory.mktemp("digest"), "acme"))
    write_settings(world.home)
    east, north, south = falls(3)
    mild, west = {**north, "severity": "warning"}, other(east, "west", "Net sales, West: −30 %", "净销售额·西部：−30%")
    deal = other(east, "stalled", "A deal stands still", "商机停滞", severity="info", playbook_id=None,
                 reason_en="D1 has been in x2 for 31 days.", reason_zh="商机 D1 已停留 31 天。")  # fmt: skip
    ended = other(east, "web", "Sales of the shop fell", "商城销售下跌", period_end_date="2026-06-27")
    world.live([mild, south, west, ended])
    told = read_news(world.home, ()).settled
    world.live([mild, west], "2026-06-30")  # the shop has recovered, and the south was withdrawn too soon
    world.live([east, north, south, deal], "2026-07-01")
    leave_out(world.home, *BROKEN)
    news = read_news(world.home, told)
    assert [n.what for n in news.notices] == ["opened", "upgraded", "reopened", "opened", "resolved", "retracted"]
    settings = read_settings(world.home)
    about = {"on": NOW.date(), "pages": PAGES, "left_out": news.left_out}
    return lambda language: compose(news.notices, settings, language=language, **about)


def other(row: Row, subject: str, title_en: str, title_zh: str, **more: object) -> Row:
    keys = {"subject_key": subject, "alert_key": f"{subject}|2026-06-22"}
    return {**row, **keys, "title_en": title_en, "title_zh": title_zh, **more}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["markdown", "plain"])
def test_one_incident_reads_as_agreed(home: Home, world: Published, language: str, name: str) -> None:
    world.live(falls(1), more=EXPLAINED.replace("intercept", "regional_fall"))
    suffix = "md" if name == "markdown" else "txt"
    golden(f"one.{language}.{suffix}", getattr(formats, name)(composed(home, language)))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["markdown", "plain"])
def test_a_digest_reads_as_agreed(digest: Callable[[str], Message], language: str, name: str) -> None:
    suffix = "md" if name == "markdown" else "txt"
    golden(f"digest.{language}.{suffix}", getattr(formats, name)(digest(language)))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["markdown", "plain"])
def test_rules_with_a_mistake_alone_read_as_agreed(home: Home, language: str, name: str) -> None:
    leave_out(home, *BROKEN)
    suffix = "md" if name == "markdown" else "txt"
    golden(f"left_out.{language}.{suffix}", getattr(formats, name)(composed(home, language)))


LATE_REASONS = {
    "reason_en": "Net sales of East China fell by 23.4 %. Found late: the figure was restated since it was judged on "
    "2026-06-07; it was 55,000.00 then and is 41,200.00 now.",
    "reason_zh": "华东净销售额下降 23.4%。事后发现：2026-06-07 判定后，该指标被重述，由当时的 55,000.00 变为 "
    "41,200.00。",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_found_late_reads_as_agreed(home: Home, world: Published, language: str) -> None:
    world.live(falls(1, "2026-06-01", is_late=True, changed_by="data", **LATE_REASONS))
    golden(f"late.{language}.txt", formats.plain(composed(home, language)))


@pytest.mark.parametrize(
    ("changed_by", "english", "chinese"),
    [
        ("data", "Data that came late changed the past: by what is known today", "数据补录或更正后，按目前数据，"),
        ("goal", "The goal was changed: by the new one", "目标已调整，按新目标，"),
        (
            "settings",
            "Settings, mappings or models have changed since, so",
            "其间配置、映射或模型有变更，未必由补录造成",
        ),
        (None, "By what is known today", "按目前数据，"),
    ],
)
def test_what_is_taken_back_says_by_what(changed_by: str | None, english: str, chinese: str) -> None:
    row = {"changed_by": changed_by, "period_start_date": "2026-06-01", "period_end_date": "2026-06-07"}
    assert wording.ENGLISH.text("retracted", row).startswith(english)
    assert wording.CHINESE.text("retracted", row).startswith(chinese)


def test_what_was_restated_and_is_worse_says_by_what() -> None:
    row = {"changed_by": "goal", "reason_en": "40 % was reached."}
    assert wording.ENGLISH.text("upgraded", row) == "40 % was reached. The goal was changed."
    assert wording.ENGLISH.text("upgraded", {**row, "changed_by": None}) == "40 % was reached."
    assert wording.ENGLISH.text("opened", row) == "40 % was reached."


def test_what_was_found_late_does_not_say_that_it_has_recovered() -> None:
    row = {"is_late": "true", "opened_date": "2026-06-16"}
    assert wording.ENGLISH.text("resolved", row) == (
        "A later period has been judged since this was found, on 2026-06-16, and is fine."
    )


def test_a_line_of_the_history_says_why_a_period_is_judged_otherwise() -> None:
    late = {"event_type": "opened", "is_late": True, "changed_by": "data"}
    assert wording.ENGLISH.event(late) == "opened (found late, late data changed the figure)"
    assert wording.CHINESE.event({"event_type": "retracted", "changed_by": "goal"}) == "已撤回（目标已调整）"
    assert wording.ENGLISH.event({"event_type": "snoozed"}) == "snoozed"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What leaves for a web service or a mail server."""
    found: list[Any] = []

    def post(*arguments: object, data: Any = None, **more: Any) -> requests.Response:
        content = json.loads(data if isinstance(data, (str, bytes)) else json.dumps(data))
        for attachment in content.get("attachments", []) if isinstance(content, dict) else []:
            attachment.pop("ts", None)  # the moment of sending
        found.append(content)
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"ok"
        return answer

    class Server:
        def __init__(self, *arguments: object, **more: object) -> None:
            pass

        def sendmail(self, sender: str, to: list[str], text: str) -> None:
            found.append(message_from_string(text))

        def __getattr__(self, name: str) -> Callable[..., object]:
            return lambda *arguments, **more: SimpleNamespace()

    monkeypatch.setattr("requests.post", post)
    monkeypatch.setattr("requests.request", post)
    monkeypatch.setattr("smtplib.SMTP", Server)
    yield found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("receiver", RECEIVERS)
def test_every_receiver_gets_what_it_shows(
    digest: Callable[[str], Message], sent: list[Any], receiver: str, language: str
) -> None:
    AppriseCarrier(RECEIVERS[receiver], "sales_alerts").send("the key", digest(language))
    [got] = sent
    golden(f"sent/{receiver}.{language}.{'txt' if receiver == 'mail' else 'json'}", _readable(got))


def _readable(got: Any) -> str:
    if not isinstance(got, Mail):
        return json.dumps(got, ensure_ascii=False, indent=1) + "\n"
    parts = [part for part in got.walk() if not part.is_multipart()]
    bodies = [(part.get_content_type(), part.get_payload(decode=True).decode()) for part in parts]
    return f"Subject: {make_header(decode_header(got['Subject']))}\n" + "".join(
        f"\n--- {kind}\n{text.rstrip()}\n" for kind, text in bodies
    )


def test_what_is_too_long_for_a_receiver_loses_steps_and_then_incidents_and_says_so(
    world: Published, sent: list[Any]
) -> None:
    [notice] = notices(world)
    many = [replace(notice, incident_key=f"fall|{n}", key=f"fall|{n}") for n in range(12)]
    message = compose(many, read_settings(world.home), language="zh", on=NOW.date(), pages=PAGES)
    AppriseCarrier(RECEIVERS["wecom"], "sales_alerts").send("the key", message)
    text = sent[0]["text"]["content"]
    shown = text.count("查看事件")
    assert 4 <= shown < MOST_SECTIONS and f"另有 {12 - shown} 条，请查看看板。" in text and "核对库存" not in text
    assert len(text.encode()) <= 2048


def test_rules_with_a_mistake_are_told_however_little_a_receiver_takes(world: Published, sent: list[Any]) -> None:
    many = (
        *BROKEN,
        *((10 + n, 50 + n, f"r{n}", f"Rule {n}", f"规则 {n}", "Ann", "on", "metric", "x" * 500) for n in range(3)),
    )
    leave_out(world.home, *many)
    [notice] = notices(world)
    others = [replace(notice, incident_key=f"fall|{n}", key=f"fall|{n}") for n in range(12)]
    about = {"on": NOW.date(), "pages": PAGES, "left_out": read_news(world.home, ()).left_out}
    message = compose(others, read_settings(world.home), language="zh", **about)
    AppriseCarrier(RECEIVERS["wecom"], "sales_alerts").send("the key", message)
    text = sent[0]["text"]["content"]
    shown = text.count("查看事件")
    assert "【未判定】5 条预警规则配置有误" in text and "另有 2 条，见规则页面" in text and "x" * 160 + "…" in text
    assert 0 < shown < MOST_SECTIONS and f"另有 {12 - shown} 条，请查看看板。" in text
    assert len(text.encode()) <= 2048


LONG_MISTAKES = [
    "a rule of kind stalled_deals has no metric, dimension, grain; it takes minimum_amount",
    "net_sales by product is there by month and quarter alone; say one of them",
    "neither more nor less of repurchase_cycle_days is better, so a rule of it says `direction`: fall or rise",
]


def wordy(world: Published, incidents: int, rules: int, language: str) -> Message:
    """A message about incidents of which there is much to say, and about rules of which there is, too."""
    names = ["外勤团队商机停滞超过三十天", "单品净销售额月环比下跌超过百分之二十", "复购周期突然缩短"]
    leave_out(world.home, *(
        (n, 10 + n, f"a_rule_of_number_{n}", f"Deals of field sales stand still {n}", names[n % 3], "客户成功负责人",
         "on", "direction", LONG_MISTAKES[n % 3])
        for n in range(rules)
    ))  # fmt: skip
    told = [
        replace(n, incident_key=f"fall|{i}", key=f"fall|{i}", row={
            **n.row, "reason_zh": "华东的净销售额环比下降 27.3%。" * 9, "cause_zh": "门店渠道贡献了 -412,330.20。" * 9,
            "reason_en": "Net sales of East China fell by 27.3 %. " * 9, "cause_en": "Shops: -412,330.20. " * 9,
        })
        for i in range(incidents) for n in notices(world)
    ]  # fmt: skip
    left_out = read_news(world.home, ()).left_out
    return compose(told, read_settings(world.home), language=language, on=NOW.date(), pages=PAGES, left_out=left_out)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("rules", [1, 2, 3, 12])
@pytest.mark.parametrize("incidents", [0, 1, 4])
def test_incidents_are_shortened_before_rules_with_a_mistake_are(
    world: Published, sent: list[Any], incidents: int, rules: int, language: str
) -> None:
    message = wordy(world, incidents, rules, language)
    AppriseCarrier(RECEIVERS["wecom"], "sales_alerts").send("the key", message)
    text = sent[0]["text"]["content"]
    told = [value for _, value in message.sections[-1].facts]
    assert len(told) == min(rules, 4) and all(fact in text for fact in told)
    assert f"{PAGES}sales-warehouse/alert-rules" in text.splitlines()[-1 if incidents < 2 else -3]
    assert incidents == 0 or f"{PAGES}sales-warehouse/incident?key=fall%7C0\n" in text
    assert len(text.encode()) <= 2048


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("incidents", [0, 1, 4])
def test_what_little_a_receiver_takes_ends_with_no_half_of_a_word_and_names_how_many_rules_there_are(
    world: Published, incidents: int, language: str
) -> None:
    message = wordy(world, incidents, 5, language)
    whole, full = formats.plain(message), set(re.findall("[!-~]+", formats.plain(message)))
    for room in range(250, len(whole.encode()), 10):
        plugin = SimpleNamespace(notify_format="text", title_maxlen=250, body_maxlen=room)
        body, _ = _fitting(message, plugin)
        count = {"en": "[not judged] 5 alert rules have a mistake", "zh": "【未判定】5 条预警规则配置有误"}[language]
        assert len(body.encode()) <= room and (count in body or count == message.title)
        assert f"{PAGES}sales-warehouse/alert-rules\n" in body
        said = {word for line in body.splitlines() if "…" in line for word in re.findall("[!-~]+", line)}
        assert said <= full
        if incidents and "incident?key" not in body:
            in_all = {"en": f"On the board: {incidents} in all.", "zh": f"共 {incidents} 条，请查看看板。"}
            assert in_all[language] in body


def test_a_receiver_that_takes_next_to_nothing_gets_whole_words(world: Published) -> None:
    message = wordy(world, 4, 5, "en")
    plugin = SimpleNamespace(notify_format="text", title_maxlen=250, body_maxlen=50)
    assert _fitting(message, plugin)[0] == "1. [not judged] 5 alert rules have a mistake…"
    plugin = SimpleNamespace(notify_format="text", title_maxlen=0, body_maxlen=10)
    assert _fitting(message, plugin)[0] == ""


def test_a_digest_of_which_one_incident_is_left_says_which(world: Published) -> None:
    message = shortened(wordy(world, 3, 0, "en"), 1)
    assert formats.plain(message, titled=False).startswith("1. [critical] Net sales, East China")
    assert formats.markdown(message, titled=False).startswith("## 1. \\[critical\\] Net sales, East China")


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("a short one", 11, "a short one"),
        ("cut between words", 11, "cut between…"),
        ("cut between words", 10, "cut…"),
        ("未知的指标 retun_rate，是否", 10, "未知的指标…"),
        ("未知的指标是否有误", 5, "未知的指标…"),
        ("x" * 20, 5, "xxxxx…"),
    ],
)
def test_a_text_is_cut_between_words(text: str, most: int, kept: str) -> None:
    assert wording.clipped(text, most) == kept


def test_the_key_is_of_the_events_not_of_their_order_or_language(world: Published) -> None:
    told, settings = notices(world, 3), read_settings(world.home)
    there = compose(told, settings, language="en", on=NOW.date())
    back = compose(told[::-1], settings, language="zh", on=NOW.date())
    assert there.key == back.key == bare(told, language="en", on=NOW.date()).key
    assert there.key != compose(told[:2], settings, language="en", on=NOW.date()).key


def test_a_message_survives_storing(digest: Callable[[str], Message]) -> None:
    assert from_json(digest("zh").to_json()) == digest("zh")


def test_a_message_that_an_older_release_stored_is_still_read(digest: Callable[[str], Message]) -> None:
    stored = json.loads(digest("en").to_json())
    for section in stored["sections"]:
        del section["link"], section["is_about_rules"], section["rule_count"]
    assert from_json(json.dumps(stored)).sections[0].link == ""


def test_only_the_first_are_told_in_full(world: Published) -> None:
    [notice] = notices(world)
    many = [replace(notice, key=f"{number}") for number in range(MOST_SECTIONS + 5)]
    message = compose(many, read_settings(world.home), language="en", on=NOW.date())
    assert (len(message.sections), message.closing) == (MOST_SECTIONS, "5 more are on the board.")
    assert shortened(message, 3).closing == "12 more are on the board."


def test_the_most_severe_come_first_and_ends_last(world: Published) -> None:
    world.live([*falls(2, severity="warning"), falls(3)[2]])
    assert [n.severity for n in read_news(world.home, ()).notices] == ["critical", "warning", "warning"]
    world.live(falls(2, severity="warning"), "2026-06-29")
    assert [n.what for n in read_news(world.home, ()).notices] == ["opened", "opened", "retracted"]


def test_without_an_address_of_the_pages_there_is_no_link(world: Published) -> None:
    message = compose(notices(world), read_settings(world.home), language="en", on=NOW.date())
    assert message.sections[0].link == "" and "](" not in formats.markdown(message)


def test_the_link_is_safe_in_an_address() -> None:
    assert address_of("https://a.example/", "fall|华东)|2026-06-22&x=1") == (
        "https://a.example/sales-warehouse/incident?key=fall%7C%E5%8D%8E%E4%B8%9C%29%7C2026-06-22%26x%3D1"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_is_named_in_a_message_about_a_person(world: Published, language: str) -> None:
    person = {"title_en": "Win rate, Li Lei: 3 %", "title_zh": "赢单率·李雷：3%", "reason_en": "Li Lei won less.",
              "reason_zh": "李雷赢单减少。", "is_personal": True}  # fmt: skip
    world.live(falls(1, **person), more=EXPLAINED)
    world.nights.decide("fall|east|2026-06-22", "assign", "2026-06-28", owner="Han Meimei")
    world.live(falls(1, **person), "2026-06-29")
    message = composed(world.home, language)
    told = formats.plain(message) + formats.markdown(message) + message.to_json()
    told += bare(read_news(world.home, ()).notices, language=language, on=NOW.date()).to_json()
    assert not any(name in told for name in ("Li Lei", "李雷", "Han", "east"))
    assert {"en": "[critical] Net sales of a region fell", "zh": "【严重】大区净销售额周环比下跌"}[language] in told


def test_the_page_of_an_incident_is_found_by_what_a_message_about_a_person_calls_it(world: Published) -> None:
    world.live([*falls(1, is_personal=True), *falls(2)[1:]])
    message = composed(world.home, "en")
    personal, other = message.sections
    assert other.reference == "fall|north|2026-06-22"
    assert personal.link == f"{PAGES}sales-warehouse/incident?key={personal.reference}"
    assert one(world.home, personal.reference).key == "fall|east|2026-06-22"


def test_an_incident_that_a_person_joined_has_no_key_in_a_message_either(world: Published) -> None:
    person, other = falls(2, cause_key="milk")
    world.live([{**person, "is_personal": True, "severity": "warning"}, other])
    [section] = composed(world.home, "en").sections
    assert "North China" in section.title and section.reference.startswith("hidden-")
    assert [value for label, value in section.facts if label == "Also in it"] == [
        "Net sales of a region fell (owner: 销售总监)"
    ]


def test_text_from_a_source_cannot_become_a_link_a_mention_or_a_paragraph(world: Published) -> None:
    evil = "x](https://evil) <!channel> @all\n\n# Headline `code`"
    world.live(falls(1, reason_en=evil, title_en=evil))
    message = compose(read_news(world.home, ()).notices, read_settings(world.home), language="en", on=NOW.date())
    text = formats.markdown(message)
    assert "](" not in text.replace("\\](", "") and "<!" not in text.replace("\\<!", "")
    assert "\n# Headline" not in text and "\\@all" in text


def test_what_has_no_words_of_its_own_has_reason_owner_and_reference() -> None:
    row = {"severity": "info", "owner": "ops", "reason_en": "A dealer is silent.", "rule_id": "unknown"}
    notice = Notice("k", "k", "opened", "alert_dealer_silent", row)
    message = compose([notice], Settings(), language="en", on=NOW.date())
    assert formats.plain(message) == "[note] alert_dealer_silent\n\nA dealer is silent.\nOwner: ops\nReference: k\n"


def test_both_languages_have_the_same_words() -> None:
    for name in ("names", "states", "ends", "changes", "labels", "texts"):
        english, chinese = getattr(wording.ENGLISH, name), getattr(wording.CHINESE, name)
        assert list(english) == list(chinese), name
