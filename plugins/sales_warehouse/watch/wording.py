"""The words of messages and lists about incidents, in English and Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Wording:
    """How one language says it; every text is a format string.

    `states` says in a headline what has become of an incident, `ends` the sentence about one that is over, `events`
    what a line of its history is called.
    """

    language: str
    severities: Mapping[str, str]
    statuses: Mapping[str, str]
    states: Mapping[str, str]
    ends: Mapping[str, str]
    events: Mapping[str, str]
    labels: Mapping[str, str]
    texts: Mapping[str, str]

    def of(self, row: Mapping, name: str) -> str:
        """The column of a row in this language, empty when there is none."""
        return row.get(f"{name}_{self.language}") or ""

    def subject(self, row: Row, rule: Mapping) -> str:
        """What an incident is about; of one about a person the rule alone, for a message goes further than a page."""
        return self.of(rule, "name") if is_personal(row) else self.of(row, "title")

    def headline(self, what: str, severity: str, subject: str) -> str:
        """What has become of an incident, how grave it is, and what it is about."""
        state = self.states.get(what, self.states["opened"])
        return self.texts["headline"].format(
            state=state.format(severity=self.severities.get(severity, severity)), subject=subject
        )

    def text(self, what: str, row: Row) -> str:
        """Why there is an incident and what is behind it; of one that is over, how it ended."""
        period = self.period(row.get("period_start_date"), row.get("period_end_date"))
        if what in self.ends:
            return self.ends[what].format(since=row.get("opened_date"), period=period)
        if is_personal(row):
            return self.texts["personal"]
        joint = self.texts["sentences"]
        return joint.join(filter(None, (self.of(row, "reason"), self.of(row, "cause"), self.of(row, "event"))))

    def facts(self, what: str, row: Row) -> tuple[tuple[str, str], ...]:
        """What a person wants to know first; only what the row has."""
        facts = {"period": self.period(row.get("period_start_date"), row.get("period_end_date"))}
        if what not in ("opened", *self.ends) and row.get("opened_date"):
            facts["since"] = str(row["opened_date"])
        if int(row.get("standing_count") or 0) > 1:
            facts["alerts"] = str(row["standing_count"])
        facts["owner"] = row.get("owner") or ""
        return tuple((self.labels[name], value) for name, value in facts.items() if value)

    def beside(self, others: Sequence[tuple[str, str]], most: int) -> tuple[tuple[str, str], ...]:
        """Other alerts of the incident, as subject and owner, as facts; of many the first ones alone."""
        named = [
            self.texts["owned" if owner else "owned_by_none"].format(subject=subject, owner=owner)
            for subject, owner in others[:most]
        ]
        more = [self.texts["beside_more"].format(count=len(others) - most)] if len(others) > most else []
        return tuple((self.labels["beside"], text) for text in named + more)

    def period(self, start: object, end: object) -> str:
        """A period by its first and last day, or its one day; empty where it has none."""
        if not start or not end:
            return ""
        return f"{start}" if f"{start}" == f"{end}" else self.texts["period"].format(start=start, end=end)

    def many(self, severities: Sequence[str], ends: int) -> str:
        """The title of a digest of alerts with these severities and of so many that are over."""
        counts = Counter(severities)
        parts = [
            self.texts["counted"].format(count=count, severity=self.severities.get(name, name))
            for name, count in counts.most_common()
        ]
        if ends:
            parts.append(self.texts["counted_ends"].format(count=ends))
        return self.texts["many"].format(count=len(severities) + ends, parts=self.texts["joint"].join(parts))

    def more(self, count: int) -> str:
        return self.texts["more"].format(count=count)

    def action(self, name: str, department: str | None) -> str:
        return self.texts["action" if department else "action_alone"].format(name=name, department=department)


def is_personal(row: Row) -> bool:
    """Whether title and reason of a row name a person."""
    return str(row.get("is_personal")).lower() == "true"


ENGLISH = Wording(
    language="en",
    severities={"critical": "critical", "warning": "warning", "info": "note"},
    statuses={
        "open": "open",
        "acknowledged": "acknowledged",
        "snoozed": "snoozed",
        "resolved": "resolved",
        "retracted": "withdrawn",
        "lapsed": "not judged any more",
    },
    states={
        "opened": "{severity}",
        "joined": "{severity}, worse than before",
        "upgraded": "{severity}, worse than before",
        "reopened": "{severity}, back again",
        "woken": "{severity}, still open",
        "resolved": "over",
        "retracted": "withdrawn",
        "lapsed": "not judged any more",
    },
    ends={
        "resolved": "What this alert was about has recovered; it had been open since {since}.",
        "retracted": "Data that came late changed the past: by what is known today there was nothing to warn of in "
        "{period}.",
        "lapsed": "Its rule has nothing to judge here any more: a goal that is over, or a member that is not "
        "followed or has no figures. Whether it has recovered since {period} is not known.",
    },
    events={
        "opened": "opened",
        "joined": "another alert of the same cause",
        "seen_again": "seen again",
        "upgraded": "worse than before",
        "eased": "less grave than before",
        "cleared": "an alert of it has recovered",
        "withdrawn": "an alert of it was withdrawn by late data",
        "dropped": "an alert of it is not judged any more",
        "resolved": "over",
        "retracted": "withdrawn by late data",
        "lapsed": "not judged any more",
        "reopened": "open again",
        "woken": "snooze over",
        "acknowledged": "acknowledged",
        "snoozed": "snoozed",
        "assigned": "assigned",
    },
    labels={
        "incident": "Incident",
        "period": "Period",
        "since": "Open since",
        "alerts": "Alerts in it",
        "beside": "Also in it",
        "owner": "Owner",
        "reference": "Reference",
        "link": "Open the incident",
    },
    texts={
        "headline": "[{state}] {subject}",
        "personal": "It is about one person, whom no message names; the page of the incident does.",
        "sentences": " ",
        "period": "{start} to {end}",
        "joint": ", ",
        "many": "{count} sales alerts: {parts}",
        "counted": "{count} {severity}",
        "counted_ends": "{count} over",
        "more": "{count} more are on the board.",
        "owned": "{subject} (owner: {owner})",
        "owned_by_none": "{subject}",
        "beside_more": "{count} more, which the page of the incident names",
        "action": "What to do: {name} ({department})",
        "action_alone": "What to do: {name}",
        "label": "{label}: {value}",
        "no_incident": "no incident",
    },
)

CHINESE = Wording(
    language="zh",
    severities={"critical": "严重", "warning": "警告", "info": "提示"},
    statuses={
        "open": "未处理",
        "acknowledged": "已确认",
        "snoozed": "已暂缓",
        "resolved": "已解决",
        "retracted": "已撤回",
        "lapsed": "不再判定",
    },
    states={
        "opened": "{severity}",
        "joined": "{severity}·加重",
        "upgraded": "{severity}·加重",
        "reopened": "{severity}·再次出现",
        "woken": "{severity}·仍未解决",
        "resolved": "已恢复",
        "retracted": "已撤回",
        "lapsed": "不再判定",
    },
    ends={
        "resolved": "本预警所涉情况已恢复正常，事件自 {since} 起开启，现已关闭。",
        "retracted": "数据补录或更正后，按目前数据，{period} 并未达到预警条件，预警撤回。",
        "lapsed": "该规则对此已无可判定的数据（目标已到期，或成员已移出或无数据），预警关闭；"
        "{period} 之后是否恢复未知。",
    },
    events={
        "opened": "开启",
        "joined": "并入同因预警",
        "seen_again": "再次出现",
        "upgraded": "加重",
        "eased": "减轻",
        "cleared": "其中一条预警已恢复",
        "withdrawn": "其中一条预警因补录数据撤回",
        "dropped": "其中一条预警不再判定",
        "resolved": "已恢复或解决",
        "retracted": "因补录数据撤回",
        "lapsed": "不再判定",
        "reopened": "重新开启",
        "woken": "暂缓到期",
        "acknowledged": "确认",
        "snoozed": "暂缓",
        "assigned": "指派",
    },
    labels={
        "incident": "事件",
        "period": "统计周期",
        "since": "开启日期",
        "alerts": "包含预警数",
        "beside": "同因预警",
        "owner": "负责人",
        "reference": "编号",
        "link": "查看事件",
    },
    texts={
        "headline": "【{state}】{subject}",
        "personal": "该预警涉及个人，消息中不列姓名，请在事件页面查看。",
        "sentences": "",
        "period": "{start} 至 {end}",
        "joint": "，",
        "many": "{count} 条销售预警：{parts}",
        "counted": "{severity} {count} 条",
        "counted_ends": "已结束 {count} 条",
        "more": "另有 {count} 条，请查看看板。",
        "owned": "{subject}（负责人：{owner}）",
        "owned_by_none": "{subject}",
        "beside_more": "另有 {count} 条，见事件页面",
        "action": "应对措施：{name}（{department}）",
        "action_alone": "应对措施：{name}",
        "label": "{label}：{value}",
        "no_incident": "没有事件",
    },
)


def wording(language: str) -> Wording:
    """The words of a language; English where it is not one that we speak."""
    return CHINESE if language == "zh" else ENGLISH
