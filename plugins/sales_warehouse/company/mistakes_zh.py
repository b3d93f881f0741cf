"""Mistakes of a rule of alerts.yml in Chinese; what nobody has put into words here stays in English."""

from __future__ import annotations

import re
from collections.abc import Mapping

FOUND = "; found "
THINGS: Mapping[str, str] = {
    "metric": "指标", "playbook": "应对方案", "goal": "目标", "key": "配置项", "region": "大区", "channel": "渠道",
    "source": "来源",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "number": "数字", "integer": "整数", "string": "文字", "date": "日期", "boolean": "是或否", "tuple": "列表",
    "list": "列表", "dictionary": "键值",
}  # fmt: skip
MEANT = r"(?:; did you mean (?P<meant>'.*')\?)?"
# What a message is in English, as a whole, and in Chinese. Names and numbers stay as they are written.
SAID: Mapping[str, str] = {
    "is missing": "缺失",
    rf"unknown (?P<thing>\w+) (?P<x>'.*?'){MEANT}": "未知的{thing} {x}{meant}",
    r"Input should be (?P<x>'.*')": "应为 {x}",
    r"Input should be a valid (?P<kind>\w+).*": "应为{kind}",
    r"Input should be a finite number": "应为有限的数",
    r"Input should be greater than or equal to (?P<x>\S+)": "应不小于 {x}",
    r"Input should be less than or equal to (?P<x>\S+)": "应不大于 {x}",
    r"Input should be greater than (?P<x>\S+)": "应大于 {x}",
    r"Input should be less than (?P<x>\S+)": "应小于 {x}",
    r"String should match pattern (?P<x>.*)": "不符合格式 {x}",
    r"String should have at least 1 character": "不能为空",
    r"ends on (?P<x>\S+), before it begins on (?P<y>\S+); turn the two round": "结束于 {x}，早于开始日 {y}；请对调",
    r"a rule of kind (?P<k>\w+) has no (?P<x>.+); it takes (?P<y>.+)": "{k} 类规则没有 {x}；可用的有 {y}",
    r"a rule of kind (?P<k>\w+) needs (?P<x>.+)": "{k} 类规则须写明 {x}",
    r"give (?P<x>\w+) or (?P<y>\w+), one of the two": "{x} 与 {y} 须二者择一",
    r"(?P<x>'.*') is there twice; rename one": "{x} 出现两次；请为其一改名",
    r"(?P<x>'.*') is the name of an alert that needs no rule; rename this one, (?P<y>\w+) for instance": "{x} "
    "是无需规则的预警的名称；请改名，例如 {y}",
    r"no goal is behind by more than 100 %; (?P<x>\S+) is (?P<y>\S+)": "落后不会超过 100%；{x} 即 {y}",
    rf"(?P<m>\w+) is not measured by (?P<x>'.*?'){MEANT}": "{m} 不按 {x} 统计{meant}",
    r"(?P<m>\w+) by (?P<d>\w+) is there by (?P<x>\w+) and (?P<y>\w+) alone; say one of them": "{m} 按 {d} "
    "仅有周期 {x} 与 {y}；请写明其一",
    rf"(?P<m>\w+) has no (?P<x>'.*?'){MEANT}": "{m} 没有周期 {x}{meant}",
    r"say which period is judged; (?P<m>\w+) has (?P<x>.+)": "请写明判定的周期；{m} 有 {x}",
    r"neither more nor less of (?P<m>\w+) is better, .+": "{m} 没有好坏方向，规则须写明 `direction`：fall 或 rise",
    r"(?P<m>\w+) is a level of one day, .+": "{m} 是某一天的水平，不与其他日比较；请用 threshold 类",
    r"allow_late is for sums and counts that fall; .+": "allow_late 只用于下降的总额与计数；其他请写 wait_days",
    r"kind (?P<k>\w+) is about (?P<x>.+); a limit on (?P<m>\w+) is of kind threshold": "{k} 类只看 {x}；{m} "
    "的上下限请用 threshold 类",
    r"(?P<m>\w+) is no rate and does not change by percentage points; .+": "{m} 不是比率，不按百分点变化；"
    "请写 threshold_rate",
    r"nothing falls by more than 100 %; (?P<x>\S+) is (?P<y>\S+)": "降幅不会超过 100%；{x} 即 {y}",
    r"no rate changes by more than 100 points; (?P<x>\S+) is never reached": "比率的变化不会超过 100 个百分点；"
    "{x} 永远达不到",
    r"(?P<m>\w+) is a rate from 0 to 1, so (?P<x>\S+) is never reached; (?P<y>\S+) % is (?P<z>\S+)": "{m} 是 0 到 1 "
    "的比率，{x} 永远达不到；{y}% 写作 {z}",
    r"no (?P<m>\w+) is above (?P<x>\S+), so (?P<y>\S+) is never reached; give less": "{m} 不会大于 {x}，"
    "{y} 永远达不到；请写更小的值",
    r"every (?P<m>\w+) is (?P<x>\S+) or less; give less": "{m} 总不大于 {x}；请写更小的值",
    r"(?P<m>\w+) is good when it falls, which is no (?P<k>\w+) to wake for; leave direction out": "{m} 下降是好事，"
    "不是 {k} 类要提醒的；请去掉 direction",
    r"(?P<m>\w+) is good when it rises, which is no (?P<k>\w+) to wake for; leave direction out": "{m} 上升是好事，"
    "不是 {k} 类要提醒的；请去掉 direction",
    r"every (?P<m>\w+) reaches (?P<x>\S+); give more than 0": "{m} 总会达到 {x}；请写大于 0 的值",
    r"give 0 or more": "请写 0 或更大的值",
    r"what (?P<m>\w+) (?:counts|is divided by) is money; give (?P<x>\w+)": "{m} 的规模以金额计；请写 {x}",
    r"what (?P<m>\w+) (?:counts|is divided by) is a number of things; give (?P<x>\w+)": "{m} 的规模以数量计；请写 {x}",
    r"the less (?P<m>\w+) is, the less it would be judged; leave (?P<x>\w+) out .+": "{m} 越小越不会被判定；"
    "请去掉 {x}，用 `members` 写明要判定的成员",
}


def in_chinese(mistake: str) -> str:
    """Return what is wrong with a rule in Chinese; in English where there are no words for it."""
    said, found, value = mistake.partition(FOUND)
    for english, chinese in SAID.items():
        told = re.fullmatch(english, said, re.DOTALL)
        if told:
            return chinese.format(**_words(told.groupdict())) + (f"；现为 {value}" if found else "")
    return mistake


def _words(parts: Mapping[str, str | None]) -> dict[str, str]:
    """The parts of a message; names of things and kinds in Chinese, what was probably meant as a question."""
    words = {name: part or "" for name, part in parts.items()}
    words["thing"] = THINGS.get(words.get("thing", ""), words.get("thing", ""))
    words["kind"] = KINDS.get(words.get("kind", ""), words.get("kind", ""))
    words["meant"] = f"，是否为 {words['meant']}？" if words.get("meant") else ""
    return words
