"""Tables that the board takes over as they are, with the columns that its page knows."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sales_warehouse.sql import ident, literal
from sales_warehouse.urgency import GRAVEST_FIRST, TO_DO_FIRST

REASONS_SHOWN = 12
INCIDENTS_SHOWN = 30
EVENTS_SHOWN = 3  # around one alert
STANDING = "{key} in (select {of} from marts.fct_incidents where not is_closed)"


@dataclass(frozen=True)
class Listing:
    """A table of the marts or of the settings; a column that is not published comes as nulls."""

    relation: str
    columns: str
    order: str
    where: str = "true"

    def query(self, published: set[str]) -> str:
        wanted = self.columns.split()
        listed = ", ".join(ident(name) if name in published else f"null as {ident(name)}" for name in wanted)
        return f"select {listed} from {self.relation} where {self.where} order by {self.order}"


LISTINGS = {
    "company": Listing(
        "settings.company", "company_id name_en name_zh currency time_zone language business_date as_of", "company_id"
    ),
    "metrics": Listing("marts.kpi_metrics", "metric_id number name_en name_zh unit direction", "number, metric_id"),
    "kpi_board": Listing(
        "marts.kpi_board",
        """metric_id unit period_grain period_start_date numerator denominator value target_id target_value
        progress_rate expected_progress_rate projected_value projected_status due_on target_status""",
        "number, metric_id",
    ),
    "incidents": Listing(
        "marts.fct_incidents",
        """incident_key incident_status severity alert_key rule_id owner playbook_id period_start_date period_end_date
        opened_date snoozed_until_date is_late subject_count title_en title_zh reason_en reason_zh""",
        f"{GRAVEST_FIRST}, incident_status in ('acknowledged', 'snoozed'), opened_date desc, incident_key "
        f"limit {INCIDENTS_SHOWN}",
        "not is_closed",
    ),
    "incident_events": Listing(
        "marts.fct_incident_events",
        # without who decided, and what they noted: the board goes further than the login
        "incident_key event_number event_type event_date period_start_date period_end_date is_late changed_by",
        "incident_key, event_number",
        STANDING.format(key="incident_key", of="incident_key"),
    ),
    "alert_metrics": Listing(
        "marts.alert_metrics",
        "incident_key metric_id period_grain period_start_date dimension_name dimension_value value compared_value",
        "incident_key",
        STANDING.format(key="incident_key", of="alert_key"),
    ),
    "alert_causes": Listing(
        "marts.alert_causes",
        "incident_key cause_number is_residual contribution_value share_rate text_en text_zh",
        "incident_key, cause_number",
        STANDING.format(key="incident_key", of="alert_key"),
    ),
    "alert_events": Listing(
        "marts.alert_events",
        "incident_key event_number starts_date ends_date placebo_score text_en text_zh",
        "incident_key, event_number",
        STANDING.format(key="incident_key", of="alert_key") + f" and event_number <= {EVENTS_SHOWN}",
    ),
    "alert_playbooks": Listing(
        "marts.alert_playbooks",
        """incident_key playbook_number playbook_id playbook_name_en playbook_name_zh department steps_en steps_zh
        reason_en reason_zh use_count measured_count effect_type effect_value lower_value upper_value""",
        "incident_key, playbook_number",
        STANDING.format(key="incident_key", of="alert_key"),
    ),
    "actions": Listing(
        "marts.fct_actions",
        """action_key incident_key playbook_name_en playbook_name_zh playbook_id department owner due_date action_status
        outcome_status outcome_reason_en outcome_reason_zh effect_type effect_value lower_value upper_value""",
        TO_DO_FIRST,
    ),
    "regions": Listing(
        "marts.dim_regions",
        "region_key region_name_en region_name_zh region_level parent_region_key iso_code",
        "region_key",
    ),
    "region_heads": Listing(
        "marts.kpi_region_productivity",
        """period_grain period_start_date period_end_date region_key net_sales_amount fte_days average_fte
        net_sales_per_head_amount best_region_key gap_to_best_rate peer_net_sales_per_head_amount gap_to_peers_rate""",
        "period_grain, period_start_date, region_key",
    ),
    "channels": Listing("marts.dim_channels", "channel channel_name_en channel_name_zh", "channel"),
    "reps": Listing("marts.dim_sales_reps", "rep_key rep_name team region_key", "rep_key"),
    "left_out_rules": Listing(
        "settings.left_out_rules",
        "rule_number line_number rule_id name_en name_zh owner part mistake mistake_zh",
        "rule_number",
        "rule_state is distinct from 'off'",
    ),
    "tiers": Listing("settings.lifecycle_tiers", "tier priority name_en name_zh", "priority, tier"),
    "target_names": Listing("settings.targets", "target_id name_en name_zh", "target_id"),
    "freshness": Listing(
        "marts.trust_source_freshness",
        """source label_en label_zh last_load_at last_event_at last_status last_error age_hours expected_within_hours
        freshness_status""",
        "source",
    ),
    "deadlines": Listing("marts.trust_deadlines", "source date_day deadline_status late_minutes", "source, date_day"),
    "capture": Listing(
        "marts.trust_capture",
        "source month_start_date event_count captured_count lost_count waiting_count",
        "source, event_channel, month_start_date",
    ),
    "accounting": Listing(
        "marts.trust_row_accounting",
        "source entity reported_count landed_count current_count deleted_count duplicate_count superseded_count "
        "quarantined_count excluded_count waiting_count unexplained_count",
        "source, entity",
    ),
    "quarantine": Listing(
        "marts.trust_quarantine_reasons",
        "source entity rule column_name reason reason_zh row_count",
        f"row_count desc, source, entity, rule, column_name, reason limit {REASONS_SHOWN}",
    ),
    "repairs": Listing(
        "marts.trust_repairs",
        "source entity column_name repair_type row_count",
        f"row_count desc, source, entity, column_name, repair_type limit {REASONS_SHOWN}",
    ),
    "dirt": Listing(
        "marts.trust_dirty_rate",
        "source entity judged_count accepted_count dirty_count doubtful_count",
        "source, entity",
    ),
    "drift": Listing(
        "marts.trust_schema_drift",
        "source source_table drift_type column_name found last_seen_at file_count refused_count",
        f"last_seen_at desc, source, source_table, drift_type, column_name limit {REASONS_SHOWN}",
    ),
    "refusals": Listing(
        "marts.trust_refused_files",
        "source source_table origin reason last_refused_at refusal_status",
        f"refusal_status = 'landed', last_refused_at desc, source, source_table, origin limit {REASONS_SHOWN}",
    ),
    "funnel": Listing(
        "marts.kpi_funnel",
        """cohort_month step_order step step_name_en step_name_zh entered_count advanced_count lost_count open_count
        is_matured""",
        "cohort_month, step_order",
    ),
}


def targets(business_date: datetime.date) -> Listing:
    """Goals that are under way, and those that were due within the last month."""
    return Listing(
        "marts.kpi_targets",
        """target_id metric_id scope_dimension scope_value baseline_value target_value actual_value progress_rate
        expected_progress_rate projected_value projected_status starts_on due_on owner status""",
        "due_on, target_id",
        f"starts_on <= {literal(business_date)} and due_on >= {literal(business_date - datetime.timedelta(days=31))}",
    )
