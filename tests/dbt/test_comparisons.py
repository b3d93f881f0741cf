"""What is compared with what: golden values worked by hand over a small company. Business date: 2026-06-28."""

from __future__ import annotations

import math
from decimal import Decimal

import accepted_files as files
import demo_world
import duckdb
import pytest
from demo_world import END, LOAD, SOURCE

from sales_warehouse.home import Home

pytestmark = pytest.mark.slow

LATER = "20260301T100000_000000"  # the night of 28 February, 2 a.m. of 1 March in Shanghai
MARTS = (
    "kpi_repurchase", "kpi_repurchase_cycles", "kpi_region_productivity", "kpi_region_gaps", "kpi_head_allocation",
    "kpi_weekday_profile",
    "kpi_deal_interactions", "kpi_deal_reversals", "fct_rep_months",
)  # fmt: skip
# The year is 2025-06-29 to 2026-06-28. North has 365 + 182.5 + 91 + 91.5 = 730 full-time days, as South has.
REPS = """(values
    ('S1', 'south', 'field', 1.0, null, null, 'M1'), ('S2', 'south', 'field', 1.0, null, null, 'M1'),
    ('N1', 'north', 'field', 1.0, null, null, 'M1'), ('N2', 'north', 'field', 0.5, null, null, 'M1'),
    ('N3', 'north', 'field', 1.0, date '2026-06-28' - 90, null, 'M1'),
    ('N4', 'north', 'field', 0.5, null, date '2025-06-29' + 182, 'M1'),
    ('M1', 'north', 'field', 1.0, null, null, null), ('O1', 'south', '在线客服组', 1.0, null, null, null),
    ('B1', 'base', 'field', 1.0, null, null, null), ('F1', 'full', 'field', 1.0, null, null, null),
    ('C1', 'weak', 'field', 1.0, null, null, null), ('X1', 'mixed', 'field', 1.0, null, null, null),
    ('A', 'clinic', 'field', 1.0, null, null, null), ('B', 'clinic', 'field', 1.0, null, null, null),
    ('V1', 'old', 'field', 1.0, null, null, null)
    ) t(rep, region, team, fte, hired, left_on, manager)"""
# Charig et al. 1986, times four: A is better with small and with large stones, and worse over all.
STONES = [("A", "small", 81, 87), ("A", "large", 192, 263), ("B", "small", 234, 270), ("B", "large", 55, 80)]
# rep → deals closed, won, amount of a won deal
CLOSED = {"B1": (2000, 1000, 100), "F1": (1560, 780, 100), "C1": (2000, 780, 100), "X1": (1800, 810, 90)}
# Who bought milk of which band on how many days, last year and this one: of 1000 customers 600, then 510 came back.
BOUGHT = [("high", 600, 510), ("medium", 600, 600), ("low", 600, 590)]
TIMES = 4


def deals() -> str:
    rows = [
        f"select '{rep}-' || n as deal, 'E-{region}' as customer, '{rep}' as rep, n < {won} as is_won, "
        f"{amount} as amount from range({closed}) t(n)"
        for (rep, (closed, won, amount)), region in zip(CLOSED.items(), ("base", "full", "weak", "mixed"), strict=True)
    ]
    rows += [
        f"select '{rep}-{size}-' || n, 'Z-{size}', '{rep}', n < {won * TIMES}, 500 from range({closed * TIMES}) t(n)"
        for rep, size, won, closed in STONES
    ]
    return f"({' union all '.join(rows)})"


def orders() -> str:
    """Order → customer, region, day, status, product, amount."""
    rows = [
        f"""select '{band}-{year}-' || n || '-' || k as order_id, '{band}-' || n as customer, 'milk' as region,
            date '{END}' - {days} - 5 * k::int as day, 'paid' as status, 'milk-{band}' as product, 1 as amount
            from range(1000) t(n), range(2) u(k) where k = 0 or n < {counts}"""
        for band, last, this in BOUGHT
        for year, days, counts in (("this", 10, this), ("last", 375, last))
    ]
    rows.append(f"""select 'e' || row_number() over (), customer, 'milk', date '{END}' - back, status, 'tea', 1 from
        (values
        ('c1', 0, 'paid'), ('c1', 364, 'paid'), ('c2', 0, 'paid'), ('c2', 365, 'paid'), ('c3', 9, 'paid'),
        ('c3', 9, 'paid'), ('c4', 9, 'paid'), ('c4', 20, 'placed'), ('c5', 9, 'paid'), ('c5', 20, 'cancelled'),
        ('c6', 9, 'paid'), ('c6', 20, 'delivered'), ('c7', 9, 'placed')) t(customer, back, status)""")
    # the first day of all is two years back, so that both years are whole
    rows.append(f"select 'first', 'c0', 'milk', date '{END}' - 729, 'paid', 'tea', 1")
    rows.append(f"select 'n', 'E-north', 'north', date '{END}' - 364, 'paid', 'machine', 780000")
    rows.append(f"select 's', 'E-south', 'south', date '{END}', 'paid', 'machine', 1000000")
    rows.append(f"select 'before', 'E-south', 'south', date '{END}' - 365, 'paid', 'machine', 99")
    return f"({' union all '.join(rows)})"


# Ten enquiries on a workday, of which five become deals; thirty on a day off, of which nine do. The Saturday of
# 27 September is worked, the Monday of 1 June is a holiday.
CALENDAR = f"""(
    select day::date as day, day::date = date '2026-06-01' as is_holiday,
        (isodow(day) < 6 or day::date = date '2025-09-27') and day::date <> date '2026-06-01' as is_workday
    from generate_series(timestamp '2024-01-01', timestamp '{END.year}-12-31', interval 1 day) t(day))"""
LEADS = f"""(
    select 'L' || strftime(day, '%Y%m%d') || '-' || n as lead, day, n < case when is_workday then 5 else 9 end as
    converts
    from {CALENDAR}, range(30) t(n)
    where day between date '{END}' - 364 and date '{END}' and (not is_workday or n < 10))"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    home = Home(tmp_path_factory.mktemp("comparisons"), "compared")
    files.write_empty_company(home)
    demo_world.write_rules(home)
    with duckdb.connect() as connection:
        _write(connection, home)
    demo_world.run_models(home, *MARTS)
    return duckdb.connect(str(home.warehouse / "working.duckdb"), read_only=True)


def _write(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    def write(entity: str, columns: dict[str, str], rows: str, load: str = LOAD) -> None:
        demo_world.write_accepted(connection, home, load, entity, columns, rows)

    rep = {"rep_id": "rep", "name": "rep", "team": "team", "region": "region", "fte": "fte", "hired_date": "hired",
           "left_date": "left_on", "manager_rep_id": "'crm:' || manager"}  # fmt: skip
    write("sales_reps", rep, REPS, "20260101T100000_000000")
    moved = {**rep, "region": "'new'", "fte": "0.5"}
    write("sales_reps", moved, f"{REPS} where rep = 'V1'", LATER)
    files.write_ledger(home, "loads", [
        {"source": SOURCE, "load_id": "20260101T100000_000000", "extracted_at": "2026-01-01 10:00:00"},
        {"source": SOURCE, "load_id": LATER, "extracted_at": "2026-03-01 10:00:00"},
    ])  # fmt: skip
    write(
        "products",
        {"product_id": "p", "product_line": "line", "category": "category", "price_band": "band"},
        """(values
        ('milk-high', 'food', 'milk', 'high'), ('milk-medium', 'food', 'milk', 'medium'), ('milk-low', 'food', 'milk',
        'low'),
        ('tea', 'food', 'tea', 'low'), ('machine', 'machines', 'machine', 'high')) t(p, line, category, band)""",
    )
    write("orders", {"order_id": "order_id", "customer_id": "'crm:' || customer", "region": "region",
                     "status": "status", "ordered_at": "day + interval 2 hour"}, orders())  # fmt: skip
    write("order_lines", {"order_id": "order_id", "line_number": "1", "product_id": "'crm:' || product",
                          "quantity": "1", "unit_price_amount": "amount"}, orders())  # fmt: skip
    write(
        "opportunities",
        {
            "opportunity_id": "deal",
            "customer_id": "'crm:' || customer",
            "owner_rep_id": "'crm:' || rep",
            "lead_id": "lead",
            "product_line": "'machines'",
            "amount": "amount",
            "created_at": "created",
            "closed_at": "closed",
            "status": "status",
        },
        f"""(select deal, customer, rep, null as lead, amount, timestamp '2026-02-01' as created,
            timestamp '2026-03-01' as closed, case when is_won then 'won' else 'lost' end as status from {deals()}
        union all
        select lead, null, null, 'crm:' || lead, 1, day + interval 12 day, null, 'open' from {LEADS} where converts)""",
    )
    write(
        "leads",
        {"lead_id": "lead", "created_at": "day + interval 1 hour", "channel": "'web'", "status": "'new'"},
        LEADS,
    )
    customers = f"""(select distinct customer, customer[3:] as place from {orders()}
        union select 'Z-' || size, size from (values ('small'), ('large')) t(size)
        union select 'E-' || place, place from (values ('base'), ('full'), ('weak'), ('mixed')) t(place))"""
    write(
        "customers",
        {
            "customer_id": "customer",
            "name": "customer",
            "industry": "place",
            "region": "case when customer like 'E-%' then place when customer like 'Z-%' then 'clinic' else 'milk' end",
        },
        customers,
    )
    keys = connection.execute(f"select customer from {customers}").fetchall()
    files.write_customer_identities(home, {(SOURCE, key): (key, 1) for (key,) in keys})
    names = ("date_day", "is_workday", "is_holiday")
    days = connection.execute(f"select day, is_workday, is_holiday from {CALENDAR}").fetchall()
    files.write_settings(home, "calendar", [dict(zip(names, day, strict=True)) for day in days])


def ask(marts: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return marts.sql(sql).fetchall()


def test_of_a_thousand_customers_510_come_back_where_600_did_and_only_that_band_is_flagged(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    found = ask(marts, """select price_band, repurchase_customer_count, customer_count,
        previous_repurchase_customer_count,
        previous_customer_count, change_rate, change_points, change_status, advice_id from marts.kpi_repurchase
        where month_start_date = '2026-06-01' and category = 'milk' order by price_band""")  # fmt: skip
    assert found == [
        ("high", 510, 1000, 600, 1000, Decimal("-0.15"), Decimal("-9"), "fell", "member_benefits"),
        ("low", 590, 1000, 600, 1000, Decimal("-0.01666667"), Decimal("-1"), "steady", None),
        ("medium", 600, 1000, 600, 1000, 0, 0, "steady", None),
    ]
    (advice,) = ask(marts, "select distinct advice_en, advice_zh from marts.kpi_repurchase where is_flagged")
    assert "Member benefits" in advice[0] and "not a price cut" in advice[0] and "会员权益" in advice[1]


def test_p_and_q_are_those_of_the_textbook(marts: duckdb.DuckDBPyConnection) -> None:
    """The pooled z test by math.erfc, and the step-up of Benjamini and Hochberg over the three bands."""
    found = dict(ask(marts, """select price_band, (p_value, q_value) from marts.kpi_repurchase
        where month_start_date = '2026-06-01' and category = 'milk'"""))  # fmt: skip

    def p_of(this: int, last: int) -> float:
        pooled = (this + last) / 2000
        return math.erfc(abs(this - last) / 1000 / math.sqrt(pooled * (1 - pooled) * 2 / 1000) / math.sqrt(2))

    by_hand = {band: p_of(this, last) for band, last, this in BOUGHT}
    q = {"high": 3 * by_hand["high"], "low": min(1.5 * by_hand["low"], 1), "medium": 1.0}
    for band, p in by_hand.items():
        assert tuple(map(float, found[band])) == (pytest.approx(p, abs=2e-7), pytest.approx(q[band], abs=1e-6))


def test_days_count_not_orders_and_only_paid_ones_within_365_days(marts: duckdb.DuckDBPyConnection) -> None:
    """c1 bought on the first and the last day, c6 on two days; c2 on the day before the first; c7 never paid."""
    (found,) = ask(marts, """select repurchase_customer_count, customer_count, previous_repurchase_customer_count,
        previous_customer_count, change_status from marts.kpi_repurchase
        where month_start_date = '2026-06-01' and category = 'tea'""")  # fmt: skip
    assert found == (2, 6, 0, 2, "too_few")


def test_a_year_that_the_records_do_not_cover_is_not_compared(marts: duckdb.DuckDBPyConnection) -> None:
    found = ask(marts, """select distinct month_start_date = '2026-06-01', change_status = 'no_year_before',
        previous_repurchase_rate is null from marts.kpi_repurchase where category = 'milk' order by all""")  # fmt: skip
    assert found == [(False, True, True), (True, False, False)]


def test_north_sells_22_percent_less_per_head_than_south(marts: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        marts,
        """select region_key, fte_days, average_fte, net_sales_per_head_amount, gap_to_best_rate
        from marts.kpi_region_productivity where period_grain = 'year' and region_key in ('north', 'south') order by
        1""",
    )
    assert found == [("north", 730, 2, 390000, Decimal("-0.22")), ("south", 730, 2, 500000, 0)]
    (pair,) = ask(
        marts, "select net_sales_gap_rate from marts.kpi_region_gaps where region_key = 'north' and peer_key = 'south'"
    )
    assert pair == (Decimal("-0.22"),)


def test_peers_are_all_others_together(marts: duckdb.DuckDBPyConnection) -> None:
    """Milk is sold where nobody is employed; the others have 780,000 in 730 + 6 × 365 + 244 + 60.5 days."""
    (found,) = ask(marts, """select peer_net_sales_per_head_amount from marts.kpi_region_productivity
        where period_grain = 'year' and region_key = 'south'""")  # fmt: skip
    assert float(found[0]) == pytest.approx(780000 * 365 / (730 + 6 * 365 + 244 + 121 * 0.5), abs=1e-4)


def test_a_seller_who_moved_counts_where_it_was_by_the_day(marts: duckdb.DuckDBPyConnection) -> None:
    """V1 was full-time in `old` up to 27 February and half-time in `new` since the 28th, the day of that load."""
    found = ask(
        marts,
        """select month_start_date::varchar, region_key, fte_days, day_count from marts.fct_rep_months
        where rep_key = 'crm:V1' and month_start_date in ('2026-01-01', '2026-02-01', '2026-06-01') order by 1, 2
        desc""",
    )
    assert found == [
        ("2026-01-01", "old", 31, 31), ("2026-02-01", "old", 27, 28), ("2026-02-01", "new", Decimal("0.5"), 28),
        ("2026-06-01", "new", 14, 28),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("region", "parts", "shares", "verdict", "advice"),
    [
        ("full", (-22000, 0, 0), (1, 0, 0), "saturation", "widen_market"),
        ("weak", (0, -22000, 0), (0, 1, 0), "capability", "coach_team"),
    ],
)
def test_two_regions_that_win_22_percent_less_get_two_verdicts(
    marts: duckdb.DuckDBPyConnection, region: str, parts: tuple, shares: tuple, verdict: str, advice: str
) -> None:
    (found,) = ask(marts, f"""select won_gap_rate, won_gap_amount, deals_gap_amount, win_rate_gap_amount,
        deal_size_gap_amount,
        deals_gap_share, win_rate_gap_share, deal_size_gap_share, verdict, advice_id, penetration_rate is not null
        from marts.kpi_region_gaps where region_key = '{region}' and peer_key = 'base'""")  # fmt: skip
    assert found == (Decimal("-0.22"), -22000, *parts, *shares, verdict, advice, True)


def test_the_parts_are_logarithmic_means_and_make_the_gap(marts: duckdb.DuckDBPyConnection) -> None:
    (found,) = ask(marts, """select won_gap_amount, deals_gap_amount, win_rate_gap_amount, deal_size_gap_amount
        from marts.kpi_region_gaps where region_key = 'mixed' and peer_key = 'base'""")  # fmt: skip
    own, peer = 81 * 900, 100 * 1000
    mean = (own - peer) / math.log(own / peer)
    by_hand = [mean * math.log(180 / 200), mean * math.log((81 / 180) / 0.5), mean * math.log(0.9)]
    assert [float(part) for part in found[1:]] == pytest.approx(by_hand, abs=2e-4)
    assert sum(found[1:]) == found[0] == -27100
    every = ask(marts, """select count(*), count(*) filter (deals_gap_amount + win_rate_gap_amount +
        deal_size_gap_amount = won_gap_amount
        and deals_gap_share + win_rate_gap_share + deal_size_gap_share = 1) from marts.kpi_region_gaps where verdict <>
        'too_few'
        and won_gap_amount <> 0""")  # fmt: skip
    assert every[0][0] == every[0][1] > 10


def test_days_off_bring_three_times_the_enquiries_and_convert_40_percent_less(marts: duckdb.DuckDBPyConnection) -> None:
    found = ask(
        marts,
        """select day_type, day_count, enquiries_per_day, enquiries_per_day_factor, conversion_rate,
        conversion_change_rate, is_flagged, advice_id from marts.kpi_weekday_profile where day_of_week = 0 order by 1
        desc""",
    )
    off = 105 - 1 + 1  # days of weekends, one of them worked, and a holiday on a Monday
    assert found == [
        ("workday", 365 - off, 10, 1, Decimal("0.5"), 0, False, None),
        ("day_off", off, 30, 3, Decimal("0.3"), Decimal("-0.4"), True, "off_hours_service"),
    ]


def test_a_worked_saturday_is_a_workday_and_a_holiday_monday_is_none(marts: duckdb.DuckDBPyConnection) -> None:
    found = ask(marts, """select day_type, day_of_week, day_count, enquiry_count from marts.kpi_weekday_profile
        where day_of_week in (1, 6) order by 1, 2""")  # fmt: skip
    assert found == [("day_off", 1, 1, 30), ("day_off", 6, 51, 1530), ("workday", 1, 51, 510), ("workday", 6, 1, 10)]


def test_only_enquiries_that_had_30_days_are_asked_whether_they_converted(marts: duckdb.DuckDBPyConnection) -> None:
    (found,) = ask(
        marts, "select sum(enquiry_count - matured_enquiry_count) from marts.kpi_weekday_profile where day_of_week = 0"
    )
    # 30 May to 28 June: ten days of weekends, a holiday, nineteen workdays
    assert found == (10 * 30 + 30 + 19 * 10,)


def test_simpsons_reversal_is_reported_as_one(marts: duckdb.DuckDBPyConnection) -> None:
    (found,) = ask(marts, """select win_rate, other_win_rate, counted_segment_count, better_segment_count, is_reversal,
        advice_id,
        adjusted_difference_points, adjusted_p_value from marts.kpi_deal_reversals
        where member_key = 'crm:A' and other_key = 'crm:B' and segment_type = 'industry'""")  # fmt: skip
    assert found[:6] == (Decimal("0.78"), Decimal("0.82571429"), 2, 2, True, "compare_within")
    strata = [[value * TIMES for value in (81, 87, 234, 270)], [value * TIMES for value in (192, 263, 55, 80)]]
    weights = [n1 * n0 / (n1 + n0) for _, n1, _, n0 in strata]
    difference = sum(w * (a / n1 - b / n0) for w, (a, n1, b, n0) in zip(weights, strata, strict=True)) / sum(weights)
    excess = sum(a - n1 * (a + b) / (n1 + n0) for a, n1, b, n0 in strata)
    variance = sum(n1 * n0 * (a + b) * (n1 + n0 - a - b) / ((n1 + n0) ** 2 * (n1 + n0 - 1)) for a, n1, b, n0 in strata)
    assert float(found[6]) == pytest.approx(100 * difference, abs=1e-3)
    assert float(found[7]) == pytest.approx(math.erfc(abs(excess) / math.sqrt(2 * variance)), abs=1e-6)


def test_where_nothing_is_reversed_none_is_reported(marts: duckdb.DuckDBPyConnection) -> None:
    assert ask(marts, "select member_key, other_key from marts.kpi_deal_reversals where is_reversal") == [
        ("crm:A", "crm:B")
    ]


def test_heads_are_whole_and_conserved(marts: duckdb.DuckDBPyConnection) -> None:
    (found,) = ask(marts, """select sum(change_count), bool_and(proposed_head_count >= least(head_count,
        minimum_head_count)),
        sum(head_count), sum(proposed_head_count) from marts.kpi_head_allocation""")  # fmt: skip
    assert found == (0, True, found[2], found[2])
