"""The cells behind each alert on a metric, found by plugins/sales_warehouse/causes."""

from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.modelled import arrow_table, opened, run_told
from sales_warehouse.causes.questions import questions


def model(dbt, session):
    dbt.config(materialized="table")
    dbt.ref("alert_metrics")
    # What metrics are measured on (metrics/registry.yml), and the names of members.
    dbt.ref("fct_sales_daily")
    dbt.ref("fct_order_lines")
    dbt.ref("fct_returns")
    dbt.ref("fct_line_returns")
    dbt.ref("fct_orders")
    dbt.ref("fct_invoices")
    dbt.ref("fct_payments")
    dbt.ref("fct_opportunities")
    dbt.ref("fct_opportunity_stage_events")
    dbt.ref("fct_leads")
    dbt.ref("fct_touchpoints")
    dbt.ref("fct_visits")
    dbt.ref("fct_satisfaction_scores")
    dbt.ref("fct_dealer_stock_weeks")
    dbt.ref("trust_capture")
    dbt.ref("trust_load_counts")
    dbt.ref("dim_sales_reps")
    dbt.ref("dim_regions")
    dbt.ref("dim_channels")
    dbt.ref("dim_products")
    dbt.ref("dim_dealers")
    dbt.ref("dim_customers")
    dbt.ref("dim_dates")
    dbt.ref("dim_customer_tiers")
    dbt.ref("fct_rep_months")
    # Goals, levels of days that are past, and the durations that medians are taken from.
    dbt.ref("kpi_targets")
    dbt.ref("kpi_values")
    dbt.ref("int_levels_told")
    dbt.ref("fct_lead_responses")
    dbt.ref("fct_first_orders")
    dbt.ref("fct_repurchase_gaps")
    told = run_told(dbt.ref("int_run_told"))
    db = opened(session, "marts", "intermediate", business_date=told.business_date, time_zone=told.time_zone)
    asked = questions(db)
    return arrow_table(CauseRow, explain_alerts(db, asked, told.currency))
