"""The words of messages and lists about incidents, in English and Chinese."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_warehouse.watch.left_out import LeftOut

Row = Mapping[str, Any]

UNCUT = re.compile(r"[!-~]+$")  # what a text without its rest may end with: Chinese may be cut anywhere

# What severities, statuses and events are called wherever people read them, by the words of the marts. The board is in
# another language and says the same (board/frontend/src/words.js).
NAMES: dict[str, tuple[str, str]] = {
    "critical": ("critical", "严重"),
    "warning": ("warning", "警告"),
    "info": ("note", "提示"),
    "open": ("open", "未处理"),
    "acknowledged": ("acknowledged", "已确认"),
    "snoozed": ("snoozed", "已暂缓"),
    "resolved": ("resolved", "已解决"),
    "settled": ("at a new level", "已稳定在新水平"),
    "retracted": ("withdrawn", "已撤回"),
    "lapsed": ("not judged any more", "不再判定"),
    "opened": ("opened", "开启"),
    "joined": ("another alert of the same cause", "同因预警并入"),
    "seen_again": ("still so", "仍在触发"),
    "upgraded": ("got worse", "加重"),
    "eased": ("got better", "减轻"),
    "cleared": ("one of its alerts is over", "其中一条预警已恢复"),
    "stayed": ("one of its alerts has stayed at its new level", "其中一条预警已稳定在新水平"),
    "withdrawn": ("one of its alerts was withdrawn", "其中一条预警已撤回"),
    "dropped": ("one of its alerts is not judged any more", "其中一条预警不再判定"),
    "reopened": ("open again", "重新开启"),
    "woken": ("its snooze is over", "暂缓到期"),
    "assigned": ("assigned", "已指派"),
    "found_late": ("found late", "事后发现"),
    "changed_by_data": ("late data changed the figure", "补录数据改变了数值"),
    "changed_by_goal": ("the goal was changed", "目标已调整"),
    "changed_by_settings": ("settings, mappings or models have changed since", "其间配置、映射或模型有变更"),
}


@dataclass(frozen=True)
class Wording:
    """How one language says it; every text is a format string.

    `names` are those of NAMES. `states` says in a headline what has become of an incident, `ends` the sentence about
    one that is over, `changes` why one period is judged otherwise than before.
    """

    language: str
    names: Mapping[str, str]
    states: Mapping[str, str]
    ends: Mapping[str, str]
    changes: Mapping[str, str]
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
            state=state.format(severity=self.names.get(severity, severity)), subject=subject
        )

    def text(self, what: str, row: Row) -> str:
        """Why there is an incident and what is behind it; of one that is over, how it ended."""
        period = self.period(row.get("period_start_date"), row.get("period_end_date"))
        if what in self.ends:
            end = self.ends.get(f"{what}_by_{row.get('changed_by')}") or self.ends[what]
            if is_late(row):
                end = self.ends.get(f"{what}_late") or end
            return end.format(since=row.get("opened_date"), period=period)
        change = self.changes.get(str(row.get("changed_by"))) if what in ("upgraded", "reopened") else None
        if is_personal(row):
            return self.texts["sentences"].join(filter(None, (self.texts["personal"], change)))
        said = (self.of(row, "reason"), change, self.of(row, "cause"), self.of(row, "event"))
        return self.texts["sentences"].join(filter(None, said))

    def event(self, event: Row) -> str:
        """What a line of an incident's history is called, with why one period was judged otherwise than before."""
        is_found = event["event_type"] == "opened" and is_late(event)
        more = [self.names["found_late"]] if is_found else []
        more += [self.names[f"changed_by_{event['changed_by']}"]] if event.get("changed_by") else []
        name = self.names.get(event["event_type"], event["event_type"])
        return self.texts["because"].format(name=name, why=self.texts["joint"].join(more)) if more else name

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
            self.texts["counted"].format(count=count, severity=self.names.get(name, name))
            for name, count in counts.most_common()
        ]
        if ends:
            parts.append(self.texts["counted_ends"].format(count=ends))
        return self.texts["many"].format(count=len(severities) + ends, parts=self.texts["joint"].join(parts))

    def mistake(self, rule: LeftOut, most: int) -> str:
        """One sentence on a rule that was left out: which, where, and what is wrong, in so many characters at most."""
        name = rule.name(self.language) or self.texts["nameless"].format(number=rule.rule_number)
        line = self.texts["line"].format(line=rule.line_number) if rule.line_number else None
        where = filter(None, (rule.rule_id if rule.rule_id != name else None, line, rule.part))
        said = rule.said(self.language)
        wrong = clipped(said, most)
        who = self.texts["owned_by"].format(owner=rule.owner) if rule.owner else ""
        return self.texts["mistake"].format(name=name, where=self.texts["joint"].join(where), mistake=wrong, owner=who)

    def more(self, count: int) -> str:
        return self.texts["more"].format(count=count)

    def none_shown(self, count: int) -> str:
        """What stands in place of all incidents of a message."""
        return self.texts["none_shown"].format(count=count)

    def action(self, name: str, department: str | None) -> str:
        return self.texts["action" if department else "action_alone"].format(name=name, department=department)


def clipped(text: str, most: int) -> str:
    """The beginning of a text, in so many characters at most and a mark that there is more. No word, number or address
    is cut, unless it is the first and longer than that.
    """
    if len(text) <= most:
        return text
    kept = text[:most]
    if not text[most].isspace() and text[most].isascii():
        kept = UNCUT.sub("", kept) or kept
    return f"{kept.rstrip()}…"


def is_personal(row: Row) -> bool:
    """Whether title and reason of a row name a person."""
    return str(row.get("is_personal")).lower() == "true"


def is_late(row: Row) -> bool:
    """Whether it was found late, in a period that was quiet when it was judged."""
    return str(row.get("is_late")).lower() == "true"


def names(place: int) -> dict[str, str]:
    """Return the names in one language: 0 is English, 1 Chinese."""
    return {name: both[place] for name, both in NAMES.items()}


ENGLISH = Wording(
    language="en",
    names=names(0),
    states={
        "opened": "{severity}",
        "found_late": "{severity}, found late",
        "joined": "{severity}, worse than before",
        "upgraded": "{severity}, worse than before",
        "reopened": "{severity}, back again",
        "woken": "{severity}, still open",
        "resolved": "over",
        "settled": "at a new level",
        "retracted": "withdrawn",
        "lapsed": "not judged any more",
    },
    ends={
        "resolved": "What this alert was about has recovered; it had been open since {since}.",
        "settled": "It has not recovered: the figure has stayed where it went for so long that this is taken for its "
        "level now. It had been open since {since}.",
        "resolved_late": "A later period has been judged since this was found, on {since}, and is fine.",
        "retracted": "By what is known today there was nothing to warn of in {period}.",
        "retracted_by_data": "Data that came late changed the past: by what is known today there was nothing to warn "
        "of in {period}.",
        "retracted_by_goal": "The goal was changed: by the new one there is nothing to warn of in {period}.",
        "retracted_by_settings": "Settings, mappings or models have changed since, so late data need not be the "
        "reason: by what is known today there was nothing to warn of in {period}.",
        "lapsed": "Its rule has nothing to judge here any more: a goal that is over, or a member that is not "
        "followed or has no figures. Whether it has recovered since {period} is not known.",
    },
    changes={
        "data": "Data that came late changed the figure.",
        "goal": "The goal was changed.",
        "settings": "Settings, mappings or models have changed since, so late data need not be the reason.",
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
        "rule": "Rule",
        "rules_link": "Open the rules",
    },
    texts={
        "headline": "[{state}] {subject}",
        "personal": "It is about one person, whom no message names; the page of the incident does.",
        "sentences": " ",
        "period": "{start} to {end}",
        "joint": ", ",
        "because": "{name} ({why})",
        "many": "{count} sales alerts: {parts}",
        "counted": "{count} {severity}",
        "counted_ends": "{count} over",
        "more": "{count} more are on the board.",
        "none_shown": "On the board: {count} in all.",
        "owned": "{subject} (owner: {owner})",
        "owned_by_none": "{subject}",
        "beside_more": "{count} more, which the page of the incident names",
        "action": "What to do: {name} ({department})",
        "action_alone": "What to do: {name}",
        "label": "{label}: {value}",
        "no_incident": "no incident",
        "question_over": "Nobody need answer: the incident is {status}{who}.",
        "question_again": "Nobody need answer: it came back or got worse, and is asked about again.",
        "question_answered": "Nobody need answer: {by} has answered elsewhere.",
        "left_out": "[not judged] {count} alert rules have a mistake",
        "left_out_one": "[not judged] An alert rule has a mistake",
        "left_out_text": "Until alerts.yml is mended nobody is warned by what is listed here, and its open incidents "
        "stay as they are. The command sales-warehouse check shows each mistake with its line; the refresh after the "
        "mend judges again. This is told once.",
        "mistake": "{name} ({where}): {mistake}{owner}",
        "nameless": "number {number}",
        "line": "line {line}",
        "owned_by": " – owner: {owner}",
        "more_left_out": "{count} more, which the page of the rules names",
    },
)

CHINESE = Wording(
    language="zh",
    names=names(1),
    states={
        "opened": "{severity}",
        "found_late": "{severity}·事后发现",
        "joined": "{severity}·加重",
        "upgraded": "{severity}·加重",
        "reopened": "{severity}·再次出现",
        "woken": "{severity}·仍未解决",
        "resolved": "已恢复",
        "settled": "已稳定在新水平",
        "retracted": "已撤回",
        "lapsed": "不再判定",
    },
    ends={
        "resolved": "本预警所涉情况已恢复正常，事件自 {since} 起开启，现已关闭。",
        "settled": "指标并未恢复，而是长期停留在变动后的水平，现视为新水平；事件自 {since} 起开启，现已关闭。",
        "resolved_late": "该预警于 {since} 事后发现，此后的周期判定正常，事件关闭。",
        "retracted": "按目前数据，{period} 并未达到预警条件，预警撤回。",
        "retracted_by_data": "数据补录或更正后，按目前数据，{period} 并未达到预警条件，预警撤回。",
        "retracted_by_goal": "目标已调整，按新目标，{period} 未达到预警条件，预警撤回。",
        "retracted_by_settings": "其间配置、映射或模型有变更，未必由补录造成；按目前数据，{period} 并未达到预警条件，"
        "预警撤回。",
        "lapsed": "该规则对此已无可判定的数据（目标已到期，或成员已移出或无数据），预警关闭；"
        "{period} 之后是否恢复未知。",
    },
    changes={
        "data": "补录数据改变了数值。",
        "goal": "目标已调整。",
        "settings": "其间配置、映射或模型有变更，未必由补录造成。",
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
        "rule": "规则",
        "rules_link": "查看规则",
    },
    texts={
        "headline": "【{state}】{subject}",
        "personal": "该预警涉及个人，消息中不列姓名，请在事件页面查看。",
        "sentences": "",
        "period": "{start} 至 {end}",
        "joint": "，",
        "because": "{name}（{why}）",
        "many": "{count} 条销售预警：{parts}",
        "counted": "{severity} {count} 条",
        "counted_ends": "已结束 {count} 条",
        "more": "另有 {count} 条，请查看看板。",
        "none_shown": "共 {count} 条，请查看看板。",
        "owned": "{subject}（负责人：{owner}）",
        "owned_by_none": "{subject}",
        "beside_more": "另有 {count} 条，见事件页面",
        "action": "应对措施：{name}（{department}）",
        "action_alone": "应对措施：{name}",
        "label": "{label}：{value}",
        "no_incident": "没有事件",
        "question_over": "无需答复：该事件{status}{who}。",
        "question_again": "无需答复：该事件再次出现或加重，已重新询问。",
        "question_answered": "无需答复：{by} 已在别处处理。",
        "left_out": "【未判定】{count} 条预警规则配置有误",
        "left_out_one": "【未判定】一条预警规则配置有误",
        "left_out_text": "改正 alerts.yml 之前，下列规则不会发出预警，其未关闭的事件保持原状。"
        "命令 sales-warehouse check 列出每处错误所在行，改正后的下一次刷新恢复判定。此事只通知一次。",
        "mistake": "{name}（{where}）：{mistake}{owner}",
        "nameless": "第 {number} 条",
        "line": "第 {line} 行",
        "owned_by": " – 负责人：{owner}",
        "more_left_out": "另有 {count} 条，见规则页面",
    },
)


def wording(language: str) -> Wording:
    """The words of a language; English where it is not one that we speak."""
    return CHINESE if language == "zh" else ENGLISH
