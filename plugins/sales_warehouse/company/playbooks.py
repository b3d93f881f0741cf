"""playbooks.yml: what to do next, for what, and which department answers for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Dimension = Literal["region", "channel", "product_line", "category"]
# A list, or two names of departments with a word between them; "Sales and service" may well be the name of one.
SEVERAL = re.compile(r"[、，,;；/|\n]|[部组队]\s*[和与及]\s*\S+[部组队]")


def _one_department(text: str) -> str:
    if SEVERAL.search(text):
        raise ValueError(
            f"{text!r} names more than one department; name the one that answers for it, and the others in the steps"
        )
    return text


# Causes that the warehouse itself finds; every other one is the type of an event of the market.
OWN_CAUSES: Mapping[str, Label] = {
    "price_change": Label(en="prices of order lines changed", zh="订单行价格变化"),
    "stock_out": Label(en="dealers have no stock", zh="经销商缺货"),
    "staffing": Label(en="fewer sellers", zh="人员减少"),
    "repurchase_fall": Label(en="customers buy again less", zh="复购下降"),
    "slow_team": Label(en="a team answers slowly", zh="团队响应慢"),
    "return_spike": Label(en="returns of a region jumped", zh="大区退货率飙升"),
}


class Scope(Model):
    """Where a playbook is of use; what is left out is everywhere."""

    metrics: tuple[Name, ...] = ()
    members: Mapping[Dimension, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(
        default={}, description="dimension → the members it is for"
    )

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what it is for, as (dimension or `metric`, member)."""
        yield from (("metric", metric) for metric in dict.fromkeys(self.metrics))
        yield from ((name, member) for name, members in self.members.items() for member in dict.fromkeys(members))


class Playbook(Model):
    """Steps to take when an alert opens, its causes, and exactly one department and owner that answer for it."""

    id: Name
    name: Label
    department: Annotated[Text, AfterValidator(_one_department)] = Field(
        description="the one department that answers for it"
    )
    owner: Text = Field(description="who does it where nobody else is named")
    causes: tuple[Text, ...] = Field(default=(), description="types of events, or causes that are found, it answers")
    scope: Scope = Scope()
    due_days: int = Field(default=14, ge=1, le=366, description="days from accepting it to its end")
    steps: tuple[Label, ...] = Field(min_length=1)


class PlaybooksFile(Model):
    """playbooks.yml: what to do next."""

    playbooks: tuple[Playbook, ...] = ()


SCHEMAS: dict[str, dict[str, str]] = {
    "playbooks": dict.fromkeys(
        ("playbook_id", "name_en", "name_zh", "department", "owner", "steps_en", "steps_zh"), "varchar"
    ) | {"due_days": "integer", "priority": "integer"},
    "playbook_causes": {"playbook_id": "varchar", "cause": "varchar"},
    "playbook_scopes": {"playbook_id": "varchar", "dimension": "varchar", "member": "varchar"},
}  # fmt: skip


def playbook_rows(file: PlaybooksFile) -> dict[str, Iterable[tuple[Any, ...]]]:
    """Return the rows of the settings tables of playbooks."""
    listed = file.playbooks
    return {
        "playbooks": [
            (p.id, p.name.en, p.name.zh, p.department, p.owner, "\n".join(s.en for s in p.steps),
             "\n".join(s.zh for s in p.steps), p.due_days, place)
            for place, p in enumerate(listed, 1)
        ],
        "playbook_causes": [(p.id, cause) for p in listed for cause in dict.fromkeys(p.causes)],
        "playbook_scopes": [(p.id, *row) for p in listed for row in p.scope.rows()],
    }  # fmt: skip
