"""The cells behind each alert on a metric, found by plugins/sales_warehouse/causes."""

from sales_warehouse.causes.alerts import CauseRow, explain_alerts, questions
from sales_warehouse.causes.modelled import arrow_table, opened


def model(dbt, session):
    dbt.config(materialized="table")
    dbt.ref("alert_metrics")
    # What metrics are measured on (metrics/registry.yml), and the names of members.
    dbt.ref("fct_sales_daily")
    dbt.ref("fct_order_lines")
    dbt.ref("int_order_lines_returned")
    dbt.ref("fct_opportunities")
    dbt.ref("fct_opportunity_stage_events")
    dbt.ref("fct_leads")
    dbt.ref("fct_touchpoints")
    dbt.ref("fct_visits")
    dbt.ref("fct_satisfaction_scores")
    dbt.ref("fct_dealer_stock_weeks")
    dbt.ref("trust_capture")
    dbt.ref("dim_sales_reps")
    dbt.ref("dim_regions")
    dbt.ref("dim_channels")
    dbt.ref("dim_products")
    dbt.ref("dim_dealers")
    dbt.ref("dim_customers")
    db = opened(session, "marts", "intermediate")
    asked = questions(db)
    return arrow_table(CauseRow, explain_alerts(db, asked, dbt.config.get("currency")))
