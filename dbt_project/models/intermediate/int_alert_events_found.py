"""What happened around each alert on a metric, found by plugins/sales_warehouse/causes."""

from sales_warehouse.causes.events import EventRow, cells_along, events_around
from sales_warehouse.causes.modelled import arrow_table, opened, run_told
from sales_warehouse.causes.questions import questions


def model(dbt, session):
    dbt.config(materialized="table")
    dbt.ref("alert_metrics")
    dbt.ref("int_alert_causes_found")  # and with it what metrics are measured on
    dbt.ref("dim_market_events")
    dbt.ref("dim_products")
    dbt.ref("dim_regions")
    dbt.ref("dim_dealers")
    dbt.ref("fct_order_lines")
    dbt.ref("fct_dealer_stock_days")
    dbt.ref("int_sales_reps_employed")
    told = run_told(dbt.ref("int_run_told"))
    db = opened(session, "marts", "intermediate", business_date=told.business_date, time_zone=told.time_zone)
    cells = cells_along(db, "int_alert_causes_found")
    return arrow_table(EventRow, events_around(db, questions(db), cells, told.currency))
