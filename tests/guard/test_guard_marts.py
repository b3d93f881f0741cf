"""The suites of the published marts bite: a good mart passes, and every rule refuses what it was made for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from guard_batch import PARAMETERS, row_ids
from ruamel.yaml import YAML

from sales_warehouse.guard.suites import load_suite
from sales_warehouse.guard.validate import validate
from sales_warehouse.sql import ident

# A good mart as SQL: its rows are selected into a table; every other case is an update of the first row.
UNKNOWN = "'unknown'"
GOOD: dict[str, str] = {
    "dim_dates": """select d::date as date_day, true as is_workday, date_trunc('month', d)::date as month_start_date
        from range(date '2026-01-30', date '2026-02-03', interval 1 day) t(d)""",
    "dim_calendar_hours": """select 'default' as schedule_id, d::date as date_day, 4 as open_seconds, true as is_open,
        4 * (row_number() over (order by d) - 1) as open_seconds_before,
        d + interval 1 second as opens_1_at, d + interval 3 second as closes_1_at,
        d + interval 4 second as opens_2_at, d + interval 6 second as closes_2_at,
        null::timestamp as opens_3_at, null::timestamp as closes_3_at,
        null::timestamp as opens_4_at, null::timestamp as closes_4_at
        from range(date '2026-01-30', date '2026-02-03', interval 1 day) t(d)""",
    "dim_customers": """values ('c1', true, 'A'), ('unknown', false, null) t(customer_key, is_addressable, tier)""",
    "dim_contacts": "values ('p1', 'c1'), ('unknown', 'unknown') t(contact_key, customer_key)",
    "dim_products": "values ('a1', 1), ('unknown', 0) t(product_key, x)",
    "dim_sales_reps": "values ('r1', 'east'), ('unknown', 'unknown') t(rep_key, region_key)",
    "dim_regions": """values ('east', 'East', '华东'), ('unknown', 'Unknown', '未知')
        t(region_key, region_name_en, region_name_zh)""",
    "dim_channels": "values ('phone', 1), ('unknown', 0) t(channel, x)",
    "fct_order_lines": """values
        ('o1', 1, 'c1', 'a1', 'r1', 'phone', 'east', date '2026-01-01', 10.5000, 0.5000, 10.0000, false,
            date '2026-01-02', false),
        ('o1', 2, 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', date '2026-01-01', 0, 0, 0, true, null,
            false)
        t(order_key, line_number, customer_key, product_key, rep_key, channel, region_key, order_date,
          gross_amount, discount_amount, net_amount, is_cancelled, paid_date, is_paid_by_status)""",
    "fct_returns": """values ('t1', 'c1', 'a1', 'r1', 'phone', 'east', date '2026-01-01', 5),
        ('t2', 'c1', 'a1', 'r1', 'phone', 'east', date '2026-01-01', 0)
        t(return_key, customer_key, product_key, rep_key, channel, region_key, return_date, refund_amount)""",
    "fct_orders": """values ('o1', 'c1', date '2026-01-01', false, date '2026-01-02', false),
        ('o2', 'unknown', date '2026-01-02', true, null, false), ('o3', 'c1', date '2026-01-02', false, null, true)
        t(order_key, customer_key, order_date, is_cancelled, paid_date, is_paid_by_status)""",
    "fct_line_returns": """values ('o1', 1, 1, 1), ('o1', 2, 3, 2)
        t(order_key, line_number, returned_quantity, counted_quantity)""",
    "fct_collections": "values ('i1', 5, 3), ('i2', 0, 0) t(invoice_key, due_amount, collected_amount)",
    "fct_invoices": "values ('i1', 5), ('i2', -5) t(invoice_key, amount)",
    "fct_follow_up_gaps": """values ('visit:v1', 8.0, 7.5), ('call:k1', 63.5, null)
        t(touchpoint_key, gap_hours, gap_business_hours)""",
    "fct_lead_responses": "values ('l1', 0.0, 2.0), ('l2', null, 9.0) t(lead_key, waited_hours, waited_calendar_hours)",
    "fct_first_orders": """values ('c1', date '2026-01-01', true), ('c2', null, false)
        t(customer_key, first_order_date, is_bought)""",
    "fct_repurchase_gaps": """values ('c1', 'milk', date '2026-01-01', date '2026-01-02', 1, true),
        ('c1', 'milk', date '2026-01-02', null, 0, false)
        t(customer_key, product_line, order_date, next_order_date, gap_days, is_ended)""",
    "fct_rep_months": """values (date '2026-01-01', 'r1', 'east', true, 31, 15.5, 31),
        (date '2026-01-01', 'r2', 'east', false, 1, 0, 31)
        t(month_start_date, rep_key, region_key, is_selling, employed_days, fte_days, day_count)""",
    "trust_load_counts": """values ('a', 'l1', 'orders', 10, 10), ('a', 'l1', 'order_lines', 0, 0)
        t(source, load_id, entity, judged_count, dirty_count)""",
    "fct_payments": """values ('y1', date '2026-01-01', 5), ('y2', date '2026-01-01', -5)
        t(payment_key, paid_date, amount)""",
    "fct_leads": """values ('l1', 'c1', date '2026-01-01'), ('l2', 'unknown', date '2026-01-01')
        t(lead_key, customer_key, created_date)""",
    "fct_opportunities": """values ('d1', 'c1', 'r1', 'east', date '2026-01-01', 'open', 0.5, 9.0, true),
        ('d2', 'c1', 'r1', 'east', date '2026-01-01', 'won', null, 0.0, false)
       
        t(opportunity_key, customer_key, owner_rep_key, region_key, created_date,
          opportunity_status, probability_rate, amount, has_amount)""",
    "fct_opportunity_stage_events": """values
        ('d1', timestamp '2026-01-01', 's', 'won', 0.0, 0.0, 1, date '2026-01-01', null),
        ('d1', timestamp '2026-01-02', 's', 'open', null, null, 2, date '2026-01-02', date '2026-02-02')
        t(opportunity_key, entered_at, stage, exit_type, dwell_days, dwell_business_hours, entry_number, entered_date,
          stalled_date)""",
    "alert_stalled_deals": """values ('stalled|d1', date '2026-02-02', 31, 21, 'calendar', 30),
        ('stalled|d2', date '2026-02-02', 15, 11, 'business', 10)
        t(incident_key, stalled_date, stage_days, stage_workdays, limit_type, limit_days)""",
    "fct_touchpoints": """values ('h1', 'chat', 'c1', 'r1', date '2026-01-01'),
        ('h2', 'order', 'unknown', 'unknown', date '2026-01-01')
        t(touchpoint_key, touchpoint_type, customer_key, rep_key, occurred_date)""",
    "fct_touchpoints_daily": """values ('s', 'chat', 'wechat', date '2026-01-01', 3, 'data'),
        ('s', 'chat', 'wechat', date '2026-01-02', 0, 'no_data')
        t(source, touchpoint_type, channel, occurred_date, touchpoint_count, data_status)""",
    "fct_customer_timeline": """values ('order:s:1', 'order', 'c1', 'Order', '订单'),
        ('stage:s:1/x', 'stage', 'unknown', 'Stage', '商机阶段')
        t(event_key, event_type, customer_key, title_en, title_zh)""",
    "fct_customer_months": """select 'c1' as customer_key, month_start_date::date as month_start_date,
        0.0 as net_sales_amount
        from generate_series(timestamp '2024-08-01', timestamp '2026-07-01', interval 1 month) t(month_start_date)""",
    "fct_customer_contacts": """values ('c1', 'p1', 'user', 2, timestamp '2026-01-01'), ('c1', 'p2', 'unknown', 0, null)
        t(customer_key, contact_key, contact_role, touch_count, last_touch_at)""",
    "fct_deal_contacts": """values ('d1', 'p1', 'user'), ('d1', 'p2', 'unknown')
        t(opportunity_key, contact_key, contact_role)""",
    "fct_deal_chains": """values ('d1', 3, 1, 1, 0, 0, 1), ('d2', 0, 0, 0, 0, 0, 0)
        t(opportunity_key, contact_count, decision_maker_count, influencer_count, user_count, gatekeeper_count,
          unknown_count)""",
    "trust_customer_differences": """values ('c1', 'city', 'crm:1', 'Wuhan', 2), ('c1', 'city', 'shop:1', 'Jinan', 2)
        t(customer_key, attribute, customer_record_key, attribute_value, value_count)""",
    "trust_order_matches": """values ('r|a|b', 'matched', 'a', 'b'), ('r|c|', 'only_left', 'c', null),
        ('r||d', 'only_right', null, 'd') t(match_key, match_status, left_order_key, right_order_key)""",
    "trust_order_differences": """values ('r|a|b', 'amount'), ('r|a|b', 'status') t(match_key, difference_type)""",
    "dim_dealers": "values ('d1', 'east'), ('unknown', 'unknown') t(dealer_key, region_key)",
    "dim_stores": "values ('s1', 'd1', 'east'), ('unknown', 'unknown', 'unknown') t(store_key, dealer_key, region_key)",
    "dim_market_events": """values ('m1', date '2026-01-01', date '2026-01-01'), ('m2', date '2026-01-01', null)
        t(market_event_key, starts_date, ends_date)""",
    "dim_experiments": "values ('x1', 1), ('x2', 2) t(experiment_key, x)",
    "fct_visits": """values ('v1', 'c1', 'p1', 'r1', date '2026-01-01')
        t(visit_key, customer_key, contact_key, rep_key, started_date)""",
    "fct_calls": """values ('k1', 'c1', 'p1', 'r1', date '2026-01-01', 0)
        t(call_key, customer_key, contact_key, rep_key, started_date, duration_seconds)""",
    "fct_web_events": """values ('w1', 'c1', 'p1', date '2026-01-01')
        t(event_key, customer_key, contact_key, occurred_date)""",
    "fct_chats": """values ('h1', 'c1', 'p1', 'r1', date '2026-01-01', 0),
        ('h2', 'c1', 'p1', 'r1', date '2026-01-01', null)
        t(chat_key, customer_key, contact_key, rep_key, started_date, first_response_seconds)""",
    "fct_chat_messages": """values ('h1', 1, date '2026-01-01'), ('h1', 2, date '2026-01-01')
        t(chat_key, message_number, sent_date)""",
    "fct_quotes": """values ('q1', 1, 'c1', 'r1', date '2026-01-01', false),
        ('q1', 2, 'c1', 'r1', date '2026-01-01', true)
        t(quote_key, quote_version, customer_key, rep_key, created_date, is_latest_version)""",
    "fct_satisfaction_scores": """values ('y1', 'c1', 'd1', 's1', date '2026-01-01', 1.0),
        ('y2', 'c1', 'd1', 's1', date '2026-01-01', null)
        t(survey_key, customer_key, dealer_key, store_key, answered_date, score_rate)""",
    "fct_dealer_orders": """values ('o1', 1, 'd1', 'a1', date '2026-01-01'), ('o1', 2, 'd1', 'a1', date '2026-01-01')
        t(dealer_order_key, line_number, dealer_key, product_key, ordered_date)""",
    "fct_dealer_inventory": """values ('s', 'd1', 'a1', timestamp '2026-01-01', false),
        ('s', 'd1', 'a1', timestamp '2026-01-08', true)
        t(source, dealer_key, product_key, counted_at, is_latest)""",
    "fct_store_sales": """values ('z1', 's1', 'd1', 'a1', 'east', date '2026-01-01')
        t(store_sale_key, store_key, dealer_key, product_key, region_key, sold_date)""",
    "fct_dealer_stock_days": """values
        ('d1', 'a1', date '2026-01-01', date '2026-01-04', 0, 10, 3, 1, 6, 0, null, null),
        ('d1', 'a1', date '2026-01-05', date '2026-01-09', 6, 0, 0, 0, 5, 1, 5, date '2026-01-05'),
        ('d2', 'a1', date '2026-01-05', date '2026-01-09', 0, 0, 3, 0, null, 0, null, null)
        t(dealer_key, product_key, stock_date, until_date, opening_units, sell_in_units, sell_out_units,
          returned_units, closing_units, unexplained_units, counted_units, last_counted_date)""",
    "fct_dealer_stock_weeks": """values ('d1', 'a1', date '2026-01-05', 0, 10, 3, 1, 6, 0, 'reported'),
        ('d1', 'a1', date '2026-01-12', 6, 0, 0, 0, 6, 0, 'waiting')
        t(dealer_key, product_key, week_start_date, opening_units, sell_in_units, sell_out_units, returned_units,
          closing_units, unexplained_units, report_status)""",
    "fct_dealer_stock": """values ('d1', 'a1', false, null, 28), ('d1', 'a2', true, 'never_counted', 1)
        t(dealer_key, product_key, is_stale, stale_reason, window_days)""",
    "fct_dealer_traces": """values ('o1>z1', 'order', 'sold', date '2026-01-01', date '2026-01-01', 2),
        ('o1>in_stock', 'order', 'not_counted', date '2026-01-01', null, 8)
        t(trace_key, origin_type, outcome_type, origin_date, outcome_date, units)""",
    "fct_dealer_months": """values ('d1', date '2026-01-01', 2, 1.6), ('d1', date '2026-02-01', 0, 0)
        t(dealer_key, month_start_date, answer_count, score_rate_sum)""",
    "kpi_dealer_satisfaction": """values (0, 'total', 'total', 30, 0.5, 0.1, 0.8, 'positive'),
        (1, 'total', 'total', 29, null, null, null, 'insufficient')
        t(lag_months, dimension_name, dimension_value, pair_count, spearman_coefficient, spearman_low_coefficient,
          spearman_high_coefficient, verdict)""",
    "kpi_dealer_stock": """values ('total', 'total', 3, 2, 100.0, 80.0), ('region', 'east', 1, 1, 0.0, 0.0)
        t(dimension_name, dimension_value, dealer_count, counted_dealer_count, sell_in_amount,
          covered_sell_in_amount)""",
    "kpi_dealer_weeks": """values (date '2026-01-05', 'total', 'total', 9, 3, 2, 100.0, 80.0),
        (date '2026-01-12', 'total', 'total', 0, 1, 1, 0.0, 0.0)
        t(week_start_date, dimension_name, dimension_value, available_units, dealer_count, reported_dealer_count,
          sell_in_amount, covered_sell_in_amount)""",
    "fct_experiment_assignments": """values ('x1', 'u1', date '2026-01-01'), ('x1', 'u2', date '2026-01-01')
        t(experiment_key, unit_id, assigned_date)""",
    "fct_sales_daily": """values (date '2026-01-01', 'east', 'phone', 'r1', 'milk', 'baby', 10.0, 1.0, 2.0, 7.0),
        (date '2026-01-02', 'east', 'phone', 'r1', 'milk', 'baby', 0, 0, 2, -2)
        t(sales_date, region_key, channel, rep_key, product_line, category, gross_amount, discount_amount,
          returns_amount, net_sales_amount)""",
    "kpi_values": """values
        ('win_rate', 'month', date '2026-01-01', 'total', 'total', 1, 2, 0.5, timestamp '2026-02-01'),
        ('quota_attainment', 'month', date '2026-01-01', 'total', 'total', 3, 2, 1.5, timestamp '2026-02-01'),
        ('lead_first_response_hours', 'month', date '2026-01-01', 'total', 'total', 1, 9, null, timestamp '2026-02-01'),
        ('win_rate', 'day', date '2026-01-01', 'total', 'total', 0, 0, null, timestamp '2026-02-01')
       
        t(metric_id, period_grain, period_start_date, dimension_name, dimension_value,
          numerator, denominator, value, as_of)""",
    "kpi_restatements": """values
        ('net_sales', 'month', date '2026-01-01', 'total', 'total', 100.0, timestamp '2026-02-01', 90.0, -10.0,
         timestamp '2026-03-01', 1),
        ('win_rate', 'month', date '2026-01-01', 'total', 'total', 0.5, timestamp '2026-02-01', null, null,
         timestamp '2026-02-02', 2)
        t(metric_id, period_grain, period_start_date, dimension_name, dimension_value, original_value, original_as_of,
          current_value, difference_value, restated_at, restatement_count)""",
    "kpi_metrics": """values ('win_rate', 'Win rate', '赢单率', 'up', null), ('m2', 'M', '指标', 'band', 'absent')
        t(metric_id, name_en, name_zh, direction, absent_reason_en)""",
    "kpi_analyses": """values ('return_rates', 'kpi_return_rates', null), ('capture', 'trust_capture', 'absent')
        t(analysis_id, mart, absent_reason_en)""",
    "kpi_customer_lifetime_values": """values ('K1', 2.5, 10.0, 'estimated'), ('K2', null, null, 'too_few_returning')
        t(customer_key, expected_order_count_12m, clv_12m_amount, estimate_status)""",
    "kpi_targets": """values ('g1', 'win_rate', 'behind', 0.1, 'misses', true, null),
        ('g2', 'unknown', 'no_data', null, 'unknown', false, 'S M'),
        ('g3', 'pipeline_coverage_ratio', 'met', null, 'meets', true, null)
        t(target_id, metric_id, status, actual_value, projected_status, is_smart, smart_faults)""",
    "kpi_goal_lints": """values ('goal', 'g1', 'missing_baseline', 'M', 'fault', 'no baseline'),
        ('board', 'board', 'single_metric', null, 'warning', 'one alone')
        t(subject_type, subject_id, lint_type, smart_letter, severity, message_en)""",
    "kpi_target_cascades": """values ('g1', 'region', 'net_sales', 'sum', 10, 8, -2),
        ('g1', 'team', 'net_sales', 'not_combined', 10, null, null)
        t(parent_target_id, scope_dimension, metric_id, combination, parent_target_value, children_target_value,
          target_difference_value)""",
    "kpi_target_iterations": """values ('i1', 'g1', 'win_rate', date '2026-07-01', date '2026-07-14', 'running'),
        ('i1', 'g2', 'win_rate', date '2026-07-01', date '2026-07-28', 'no_data')
        t(iteration_id, target_id, metric_id, starts_on, ends_on, iteration_status)""",
    "kpi_board": """values ('win_rate', 'Win rate', 'g1', 'met', 0.5, 4), ('clv', 'CLV', null, 'no_target', 5, null),
        ('pipeline_coverage_ratio', 'Pipeline coverage', null, 'met', null, 0)
        t(metric_id, name_en, target_id, target_status, value, denominator)""",
    "kpi_movers": """values ('net_sales', 'region', 'east', 12, 10, 2, 4, 'better'),
        ('net_sales', 'region', 'west', 8, 10, -2, null, 'worse')
        t(metric_id, dimension_name, dimension_value, value, previous_value, change_value, comparable_change_value,
          change_type)""",
    "kpi_sales_periods": """values
        ('month', date '2026-05-01', 'total', 'total', true, 5.0, 0.5, 1.0, false),
        ('month', date '2026-06-01', 'total', 'total', false, 3.0, null, null, false)
        t(period_grain, period_start_date, dimension_name, dimension_value, is_complete, net_sales_amount, change_rate,
          robust_z, is_unusual)""",
    "kpi_product_ranks": """values ('total', 'hit', 1, 'a1', 5.0, 9), ('total', 'hit', 2, 'a2', 4.0, 9)
        t(product_scope, list_type, list_rank, product_key, net_sales_amount, product_count)""",
    "kpi_product_traits": """values ('shop', 'hit', 'trait', 'light', 3, 4, 4, 4, 36, 9.0, 0.00002, 0.0004, true),
        ('shop', 'hit', 'trait', 'large', 1, 1, 4, 5, 36, 1.8, 0.4, 0.8, false)
        t(product_scope, list_type, trait_type, trait, shown_trait_count, group_trait_count, group_count,
          trait_product_count, product_count, lift_ratio, p_value, q_value, is_shared)""",
    "kpi_sales_pivot": """values ('2026-01-01|milk|east|r1', date '2026-01-01', 'milk', 'east', 'r1', false, false,
          false, false, 5.0),
        ('|||', null, 'total', 'total', 'total', true, true, true, true, 5.0)
        t(cell_key, month_start_date, product_line, region_key, rep_key, is_all_months, is_all_lines, is_all_regions,
          is_all_reps, net_sales_amount)""",
    "kpi_sales_cells": """values (date '2026-01-01', 'milk', 'east', 400.0, 100.0, 9.0, 0.0001, 1, true),
        (date '2026-01-01', 'milk', 'west', 1.0, null, null, null, null, false)
        t(month_start_date, product_line, region_key, net_sales_amount, expected_amount, residual_z, q_value, cell_rank,
          is_odd)""",
    "kpi_return_rates": """values ('week', date '2026-01-05', 'east', 100, 9, 0.09, 1000, 30, 0.03, 50, 1, 200, 9, 50,
          8, 500, 20, 0.01, true),
        ('month', date '2026-01-01', 'east', 100, 3, 0.03, 1000, 30, 0.03, 50, 1, 200, 3, 50, 2, 500, 20, 1.0, false)
        t(period_grain, period_start_date, region_key, sold_line_count, returned_line_count, returned_line_rate,
          baseline_sold_line_count, baseline_returned_line_count, baseline_rate, other_sold_line_count,
          other_returned_line_count, sold_unit_count, returned_unit_count, sold_order_count, returned_order_count,
          baseline_sold_order_count, baseline_returned_order_count, q_value, is_spike)""",
    "kpi_segment_contributions": """values ('size_band', 'medium', 35, 100, 62, 100, 1.7714, 0.01, true),
        ('tag', 'medium', 35, 100, 35, 100, 1.0, 0.9, false)
        t(group_type, group_id, customer_count, all_customer_count, repurchase_count, all_repurchase_count,
          contribution_index, q_value, is_over_contributing)""",
    "kpi_sales_concentration": """values ('total', 'total', 23, 100.0, 100.0, 0.35, 0.8, 0.87, 2270.0),
        ('product', 'a1', 1, 10.0, 5.0, 0.5, 0.5, 0.5, 2500.0)
        t(scope_type, scope_value, customer_count, bought_amount, known_amount, cr1_rate, cr3_rate, cr10_rate,
          hhi)""",
    "kpi_white_space": """values ('east', 'milk', 'white_space', 50, 5, 90, 20.0, 15.0),
        ('moon', 'milk', 'no_base', 0, 0, 140, 0.0, 0.0)
        t(region_key, product_line, penetration_status, addressable_count, buyer_count, other_addressable_count,
          expected_buyer_count, missing_buyer_count)""",
    "kpi_repurchase": """values (date '2026-06-01', 'milk', 'high', 5, 10, 6, 10, 'fell', true, 'member_benefits'),
        (date '2026-06-01', 'milk', 'low', 0, 0, 0, 0, 'too_few', false, null)
        t(month_start_date, category, price_band, repurchase_customer_count, customer_count,
          previous_repurchase_customer_count, previous_customer_count, change_status, is_flagged, advice_id)""",
    "kpi_repurchase_cycles": """values (date '2026-06-01', 'milk', 'shorter', 5, 4, 6, 5), (date '2026-06-01', 'tea',
        'too_few', 0, 0, 0, 0)
        t(month_start_date, product_line, change_status, gap_count, ended_count, previous_gap_count,
        previous_ended_count)""",
    "kpi_region_productivity": """values ('year', date '2025-07-01', 'east', 1, 1, 2, 365.0),
        ('year', date '2025-07-01', 'west', 0, 0, 0, 0) t(period_grain, period_start_date, region_key,
        won_with_amount_count, won_count, closed_count, fte_days)""",
    "kpi_region_gaps": """values ('east', 'west', 'saturation', -10, -5, -3, -2, 4, 4, 9, 8), ('east', 'peers',
        'too_few', 3, null, null, null, 4, 4, 9, 8)
        t(region_key, peer_key, verdict, won_gap_amount, deals_gap_amount, win_rate_gap_amount,
        deal_size_gap_amount, won_count, won_with_amount_count, peer_won_count, peer_won_with_amount_count)""",
    "kpi_head_allocation": """values ('east', 3, 1, 1, 4), ('west', 2, 1, -1, 1)
        t(region_key, head_count, minimum_head_count, change_count, proposed_head_count)""",
    "kpi_weekday_profile": """values ('workday', 0, 10, 8, 4), ('day_off', 6, 5, 5, 0)
        t(day_type, day_of_week, enquiry_count, matured_enquiry_count, converted_count)""",
    "kpi_team_responses": """values ('t1', 'slower', 5, 4), ('t2', 'too_few', 1, 0)
        t(team, response_status, lead_count, answered_count)""",
    "kpi_deal_interactions": """values ('industry_line', 'a', 'b', 'all', 'better', 1, 2), ('line_rep', 'all', 'b',
        'r1', 'too_few', 0, 1)
        t(combination_type, industry, product_line, rep_key, interaction_status, won_count, closed_count)""",
    "kpi_deal_reversals": """values ('rep', 'industry', 'east', 'r1', 'r2', 3, 2, 2, 0, true, -5.0, 5.0),
        ('rep', 'industry', 'east', 'r1', 'r3', 1, 0, 0, 0, false, 5.0, null)
        t(member_type, segment_type, peer_group, member_key, other_key, segment_count, counted_segment_count,
          better_segment_count, worse_segment_count, is_reversal, difference_points, adjusted_difference_points)""",
    "kpi_funnel": """values (date '2026-01-01', 1, 'lead', 10, 5, 3, 2, 1, 4, 3, 0),
        (date '2026-01-01', 2, 'order', 0, 0, 0, 0, 0, 0, 0, 0)
        t(cohort_month, step_order, step, entered_count, advanced_count, lost_count, open_count, skipped_count,
          in_order_count, in_order_advanced_count, regressed_count)""",
    "kpi_funnel_steps": """values
        ('month', date '2026-01-01', 'stage', 's', 10, 6, 12, 6, 3, 2, 1, -4.5, true, true),
        ('month', date '2026-01-01', 'main', 'lead', 10, 6, 10, 6, 3, 1, 0, null, false, false)
        t(period_grain, period_start_date, step_level, step, entered_count, converted_count, stay_count, advanced_count,
          lost_count, open_count, regressed_count, robust_score, is_odd, is_matured)""",
    "alert_causes": """values ('e1', 1, false, -60, -70, 10), ('e1', 0, true, 10, null, null)
        t(incident_key, cause_number, is_residual, contribution_value, rate_effect_value, mix_effect_value)""",
    "alert_events": """values ('e1', 1, 'm1', false, 0.05, 19, 0, null, null),
        ('e1', 2, 'fact:p', true, null, 0, 0, 1.0, 1.1)
        t(incident_key, event_number, event_key, is_own_fact, placebo_score, placebo_count, extreme_count, before_value,
        now_value)""",
    "alert_findings": """values ('slow_team|t1|2026-06-01', 'ann'), ('slow_team|t2|2026-06-01', 'ann')
        t(incident_key, owner)""",
    "alert_playbooks": """values ('e1', 1, 'p1', 'sales', 'li', 'fair', false, 2, 1, 0.1, -0.1, 0.3),
        ('e1', 2, 'p2', 'sales', 'li', null, true, 0, 0, null, null, null)
        t(incident_key, playbook_number, playbook_id, department, owner, cause, is_of_rule, use_count, measured_count,
        effect_value, lower_value, upper_value)""",
    "fct_actions": """values
        ('e1|p1', 'sales', 'done', date '2026-01-01', date '2026-01-05', 'measured', 0.1, -0.1, 0.3, null,
         null::varchar),
        ('e2|p1', 'sales', 'overdue', date '2026-01-01', null, 'not_done', null, null, null, null, null)
        t(action_key, department, action_status, accepted_date, closed_date, outcome_status, effect_value, lower_value,
        upper_value, outcome_reason_en, outcome_reason_zh)""",
    "fct_incidents": """values
        ('fall|east', 'open', false, date '2026-06-01', date '2026-06-08', date '2026-06-14', 1, 1, null),
        ('fall|west', 'resolved', true, date '2026-06-01', date '2026-06-01', date '2026-06-07', 2, 0, null)
        t(incident_key, incident_status, is_closed, first_period_start_date, period_start_date, period_end_date,
          subject_count, standing_count, snoozed_until_date)""",
    "fct_incident_events": """values ('fall|east', 'fall|east', 1, 'opened', false, null, 'data'),
        ('D1', 'fall|east', 2, 'snoozed', true, 'ann', null)
        t(event_key, incident_key, event_number, event_type, is_decision, decided_by, changed_by)""",
    "kpi_alert_judgements": """values ('fall', 'east', 'quiet', 'terms'), ('fall', 'west', 'breach', 'terms')
        t(rule_id, dimension_value, verdict, rule_terms)""",
    "alert_metrics": """values
        ('e1', 'ann', 'p', 'percent_change', 'fall', 50, 0.8, 62.5, 100, null, null, null, date '2026-01-05'),
        ('e2', 'ann', 'p', 'threshold', 'rise', 0.8, 1, 0.8, null, 0.8, null, null, date '2026-01-05'),
        ('e3', 'ann', 'p', 'seasonal_band', 'fall', 8, 1, 8, 12, null, 9, 15, date '2026-01-05'),
        ('e4', 'ann', 'p', 'pace_behind_target', 'fall', 0.4, 1, 0.4, 0.5, 0.1, null, null, date '2026-01-05'))
        t(incident_key, owner, playbook_id, kind, direction, value, completeness_rate, judged_value, compared_value,
          threshold_value, lower_value, upper_value, opened_start_date), (select date '2026-01-05' as period_start_date,
          date '2026-01-11' as period_end_date, true as is_late,
          date '2026-01-12' as said_date)""".replace("))\n", ")\n"),
    "kpi_alert_trials": """values ('fall', 'on', 'east', 104, 100, 3, 1, 2, null),
        ('odd', 'trial', 'all', 0, 0, 0, 0, 0, 'no data')
        t(rule_id, rule_state, dimension_value, period_count, judged_count, breach_count, muted_count, alert_count,
          not_judged_reason_en)""",
    "trust_source_freshness": """values ('shop', 'fresh', 0.0), ('crm', 'no_data', null)
        t(source, freshness_status, age_hours)""",
    "trust_row_accounting": """values ('shop', 'orders', 0, 0), ('shop', 'order_lines', 2, 0)
        t(source, entity, merged_count, unexplained_count)""",
    "trust_unknown_references": """values ('crm', 'leads', 'customer_id', 1), ('crm', 'visits', 'customer_id', 2)
        t(source, entity, reference, row_count)""",
    "trust_unmatched_returns": """values ('crm', 'no_order', 1), ('crm', 'more_than_sold', 2)
        t(source, reason, unit_count)""",
    "trust_schema_drift": """values ('orders', 'renamed', 1), ('orders', 'added', 2)
        t(source_table, drift_type, file_count)""",
    "trust_refused_files": """values ('a.csv', 'gone', 1), ('b.csv', 'landed', 2)
        t(origin, refusal_status, version_count)""",
    "dim_customer_records": """values ('crm:1', 'evidence', 0.97), ('shop:1', 'credit_code', null)
        t(customer_record_key, match_rule, probability_rate)""",
    "dim_contact_values": """values ('p1', 'title', 'crm:1', 1, 2), ('p1', 'contact_role', 'crm:1', 2, 2)
        t(contact_key, attribute, contact_record_key, agreeing_record_count, record_count)""",
    "dim_customer_values": """values ('c1', 'customer_name', 'crm:1', 1, 2), ('c1', 'city', 'crm:1', 2, 2)
        t(customer_key, attribute, customer_record_key, agreeing_record_count, record_count)""",
    "trust_identity_changes": """values ('C1', 'C2', timestamp '2026-06-28 18:00:00')
        t(old_key, new_key, changed_at)""",
    "dim_contact_records": """values ('crm:1', 'phone'), ('shop:1', 'own_record')
        t(contact_record_key, match_rule)""",
    "trust_identity_review": """values ('crm:1', 'shop:1', 0.8), ('crm:1', 'shop:2', 0.97)
        t(left_customer_record_key, right_customer_record_key, probability_rate)""",
    "trust_identity_decisions": """values ('D1', 'merge', 'crm:1', 'one tax number'), ('D1', 'merge', 'crm:2', 'same')
        t(decision_id, decision_type, record_key, decision_reason)""",
    "dim_customer_tiers": """values ('c1', date '2026-01-01', date '2026-01-31', false, 'B', 'why'),
        ('c1', date '2026-02-01', null, true, 'A', 'why'), ('c2', date '2026-01-01', null, true, 'C', 'why')
        t(customer_key, valid_from_date, valid_to_date, is_current, tier, tier_reason_en)""",
    "dim_deal_stages": """values ('crm', 'talk', 1, 'source', false, null), ('crm', 'offer', 2, 'source', false, null),
        ('crm', 'won', null, null, true, 'named')
        t(source, stage, stage_order, order_basis, is_closing, closing_basis)""",
    "dim_segments": "values ('east', 'segment'), ('large', 'tag') t(segment_id, segment_type)",
    "fct_segment_members": """values ('east', 'c1', date '2026-01-01', date '2026-01-31', false),
        ('east', 'c1', date '2026-03-01', null, true)
        t(segment_id, customer_key, valid_from_date, valid_to_date, is_current)""",
    "fct_customer_needs": """values ('budget', 'c1', '50万', 'chat:h1', 1, '预算50万'),
        ('content', 'c1', 'paper-1', 'web_event:w1', 0, null)
        t(field_id, customer_key, need_value, touchpoint_key, message_number, quoted_text)""",
    "fct_enquiries": """values ('web:1', 'captured'), ('web:2', 'lost') t(event_key, capture_status)""",
    "trust_capture": """values ('web', 'web', date '2026-06-01', 10, 8), ('web', 'web', date '2026-05-01', 10, 10)
        t(source, event_channel, month_start_date, event_count, captured_count)""",
    "trust_deadlines": """values ('a', date '2026-06-26', timestamp '2026-06-26 18:00:00', 'met'),
        ('a', date '2026-06-27', timestamp '2026-06-27 18:00:00', 'due')
        t(source, date_day, deadline_local_at, deadline_status)""",
    "alert_deadline_missed": """values ('deadline|a|1', 'late'), ('deadline|a|2', 'late') t(incident_key, reason_en)""",
    "trust_purges": """values ('chats', 'chat_messages', 'b', timestamp '2026-06-26 18:00:00', 5),
        ('visits', 'visits', 'b', timestamp '2026-06-26 18:00:00', 2)
        t(source, entity, retention_class, purged_at, text_count)""",
    "trust_repairs": """values ('phone', 'phone_form', 1), ('amount', 'full_width', 2)
        t(column_name, repair_type, row_count)""",
    "trust_dirty_rate": """values (100, 32, 10, 0.32), (0, 0, 0, null)
        t(judged_count, dirty_count, quarantined_count, dirty_rate)""",
    "trust_quarantine_reasons": """values ('status_known', 'why', 1), ('status_known', 'why', 2)
        t(rule, reason, row_count)""",
}

KEYS = {
    "dim_dates": "date_day",
    "dim_customers": "customer_key",
    "dim_contacts": "contact_key",
    "dim_products": "product_key",
    "dim_sales_reps": "rep_key",
    "dim_regions": "region_key",
    "dim_channels": "channel",
    "fct_returns": "return_key",
    "fct_orders": "order_key",
    "fct_invoices": "invoice_key",
    "fct_follow_up_gaps": "touchpoint_key",
    "fct_collections": "invoice_key",
    "fct_lead_responses": "lead_key",
    "fct_first_orders": "customer_key",
    "fct_payments": "payment_key",
    "fct_leads": "lead_key",
    "fct_opportunities": "opportunity_key",
    "fct_touchpoints": "touchpoint_key",
    "fct_customer_timeline": "event_key",
    "fct_deal_chains": "opportunity_key",
    "trust_order_matches": "match_key",
    "dim_dealers": "dealer_key",
    "dim_stores": "store_key",
    "dim_market_events": "market_event_key",
    "dim_experiments": "experiment_key",
    "fct_visits": "visit_key",
    "fct_calls": "call_key",
    "fct_web_events": "event_key",
    "fct_chats": "chat_key",
    "fct_satisfaction_scores": "survey_key",
    "fct_store_sales": "store_sale_key",
    "fct_dealer_traces": "trace_key",
    "kpi_metrics": "metric_id",
    "kpi_analyses": "analysis_id",
    "kpi_customer_lifetime_values": "customer_key",
    "kpi_targets": "target_id",
    "kpi_sales_pivot": "cell_key",
    "kpi_board": "metric_id",
    "fct_actions": "action_key",
    "alert_findings": "incident_key",
    "alert_metrics": "incident_key",
    "alert_stalled_deals": "incident_key",
    "trust_source_freshness": "source",
    "dim_segments": "segment_id",
}

# mart, what is done to it (its name is `mart`; the first row has _row_id 1), the rules that must refuse it.
BAD: list[tuple[str, str, set[str]]] = [
    *(
        (
            mart,
            "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
            {f"expect_column_values_to_be_unique.{key}"} | ({"without_gaps"} if mart == "dim_dates" else set()),
        )
        for mart, key in KEYS.items()
        if mart != "trust_source_freshness"
    ),
    ("dim_calendar_hours", "update mart set date_day = '2026-01-31' where _row_id = 1", {"key_unique"}),
    ("dim_calendar_hours", "update mart set open_seconds = 5 where _row_id = 1", {"parts_make_the_day"}),
    ("dim_calendar_hours", "update mart set is_open = false where _row_id = 1", {"parts_make_the_day"}),
    ("dim_dates", "delete from mart where _row_id = 2", {"without_gaps"}),
    ("dim_dates", "delete from mart", {"without_gaps"}),
    *(
        (mart, f"delete from mart where {KEYS[mart]} = 'unknown'", {"unknown_member"})
        for mart in (
            *("dim_customers", "dim_contacts", "dim_products", "dim_sales_reps", "dim_regions", "dim_channels"),
            *("dim_dealers", "dim_stores"),
        )
    ),
    ("dim_customers", "update mart set tier = null where _row_id = 1", {"tier_given"}),
    ("fct_line_returns", "update mart set counted_quantity = 4 where _row_id = 2", {"counted_within_returned"}),
    ("fct_collections", "update mart set collected_amount = 6 where _row_id = 1", {"collected_within_due"}),
    ("fct_line_returns", "update mart set line_number = 2 where _row_id = 1", {"key_unique"}),
    ("fct_order_lines", "update mart set line_number = 2 where _row_id = 1", {"key_unique"}),
    *(
        (mart, f"update mart set is_paid_by_status = true where _row_id = {row}", {"paid_by_status_has_no_day"})
        for mart in ("fct_orders", "fct_order_lines")
        for row in (1, 2)
    ),
    ("fct_order_lines", "update mart set net_amount = 10.01 where _row_id = 1", {"net_is_gross_less_discount"}),
    ("fct_follow_up_gaps", "update mart set gap_hours = -1 where _row_id = 2", {"gap_is_longer_than_none"}),
    ("fct_follow_up_gaps", "update mart set gap_business_hours = 8.5 where _row_id = 1", {"gap_is_longer_than_none"}),
    ("fct_lead_responses", "update mart set waited_hours = -0.5 where _row_id = 1", {"waited_not_negative"}),
    ("fct_lead_responses", "update mart set waited_hours = 2.1 where _row_id = 1", {"business_time_within_the_clocks"}),
    ("fct_first_orders", "update mart set is_bought = true where _row_id = 2", {"bought_has_day"}),
    ("fct_repurchase_gaps", "update mart set order_date = '2026-01-02' where _row_id = 1", {"key_unique"}),
    ("fct_repurchase_gaps", "update mart set gap_days = -1 where _row_id = 1", {"gap_is_longer_than_none"}),
    ("fct_rep_months", "update mart set rep_key = 'r2', is_selling = false where _row_id = 1", {"key_unique"}),
    ("fct_rep_months", "update mart set employed_days = 32 where _row_id = 1", {"days_of_the_month"}),
    ("trust_load_counts", "update mart set entity = 'order_lines' where _row_id = 1", {"key_unique"}),
    ("trust_load_counts", "update mart set dirty_count = 11 where _row_id = 1", {"dirty_within_judged"}),
    ("fct_opportunities", "update mart set opportunity_status = 'Won' where _row_id = 1", {"status_known"}),
    ("fct_opportunities", "update mart set probability_rate = 1.1 where _row_id = 1", {"probability_range"}),
    ("fct_opportunities", "update mart set created_date = null where _row_id = 2", {"closed_has_day"}),
    ("fct_opportunities", "update mart set amount = 1 where _row_id = 2", {"amount_said"}),
    ("fct_opportunity_stage_events", "update mart set entered_at = '2026-01-02' where _row_id = 1", {"key_unique"}),
    ("fct_opportunity_stage_events", "update mart set exit_type = 'gone' where _row_id = 1", {"exit_known"}),
    (
        "fct_opportunity_stage_events",
        "update mart set dwell_days = -0.1, dwell_business_hours = -9 where _row_id = 1",
        {"dwell_not_negative"},
    ),
    (
        "fct_opportunity_stage_events",
        "update mart set dwell_business_hours = 0.1 where _row_id = 1",
        {"business_within_dwell"},
    ),
    (
        "fct_opportunity_stage_events",
        "update mart set stalled_date = '2025-12-31' where _row_id = 1",
        {"stalled_after_entering"},
    ),
    ("fct_opportunity_stage_events", "update mart set entry_number = 0 where _row_id = 1", {"entry_counted"}),
    ("alert_stalled_deals", "update mart set stage_days = 30 where _row_id = 1", {"over_the_limit"}),
    ("alert_stalled_deals", "update mart set stage_workdays = 10 where _row_id = 2", {"over_the_limit"}),
    ("fct_touchpoints", "update mart set touchpoint_type = 'fax' where _row_id = 1", {"type_known"}),
    ("fct_touchpoints_daily", "update mart set occurred_date = '2026-01-02' where _row_id = 1", {"key_unique"}),
    ("fct_touchpoints_daily", "update mart set data_status = 'quiet' where _row_id = 2", {"status_known"}),
    ("fct_touchpoints_daily", "update mart set touchpoint_count = 1 where _row_id = 2", {"status_fits_count"}),
    ("fct_touchpoints_daily", "update mart set data_status = 'no_data' where _row_id = 1", {"status_fits_count"}),
    ("fct_customer_timeline", "update mart set event_type = 'fax' where _row_id = 1", {"type_known"}),
    ("fct_customer_months", "delete from mart where _row_id = 9", {"no_gaps"}),
    ("fct_customer_months", "update mart set month_start_date = '2024-09-01' where _row_id = 1", {"key_unique"}),
    ("fct_customer_contacts", "update mart set contact_key = 'p2' where _row_id = 1", {"key_unique"}),
    ("fct_customer_contacts", "update mart set touch_count = 0 where _row_id = 1", {"touches_fit"}),
    ("fct_deal_contacts", "update mart set contact_key = 'p2' where _row_id = 1", {"key_unique"}),
    ("fct_deal_chains", "update mart set contact_count = 2 where _row_id = 1", {"roles_sum_to_people"}),
    ("trust_customer_differences", "update mart set customer_record_key = 'shop:1' where _row_id = 1", {"key_unique"}),
    ("trust_customer_differences", "update mart set value_count = 1 where _row_id = 1", {"there_is_a_difference"}),
    ("trust_order_matches", "update mart set right_order_key = null where _row_id = 1", {"sides_fit_status"}),
    ("trust_order_matches", "update mart set left_order_key = null where _row_id = 2", {"sides_fit_status"}),
    ("trust_order_differences", "update mart set difference_type = 'status' where _row_id = 1", {"key_unique"}),
    ("trust_order_differences", "update mart set difference_type = 'colour' where _row_id = 1", {"type_known"}),
    ("dim_market_events", "update mart set ends_date = '2025-12-31' where _row_id = 1", {"ends_after_it_starts"}),
    ("fct_calls", "update mart set duration_seconds = -1 where _row_id = 1", {"duration_not_negative"}),
    ("fct_chats", "update mart set first_response_seconds = -1 where _row_id = 1", {"response_not_negative"}),
    ("fct_satisfaction_scores", "update mart set score_rate = 1.1 where _row_id = 1", {"score_rate_range"}),
    ("fct_chat_messages", "update mart set message_number = 2 where _row_id = 1", {"key_unique"}),
    ("fct_quotes", "update mart set quote_version = 2 where _row_id = 1", {"key_unique"}),
    ("fct_quotes", "update mart set is_latest_version = true where _row_id = 1", {"one_latest_version"}),
    ("fct_dealer_orders", "update mart set line_number = 2 where _row_id = 1", {"key_unique"}),
    ("fct_dealer_inventory", "update mart set counted_at = '2026-01-08' where _row_id = 1", {"key_unique"}),
    ("fct_dealer_inventory", "update mart set is_latest = false where _row_id = 2", {"one_latest_count"}),
    (
        "fct_dealer_stock_days",
        "update mart set stock_date = '2026-01-05', until_date = '2026-01-05' where _row_id = 1",
        {"key_unique"},
    ),
    ("fct_dealer_stock_days", "update mart set unexplained_units = 1 where _row_id = 1", {"balanced"}),
    (
        "fct_dealer_stock_days",
        "update mart set closing_units = null, counted_units = null, last_counted_date = '2026-01-04' "
        "where _row_id = 2",
        {"balanced"},
    ),
    ("fct_dealer_stock_days", "update mart set until_date = '2025-12-31' where _row_id = 1", {"days_in_order"}),
    ("fct_dealer_stock_days", "update mart set counted_units = 4 where _row_id = 2", {"count_is_the_stock"}),
    ("fct_dealer_stock_weeks", "update mart set week_start_date = '2026-01-12' where _row_id = 1", {"key_unique"}),
    ("fct_dealer_stock_weeks", "update mart set closing_units = 7 where _row_id = 1", {"balanced"}),
    ("fct_dealer_stock_weeks", "update mart set closing_units = null where _row_id = 1", {"balanced"}),
    ("fct_dealer_stock_weeks", "update mart set report_status = 'late' where _row_id = 1", {"status_known"}),
    ("fct_dealer_stock", "update mart set product_key = 'a2' where _row_id = 1", {"key_unique"}),
    ("fct_dealer_stock", "update mart set is_stale = false where _row_id = 2", {"stale_has_a_reason"}),
    ("fct_dealer_stock", "update mart set stale_reason = 'odd' where _row_id = 2", {"reason_known"}),
    ("fct_dealer_stock", "update mart set window_days = 0 where _row_id = 1", {"window_positive"}),
    ("fct_dealer_traces", "update mart set units = 0 where _row_id = 1", {"units_positive"}),
    ("fct_dealer_traces", "update mart set origin_type = 'odd' where _row_id = 1", {"origin_known"}),
    ("fct_dealer_traces", "update mart set outcome_type = 'odd' where _row_id = 1", {"outcome_known"}),
    ("fct_dealer_traces", "update mart set outcome_date = '2025-12-31' where _row_id = 1", {"never_before_it_came"}),
    ("fct_dealer_months", "update mart set month_start_date = '2026-02-01' where _row_id = 1", {"key_unique"}),
    ("fct_dealer_months", "update mart set score_rate_sum = 2.1 where _row_id = 1", {"scores_fit_answers"}),
    ("kpi_dealer_satisfaction", "update mart set lag_months = 1 where _row_id = 1", {"key_unique"}),
    ("kpi_dealer_satisfaction", "update mart set verdict = 'odd' where _row_id = 1", {"verdict_known"}),
    ("kpi_dealer_satisfaction", "update mart set pair_count = 29 where _row_id = 1", {"no_verdict_on_few"}),
    ("kpi_dealer_satisfaction", "update mart set spearman_coefficient = 0.9 where _row_id = 1", {"coefficient_range"}),
    ("kpi_dealer_stock", "update mart set dimension_name = 'total', dimension_value = 'total'", {"key_unique"}),
    ("kpi_dealer_stock", "update mart set sell_in_amount = 79 where _row_id = 1", {"covers_a_part"}),
    ("kpi_dealer_weeks", "update mart set week_start_date = '2026-01-12' where _row_id = 1", {"key_unique"}),
    ("kpi_dealer_weeks", "update mart set available_units = -1 where _row_id = 1", {"available_not_negative"}),
    ("kpi_dealer_weeks", "update mart set reported_dealer_count = 4 where _row_id = 1", {"covers_a_part"}),
    ("fct_experiment_assignments", "update mart set unit_id = 'u2' where _row_id = 1", {"key_unique"}),
    ("fct_sales_daily", "update mart set sales_date = '2026-01-02' where _row_id = 1", {"key_unique"}),
    ("fct_sales_daily", "update mart set net_sales_amount = 8 where _row_id = 1", {"net_adds_up"}),
    ("kpi_values", "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1", {"key_unique"}),
    ("kpi_values", "update mart set period_grain = 'decade' where _row_id = 1", {"grain_known"}),
    ("kpi_values", "update mart set value = null where _row_id = 1", {"value_given"}),
    ("kpi_values", "update mart set value = 1.1 where _row_id = 1", {"rate_range"}),
    (
        "kpi_values",
        "alter table mart alter value type double; update mart set value = 'inf' where _row_id = 2",
        {"value_finite"},
    ),
    (
        "kpi_values",
        "alter table mart alter value type double; update mart set value = 'nan' where _row_id = 2",
        {"value_finite"},
    ),
    (
        "kpi_customer_lifetime_values",
        "update mart set clv_12m_amount = -1 where _row_id = 1",
        {"expected_possible"},
    ),
    ("kpi_metrics", "update mart set direction = 'sideways' where _row_id = 1", {"direction_known"}),
    ("kpi_analyses", "update mart set mart = 'fct_orders' where _row_id = 1", {"mart_named"}),
    ("kpi_targets", "update mart set status = 'good' where _row_id = 1", {"status_known"}),
    ("kpi_targets", "update mart set actual_value = null where _row_id = 1", {"status_fits"}),
    ("kpi_targets", "update mart set metric_id = 'dealer_days_of_supply' where _row_id = 3", {"status_fits"}),
    ("kpi_targets", "update mart set status = 'behind' where _row_id = 3", {"status_fits"}),
    ("kpi_targets", "update mart set projected_status = 'odd' where _row_id = 1", {"projected_status_known"}),
    ("kpi_targets", "update mart set is_smart = false where _row_id = 1", {"faults_named"}),
    ("kpi_goal_lints", "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1", {"key_unique"}),
    ("kpi_goal_lints", "update mart set severity = 'odd' where _row_id = 1", {"severity_known"}),
    ("kpi_goal_lints", "update mart set smart_letter = 'X' where _row_id = 1", {"letter_known"}),
    ("kpi_target_cascades", "update mart set scope_dimension = 'team' where _row_id = 1", {"key_unique"}),
    ("kpi_target_cascades", "update mart set combination = 'mean' where _row_id = 1", {"combination_known"}),
    ("kpi_target_cascades", "update mart set target_difference_value = 0 where _row_id = 1", {"difference_fits"}),
    ("kpi_target_iterations", "update mart set target_id = 'g2' where _row_id = 1", {"key_unique"}),
    ("kpi_target_iterations", "update mart set iteration_status = 'odd' where _row_id = 1", {"status_known"}),
    ("kpi_target_iterations", "update mart set ends_on = '2026-08-04' where _row_id = 1", {"short_cycle"}),
    ("kpi_board", "update mart set target_status = 'odd' where _row_id = 1", {"status_known"}),
    ("kpi_board", "update mart set target_id = null where _row_id = 1", {"target_named"}),
    ("kpi_board", "update mart set denominator = 20 where _row_id = 3", {"target_named"}),
    ("kpi_board", "update mart set metric_id = 'dealer_days_of_supply' where _row_id = 3", {"target_named"}),
    ("kpi_movers", "update mart set dimension_value = 'west' where _row_id = 1", {"key_unique"}),
    ("kpi_movers", "update mart set change_type = 'odd' where _row_id = 1", {"change_type_known"}),
    ("kpi_movers", "update mart set change_value = 3 where _row_id = 1", {"change_fits"}),
    ("kpi_movers", "update mart set comparable_change_value = 0 where _row_id = 1", {"verdict_fits"}),
    ("kpi_funnel", "update mart set step_order = 2 where _row_id = 1", {"key_unique"}),
    ("kpi_funnel", "update mart set open_count = 3 where _row_id = 1", {"outcomes_sum_to_entered"}),
    *(
        (mart, "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1", {"key_unique"})
        for mart in (
            *("kpi_sales_periods", "kpi_product_traits", "kpi_sales_cells", "kpi_return_rates"),
            *("kpi_segment_contributions", "kpi_sales_concentration", "kpi_white_space"),
        )
    ),
    ("kpi_sales_periods", "update mart set period_grain = 'year' where _row_id = 1", {"grain_known"}),
    ("kpi_sales_periods", "update mart set robust_z = 1 where _row_id = 2", {"running_compared_with_nothing"}),
    (
        "kpi_product_ranks",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique", "one_list"},
    ),
    ("kpi_product_ranks", "update mart set list_type = 'odd' where _row_id = 1", {"list_known"}),
    ("kpi_product_ranks", "update mart set product_key = 'a1'", {"one_list"}),
    ("kpi_product_ranks", "update mart set list_rank = 4 where _row_id = 1", {"three_a_list"}),
    ("kpi_product_traits", "update mart set group_trait_count = 5 where _row_id = 1", {"counts_fit"}),
    ("kpi_product_traits", "update mart set is_shared = true where _row_id = 2", {"claimed_when_significant"}),
    ("kpi_sales_pivot", "update mart set is_all_reps = true where _row_id = 1", {"totals_named"}),
    ("kpi_sales_cells", "update mart set expected_amount = null where _row_id = 1", {"tested_whole"}),
    ("kpi_sales_cells", "update mart set q_value = 0.5 where _row_id = 1", {"odd_when_significant"}),
    ("kpi_return_rates", "update mart set period_grain = 'year' where _row_id = 1", {"grain_known"}),
    ("kpi_return_rates", "update mart set returned_line_count = 101 where _row_id = 1", {"returned_of_sold"}),
    ("kpi_return_rates", "update mart set returned_order_count = 10 where _row_id = 1", {"returned_of_sold"}),
    ("kpi_return_rates", "update mart set is_spike = true where _row_id = 2", {"spike_above_baseline"}),
    ("kpi_segment_contributions", "update mart set group_type = 'odd' where _row_id = 1", {"type_known"}),
    ("kpi_segment_contributions", "update mart set customer_count = 101 where _row_id = 1", {"part_of_all"}),
    (
        "kpi_segment_contributions",
        "update mart set is_over_contributing = true where _row_id = 2",
        {"over_when_significant"},
    ),
    ("kpi_sales_concentration", "update mart set scope_type = 'odd' where _row_id = 1", {"scope_known"}),
    ("kpi_sales_concentration", "update mart set cr3_rate = 0.3 where _row_id = 1", {"shares_rise"}),
    ("kpi_sales_concentration", "update mart set known_amount = 101, hhi = 2400 where _row_id = 1", {"shares_rise"}),
    ("kpi_sales_concentration", "update mart set hhi = 400 where _row_id = 1", {"hhi_within_bounds"}),
    (
        "kpi_white_space",
        "update mart set penetration_status = 'odd', missing_buyer_count = 0 where _row_id = 1",
        {"status_known"},
    ),
    ("kpi_white_space", "update mart set buyer_count = 51 where _row_id = 1", {"buyers_of_base"}),
    ("kpi_white_space", "update mart set missing_buyer_count = 1 where _row_id = 2", {"opportunity_has_base"}),
    ("kpi_white_space", "update mart set other_addressable_count = 0 where _row_id = 1", {"expected_beside_others"}),
    ("kpi_repurchase", "update mart set price_band = 'low' where _row_id = 1", {"key_unique"}),
    ("kpi_repurchase", "update mart set change_status = 'odd' where _row_id = 2", {"status_known"}),
    ("kpi_repurchase", "update mart set repurchase_customer_count = 11 where _row_id = 1", {"counts_fit"}),
    ("kpi_repurchase", "update mart set advice_id = null where _row_id = 1", {"advice_fits"}),
    ("kpi_repurchase_cycles", "update mart set product_line = 'tea' where _row_id = 1", {"key_unique"}),
    ("kpi_repurchase_cycles", "update mart set change_status = 'good' where _row_id = 1", {"status_known"}),
    ("kpi_repurchase_cycles", "update mart set ended_count = 6 where _row_id = 1", {"counts_fit"}),
    ("kpi_region_productivity", "update mart set region_key = 'west' where _row_id = 1", {"key_unique"}),
    ("kpi_region_productivity", "update mart set period_grain = 'week' where _row_id = 1", {"grain_known"}),
    ("kpi_region_productivity", "update mart set won_count = 3 where _row_id = 1", {"counts_fit"}),
    ("kpi_region_productivity", "update mart set won_with_amount_count = 2 where _row_id = 1", {"counts_fit"}),
    ("kpi_region_gaps", "update mart set peer_key = 'peers' where _row_id = 1", {"key_unique"}),
    ("kpi_region_gaps", "update mart set verdict = 'odd' where _row_id = 1", {"verdict_known"}),
    ("kpi_region_gaps", "update mart set won_with_amount_count = 5 where _row_id = 1", {"amounts_of_won"}),
    ("kpi_region_gaps", "update mart set peer_won_with_amount_count = 10 where _row_id = 1", {"amounts_of_won"}),
    ("kpi_region_gaps", "update mart set deals_gap_amount = -6 where _row_id = 1", {"parts_make_gap"}),
    (
        "kpi_head_allocation",
        "update mart set region_key = 'west' where _row_id = 1",
        {"expect_column_values_to_be_unique.region_key"},
    ),
    ("kpi_head_allocation", "update mart set proposed_head_count = 0 where _row_id = 2", {"whole_heads"}),
    (
        "kpi_head_allocation",
        "update mart set change_count = 2, proposed_head_count = 5 where _row_id = 1",
        {"heads_conserved"},
    ),
    (
        "kpi_weekday_profile",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique"},
    ),
    (
        "kpi_team_responses",
        "update mart set team = 't2' where _row_id = 1",
        {"expect_column_values_to_be_unique.team"},
    ),
    ("kpi_team_responses", "update mart set response_status = 'bad' where _row_id = 1", {"status_known"}),
    ("kpi_team_responses", "update mart set answered_count = 6 where _row_id = 1", {"counts_fit"}),
    ("kpi_weekday_profile", "update mart set day_type = 'odd' where _row_id = 1", {"day_type_known"}),
    ("kpi_weekday_profile", "update mart set converted_count = 9 where _row_id = 1", {"counts_fit"}),
    (
        "kpi_deal_interactions",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique"},
    ),
    ("kpi_deal_interactions", "update mart set interaction_status = 'odd' where _row_id = 1", {"status_known"}),
    ("kpi_deal_interactions", "update mart set won_count = 3 where _row_id = 1", {"counts_fit"}),
    ("kpi_deal_reversals", "update mart set other_key = 'r3' where _row_id = 1", {"key_unique"}),
    ("kpi_deal_reversals", "update mart set other_key = 'r0' where _row_id = 1", {"pair_once"}),
    ("kpi_deal_reversals", "update mart set segment_count = 1 where _row_id = 1", {"segments_fit"}),
    ("kpi_deal_reversals", "update mart set difference_points = 5 where _row_id = 1", {"reversal_fits"}),
    ("kpi_funnel", "update mart set in_order_count = 11 where _row_id = 1", {"in_order_within_entered"}),
    ("kpi_funnel_steps", "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1", {"key_unique"}),
    ("kpi_funnel_steps", "update mart set step_level = 'odd' where _row_id = 1", {"level_known"}),
    ("kpi_funnel_steps", "update mart set regressed_count = 0 where _row_id = 1", {"outcomes_sum_to_stays"}),
    ("kpi_funnel_steps", "update mart set converted_count = 11 where _row_id = 1", {"converted_within_entered"}),
    ("kpi_funnel_steps", "update mart set is_odd = true where _row_id = 2", {"odd_only_when_judged"}),
    ("alert_causes", "update mart set cause_number = 1 where _row_id = 2", {"key_unique", "residual_is_zero"}),
    ("alert_causes", "update mart set mix_effect_value = 11 where _row_id = 1", {"effects_make_the_contribution"}),
    ("alert_events", "update mart set event_number = 1 where _row_id = 2", {"key_unique"}),
    ("alert_events", "update mart set event_key = 'm1' where _row_id = 2", {"event_once"}),
    ("alert_events", "update mart set placebo_score = 1.1 where _row_id = 1", {"score_is_a_share"}),
    ("alert_events", "update mart set now_value = null where _row_id = 2", {"fact_says_both_sides"}),
    ("alert_playbooks", "update mart set playbook_number = 1 where _row_id = 2", {"key_unique"}),
    ("alert_playbooks", "update mart set playbook_id = 'p1' where _row_id = 2", {"playbook_once"}),
    ("alert_playbooks", "update mart set is_of_rule = false where _row_id = 2", {"offered_for_a_reason"}),
    ("alert_playbooks", "update mart set effect_value = 0.4 where _row_id = 1", {"interval_holds_effect"}),
    ("fct_actions", "update mart set action_status = 'late' where _row_id = 2", {"status_known"}),
    ("fct_actions", "update mart set closed_date = null where _row_id = 1", {"status_known"}),
    ("fct_actions", "update mart set closed_date = '2025-12-31' where _row_id = 1", {"closed_after_accepted"}),
    ("fct_actions", "update mart set lower_value = 0.2 where _row_id = 1", {"interval_holds_effect"}),
    (
        "fct_actions",
        "update mart set outcome_status = 'not_measurable', effect_value = null where _row_id = 1",
        {"unmeasured_has_its_reason"},
    ),
    ("fct_actions", "update mart set outcome_reason_zh = 'x' where _row_id = 2", {"unmeasured_has_its_reason"}),
    (
        "kpi_alert_trials",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique"},
    ),
    ("kpi_alert_trials", "update mart set alert_count = 3 where _row_id = 1", {"counts_fit"}),
    ("kpi_alert_trials", "update mart set not_judged_reason_en = null where _row_id = 2", {"judged_or_said_why"}),
    (
        "kpi_alert_judgements",
        "insert into mart from (select 3, 'fall', 'east', 'small', 'terms')",
        {"key_unique"},
    ),
    ("kpi_alert_judgements", "update mart set verdict = 'odd' where _row_id = 1", {"verdict_known"}),
    ("kpi_alert_judgements", "update mart set rule_terms = '' where _row_id = 1", {"terms_said"}),
    ("alert_metrics", "update mart set said_date = null where _row_id = 1", {"late_says_since_when"}),
    ("alert_metrics", "update mart set is_late = false where _row_id = 1", {"late_says_since_when"}),
    ("alert_metrics", "update mart set judged_value = 100 where _row_id = 1", {"is_a_breach"}),
    ("alert_metrics", "update mart set value = 0.7, judged_value = 0.7 where _row_id = 2", {"is_a_breach"}),
    ("alert_metrics", "update mart set value = 9, judged_value = 9 where _row_id = 3", {"is_a_breach"}),
    ("alert_metrics", "update mart set judged_value = 40 where _row_id = 1", {"judged_by_what_may_come"}),
    ("alert_metrics", "update mart set completeness_rate = 1 where _row_id = 1", {"judged_by_what_may_come"}),
    ("alert_metrics", "update mart set opened_start_date = date '2026-01-12' where _row_id = 4", {"opened_before"}),
    (
        "trust_source_freshness",
        "update mart set source = 'crm' where _row_id = 1",
        {"expect_column_values_to_be_unique.source"},
    ),
    ("trust_source_freshness", "update mart set freshness_status = 'old' where _row_id = 1", {"status_known"}),
    ("trust_source_freshness", "update mart set age_hours = -1 where _row_id = 1", {"age_not_negative"}),
    ("trust_row_accounting", "update mart set entity = 'order_lines' where _row_id = 1", {"key_unique"}),
    ("trust_row_accounting", "update mart set unexplained_count = -1 where _row_id = 1", {"nothing_unexplained"}),
    ("trust_row_accounting", "update mart set merged_count = -1 where _row_id = 1", {"nothing_that_no_load_gave"}),
    ("trust_unknown_references", "update mart set entity = 'visits' where _row_id = 1", {"key_unique"}),
    ("trust_unknown_references", "update mart set row_count = 0 where _row_id = 1", {"count_positive"}),
    ("trust_unmatched_returns", "update mart set reason = 'more_than_sold' where _row_id = 1", {"key_unique"}),
    ("trust_unmatched_returns", "update mart set reason = 'odd' where _row_id = 1", {"reason_known"}),
    ("trust_unmatched_returns", "update mart set unit_count = 0 where _row_id = 1", {"count_positive"}),
    ("trust_schema_drift", "update mart set drift_type = 'odd' where _row_id = 1", {"drift_type_known"}),
    ("trust_schema_drift", "update mart set file_count = 0 where _row_id = 1", {"count_positive"}),
    ("trust_refused_files", "update mart set refusal_status = 'odd' where _row_id = 1", {"refusal_status_known"}),
    ("trust_refused_files", "update mart set version_count = 0 where _row_id = 1", {"count_positive"}),
    ("dim_customer_records", "update mart set customer_record_key = 'shop:1' where _row_id = 1", {"key_unique"}),
    ("dim_customer_records", "update mart set match_rule = 'odd' where _row_id = 1", {"rule_known"}),
    ("dim_customer_records", "update mart set probability_rate = 2 where _row_id = 1", {"probability_is_one"}),
    ("dim_contact_values", "update mart set attribute = 'contact_role' where _row_id = 1", {"key_unique"}),
    ("dim_contact_values", "update mart set agreeing_record_count = 3 where _row_id = 1", {"counts_fit"}),
    ("dim_customer_values", "update mart set attribute = 'city' where _row_id = 1", {"key_unique"}),
    ("dim_customer_values", "update mart set agreeing_record_count = 3 where _row_id = 1", {"counts_fit"}),
    ("trust_identity_changes", "update mart set old_key = 'C2' where _row_id = 1", {"it_changed"}),
    ("dim_contact_records", "update mart set contact_record_key = 'shop:1' where _row_id = 1", {"key_unique"}),
    ("dim_contact_records", "update mart set match_rule = 'odd' where _row_id = 1", {"rule_known"}),
    (
        "trust_identity_review",
        "update mart set right_customer_record_key = 'shop:2' where _row_id = 1",
        {"key_unique"},
    ),
    ("fct_incidents", "update mart set incident_key = 'fall|west' where _row_id = 1", {"key_unique"}),
    ("fct_incidents", "update mart set incident_status = 'odd' where _row_id = 1", {"status_known"}),
    ("fct_incidents", "update mart set is_closed = true where _row_id = 1", {"closed_by_status"}),
    ("fct_incidents", "update mart set first_period_start_date = '2026-06-09' where _row_id = 1", {"periods_in_order"}),
    ("fct_incidents", "update mart set standing_count = 2 where _row_id = 1", {"standing_within_subjects"}),
    ("fct_incidents", "update mart set incident_status = 'snoozed' where _row_id = 1", {"snoozed_until_a_day"}),
    ("fct_incident_events", "update mart set event_key = 'D1' where _row_id = 1", {"key_unique"}),
    (
        "fct_incident_events",
        "insert into mart select 3, 'x', incident_key, 2, 'woken', false, null, null from mart where _row_id = 1",
        {"number_unique"},
    ),
    ("fct_incident_events", "update mart set event_type = 'odd' where _row_id = 2", {"type_known"}),
    ("fct_incident_events", "update mart set event_type = 'woken' where _row_id = 1", {"opened_first"}),
    ("fct_incident_events", "update mart set decided_by = null where _row_id = 2", {"decided_by_somebody"}),
    ("fct_incident_events", "update mart set changed_by = 'odd' where _row_id = 1", {"change_known"}),
    ("trust_identity_decisions", "update mart set record_key = 'crm:2' where _row_id = 1", {"key_unique"}),
    ("trust_identity_decisions", "update mart set decision_type = 'odd' where _row_id = 1", {"type_known"}),
    ("trust_identity_review", "update mart set probability_rate = -1 where _row_id = 1", {"probability_is_one"}),
    (
        "dim_customer_tiers",
        "update mart set valid_from_date = '2026-02-01', valid_to_date = '2026-02-01' where _row_id = 1",
        {"key_unique"},
    ),
    ("dim_customer_tiers", "update mart set valid_to_date = '2025-12-31' where _row_id = 1", {"days_in_order"}),
    (
        "dim_customer_tiers",
        "update mart set is_current = true, valid_to_date = null where _row_id = 1",
        {"one_current_tier"},
    ),
    ("dim_deal_stages", "update mart set stage = 'offer' where _row_id = 1", {"key_unique"}),
    ("dim_deal_stages", "update mart set stage_order = null where _row_id = 1", {"place_or_outcome"}),
    ("dim_deal_stages", "update mart set stage_order = 3 where _row_id = 3", {"place_or_outcome"}),
    ("dim_segments", "update mart set segment_type = 'odd' where _row_id = 1", {"segment_or_tag"}),
    ("fct_segment_members", "update mart set valid_from_date = '2026-01-01' where _row_id = 2", {"key_unique"}),
    ("fct_segment_members", "update mart set valid_to_date = '2026-03-31' where _row_id = 2", {"days_in_order"}),
    (
        "fct_customer_needs",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique"},
    ),
    ("fct_customer_needs", "update mart set quoted_text = null where _row_id = 1", {"text_quoted"}),
    ("fct_enquiries", "update mart set event_key = 'web:2' where _row_id = 1", {"key_unique"}),
    ("fct_enquiries", "update mart set capture_status = 'odd' where _row_id = 1", {"status_known"}),
    ("trust_capture", "update mart set month_start_date = '2026-05-01' where _row_id = 1", {"key_unique"}),
    ("trust_capture", "update mart set captured_count = 11 where _row_id = 1", {"captured_within_events"}),
    ("trust_deadlines", "update mart set deadline_status = 'odd' where _row_id = 1", {"deadline_status_known"}),
    ("trust_deadlines", "update mart set date_day = '2026-06-27' where _row_id = 1", {"key_unique"}),
    ("alert_deadline_missed", "update mart set incident_key = 'deadline|a|2' where _row_id = 1", {"key_unique"}),
    (
        "kpi_restatements",
        "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1",
        {"key_unique"},
    ),
    ("kpi_restatements", "update mart set difference_value = 10 where _row_id = 1", {"difference_adds_up"}),
    ("kpi_restatements", "update mart set restated_at = '2026-01-31' where _row_id = 1", {"restated_after"}),
    ("trust_purges", "insert into mart select 9, * exclude (_row_id) from mart where _row_id = 1", {"key_unique"}),
    ("trust_purges", "update mart set text_count = 0 where _row_id = 1", {"count_positive"}),
    ("trust_repairs", "update mart set repair_type = 'odd' where _row_id = 1", {"repair_type_known"}),
    ("trust_repairs", "update mart set row_count = 0 where _row_id = 1", {"count_positive"}),
    ("trust_dirty_rate", "update mart set dirty_rate = 1.1 where _row_id = 1", {"rate_is_a_share"}),
    ("trust_dirty_rate", "update mart set dirty_count = 101 where _row_id = 1", {"dirty_within_judged"}),
    ("trust_dirty_rate", "update mart set quarantined_count = 33 where _row_id = 1", {"dirty_covers_quarantine"}),
    ("trust_quarantine_reasons", "update mart set row_count = 0 where _row_id = 1", {"count_positive"}),
]

MARTS = sorted(GOOD)
NOT_NULL = "expect_column_values_to_not_be_null"


def _statements(mart: str, change: str) -> str:
    source = GOOD[mart] if GOOD[mart].startswith("select") else f"from ({GOOD[mart].replace(' t(', ') t(', 1)}"
    return f"""
        create table mart as select row_number() over () as _row_id, * from ({source});
        {change};
        create schema marts;
        create table marts.{ident(mart)} as from mart;
    """


def _failed(mart: str, change: str, expectations: Path, database: Callable[[str], Path]) -> set[str]:
    suite = load_suite(expectations, f"marts/{mart}", PARAMETERS)
    file = database(_statements(mart, change))
    validation = validate(file, mart, suite, schema="marts")
    for result in validation.results:
        if result.failing_rows_sql:
            assert len(row_ids(file, result.failing_rows_sql)) == result.unexpected_count, result.rule
    return {result.rule for result in validation.results if not result.success}


@pytest.mark.parametrize("mart", MARTS)
def test_a_good_mart_passes_whole(mart: str, expectations: Path, database: Callable[[str], Path]) -> None:
    assert _failed(mart, "", expectations, database) == set()


@pytest.mark.parametrize(("mart", "change", "rules"), BAD, ids=[f"{mart}: {change}" for mart, change, _ in BAD])
def test_a_bad_mart_is_refused(
    mart: str, change: str, rules: set[str], expectations: Path, database: Callable[[str], Path]
) -> None:
    assert _failed(mart, change, expectations, database) == rules


@pytest.mark.parametrize("mart", MARTS)
def test_a_missing_value_is_refused_wherever_one_is_required(
    mart: str, expectations: Path, database: Callable[[str], Path]
) -> None:
    required = [
        rule.column for rule in load_suite(expectations, f"marts/{mart}", PARAMETERS).rules if rule.type == NOT_NULL
    ]
    assert required
    blank = ", ".join(f"{ident(str(column))} = null" for column in required)
    failed = _failed(mart, f"update mart set {blank} where _row_id = 1", expectations, database)
    assert {f"{NOT_NULL}.{column}" for column in required} <= failed


def test_no_rule_is_left_without_a_mart_that_it_refuses(expectations: Path) -> None:
    for mart in MARTS:
        rules = {
            rule.id for rule in load_suite(expectations, f"marts/{mart}", PARAMETERS).rules if rule.type != NOT_NULL
        }
        assert rules == set().union(*(expected for name, _, expected in BAD if name == mart)), mart


def test_every_suite_of_a_mart_is_tested(expectations: Path) -> None:
    assert sorted(file.stem for file in (expectations / "marts").glob("*.yml")) == MARTS


def test_every_published_mart_has_a_suite_that_names_its_columns(expectations: Path) -> None:
    models: dict[str, set[str]] = {}
    for file in sorted((expectations.parent / "dbt_project" / "models" / "marts").glob("*.yml")):
        for model in YAML(typ="safe").load(file.read_text(encoding="utf-8")).get("models", []):
            models[model["name"]] = {column["name"] for column in model["columns"]}
    assert sorted(models) == MARTS
    for mart, columns in models.items():
        for rule in load_suite(expectations, f"marts/{mart}", PARAMETERS).rules:
            assert set(rule.columns) <= columns, f"{mart}: {rule.id}"
