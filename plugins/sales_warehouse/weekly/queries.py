"""What the review of a week asks of the marts; the board asks the same of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from sales_warehouse.sql import literal
from sales_warehouse.urgency import GRAVEST_FIRST, TO_DO_FIRST

WEEK = datetime.timedelta(days=7)
MOVERS = 3  # of one metric along one dimension


def last_week(business_date: datetime.date) -> datetime.date:
    """Return the Monday of the last week that is over on the evening of a business date."""
    after = business_date + datetime.timedelta(days=1)
    return after - datetime.timedelta(days=after.weekday()) - WEEK


def _matures(value: str) -> str:
    """Days after a period's end until what is said of it stands; `k` is kpi_metrics (days_to_mature of kpi.sql)."""
    median = f"least(coalesce({value}, 190), 190)"
    days = f"case when k.is_cohort and k.aggregation = 'median' then {median} else k.matures_after_days end"
    return f"cast(coalesce({days}, 0) as integer)"


def movers(week: datetime.date, most: int = MOVERS) -> str:
    """What moved most, so many members of one metric along one dimension.

    A month is news in the week in which it ends, a cohort in that in which it has had its time: so many days after its
    end, or as long after it as its median is.
    """
    return f"""
        select m.metric_id, m.metric_name_en, m.metric_name_zh, m.unit, m.direction, m.dimension_name,
            m.dimension_value,
            coalesce(r.region_name_en, c.channel_name_en, s.rep_name, m.dimension_value) as member_en,
            coalesce(r.region_name_zh, c.channel_name_zh, s.rep_name, m.dimension_value) as member_zh,
            m.period_grain, m.period_start_date, m.period_end_date, m.previous_start_date, m.value, m.previous_value,
            m.change_value, m.change_rate, m.workday_count, m.previous_workday_count, m.comparison_rate,
            m.comparable_value, m.comparable_change_value, m.comparable_change_rate, m.change_type
        from marts.kpi_movers as m
        left join marts.dim_regions as r on m.dimension_name = 'region' and m.dimension_value = r.region_key
        left join marts.dim_channels as c on m.dimension_name = 'channel' and m.dimension_value = c.channel
        left join marts.dim_sales_reps as s on m.dimension_name in ('rep', 'manager') and m.dimension_value = s.rep_key
        left join marts.kpi_metrics as k on m.metric_id = k.metric_id
        where m.change_rank <= {most}
            and (m.period_grain = 'week' or m.period_end_date + {_matures("m.value")} >= {literal(week)})
        order by k.number nulls last, m.metric_id, m.dimension_name <> 'total', m.dimension_name, m.change_rank"""


def incidents(week: datetime.date) -> str:
    """Incidents that were open at some time in the week or stand now, the gravest first.

    Beside each is the playbook that suits its alert best; one without has the id of its rule's.
    """
    return f"""
        select i.incident_key, i.incident_status, i.severity, i.title_en, i.title_zh, i.reason_en, i.reason_zh,
            i.is_personal, i.owner, i.opened_date, if(i.is_closed, i.status_date, null) as closed_date,
            i.period_start_date, i.period_end_date, i.subject_count, i.rule_id, i.alert_key,
            coalesce(p.playbook_id, i.playbook_id) as playbook_id, p.playbook_name_en, p.playbook_name_zh,
            p.department as playbook_department, p.steps_en as playbook_steps_en, p.steps_zh as playbook_steps_zh
        from marts.fct_incidents as i
        left join marts.alert_playbooks as p on i.alert_key = p.incident_key and p.playbook_number = 1
        where not i.is_closed
            or (i.opened_date < {literal(week + WEEK)} and i.status_date >= {literal(week)})
        order by {GRAVEST_FIRST}, i.is_closed, i.opened_date desc, i.incident_key"""


def ended_incidents(week: datetime.date) -> str:
    """Those of the incidents of a week that are over by now, the gravest first."""
    return f"""
        select incident_key, incident_status, severity, title_en, title_zh, owner, opened_date, closed_date
        from ({incidents(week)}) where closed_date is not null
        order by {GRAVEST_FIRST}, closed_date desc, incident_key"""


def actions(week: datetime.date) -> str:
    """Actions that are under way or overdue, or were closed since the week began; what is to be done first, first."""
    return f"""
        select a.action_key, a.incident_key, i.title_en as incident_title_en, i.title_zh as incident_title_zh,
            a.playbook_id, a.playbook_name_en, a.playbook_name_zh, a.department, a.owner, a.accepted_date, a.due_date,
            a.action_status, a.closed_date, a.metric_id, a.dimension_name, a.dimension_value, a.outcome_status,
            a.outcome_reason_en, a.outcome_reason_zh, a.effect_type, a.effect_value, a.lower_value, a.upper_value
        from marts.fct_actions as a
        left join marts.fct_incidents as i on a.incident_key = i.incident_key
        where a.action_status in ('open', 'overdue') or a.closed_date >= {literal(week)}
        order by {TO_DO_FIRST}"""


def targets(week: datetime.date) -> str:
    """Goals under way in the week, the worst first; of cohorts the last word comes when they have had their time."""
    return f"""
        select target_id, target_name_en, target_name_zh, metric_id, unit, target_value, upper_value, actual_value,
            progress_rate, expected_progress_rate, projected_value, projected_status, starts_on, due_on, owner, status
        from marts.kpi_targets
        left join (select metric_id, is_cohort, aggregation, matures_after_days from marts.kpi_metrics) as k
            using (metric_id)
        where starts_on < {literal(week + WEEK)} and due_on + {_matures("actual_value")} >= {literal(week)}
        order by
            case status when 'missed' then 1 when 'behind' then 2 when 'on_track' then 3 when 'met' then 4 else 5 end,
            due_on, target_id"""


def lints(week: datetime.date) -> str:
    """What is wrong with goals; what is over needs no mending."""
    return f"""
        select l.subject_type, l.subject_id, l.lint_type, l.smart_letter, l.severity, l.message_en, l.message_zh
        from marts.kpi_goal_lints as l
        left join marts.kpi_targets as t on l.subject_type = 'goal' and l.subject_id = t.target_id
        where coalesce(t.due_on >= {literal(week)}, true)
        order by l.severity, l.subject_type, l.subject_id, l.lint_type"""


PARTS: dict[str, Callable[[datetime.date], str]] = {
    "movers": movers, "incidents": incidents, "actions": actions, "targets": targets, "lints": lints,
}  # fmt: skip
