"""What the metrics of the two real companies are, computed from their files alone by the formulas of the registry.

Nothing here reads the warehouse or its models. A figure is (numerator, denominator, value) of a metric in a period for
a member of a dimension; only periods in which something happened have one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
from scipy import optimize, special, stats

Place = tuple[str, str, str, str, str]  # metric, grain, first day, dimension, member
Figure = tuple[float | None, float | None, float | None]
Figures = dict[Place, Figure]
Dimensions = dict[str, str]

NOT_GOODS = "('BANK CHARGES', 'AMAZONFEE', 'CRUK', 'B', 'S')"


def _start(grain: str, day: str, rows: str) -> str:
    if grain == "all":
        return f"(select min({day}) from {rows})"
    return f"cast(date_trunc('{grain}', {day}) as date)"


def _placed(metric: str, rows: str, day: str, grains: Iterable[str], dimensions: Dimensions, told: str) -> str:
    """A query of figures: `told` are numerator, denominator and value as aggregates of the rows of each period."""
    cuts = {"total": "'total'"} | dimensions
    parts = [
        f"select '{metric}', '{grain}', cast({_start(grain, day, rows)} as varchar), '{name}', {column}, {told} "
        f"from {rows} group by {column}" + ("" if grain == "all" else f", {_start(grain, day, rows)}")
        for grain in grains
        for name, column in cuts.items()
    ]
    return " union all ".join(parts)


def _database() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute("set enable_progress_bar = false")
    return db


def _read(db: duckdb.DuckDBPyConnection, query: str) -> Figures:
    return {
        tuple(row[:5]): tuple(None if number is None else float(number) for number in row[5:])
        for row in db.execute(query).fetchall()
    }  # type: ignore[misc]


def _waited(
    db: duckdb.DuckDBPyConnection, metric: str, rows: str, day: str, grains: Iterable[str], dimensions: Dimensions
) -> Figures:
    """Medians of `days` with those not `ended` still waiting: how many ended, of how many, the Kaplan-Meier median."""
    query = _placed(metric, rows, day, grains, dimensions, "list(days), list(ended)")
    return {
        tuple(row[:5]): (float(sum(row[6])), float(len(row[6])), _survival_median(row[5], row[6]))
        for row in db.execute(query).fetchall()
    }  # type: ignore[misc]


def _survival_median(days: list[int], ended: list[bool]) -> float | None:
    """Return the first day on which half or fewer are left, in whole numbers of rows (no logarithms, no rounding)."""
    left, at_risk = Fraction(1), len(days)
    ends: dict[int, list[int]] = {}
    for length, is_over in zip(days, ended, strict=True):
        ends.setdefault(length, [0, 0])[0 if is_over else 1] += 1
    for length in sorted(ends):
        over, waiting = ends[length]
        left *= Fraction(at_risk - over, at_risk)
        if left <= Fraction(1, 2):
            return float(length)
        at_risk -= over + waiting
    return None


# --- the retailer ----------------------------------------------------------------------------------------------


def retailer(folder: Path, business_date: str = "2011-12-09") -> Figures:
    """Return every figure that invoices and credit notes allow."""
    db = _database()
    db.execute(f"set variable today = date '{business_date}'")
    db.execute(f"create table files as select * from read_csv('{folder}/20*.csv', all_varchar = true, header = true)")
    for statement in _RETAILER.split(";"):
        db.execute(statement)
    place = {"region": "region", "channel": "'online_store'"}
    nobody = {"rep": "'unknown'", "team": "'unknown'", "product_line": "'unknown'"}
    split = "sum(amount), count(distinct {0}), sum(amount) / nullif(count(distinct {0}), 0)"
    figures = _read(db, _placed(
        "net_sales", "daily", "day", ("day", "week", "month", "quarter"), place | nobody | {"category": "category"},
        "sum(amount), null, sum(amount)",
    ))  # fmt: skip
    by_product = _read(db, _placed(
        "net_sales", "moved", "day", ("month", "quarter"), {"product": "coalesce(product, 'unknown')"},
        "sum(amount), null, sum(amount)",
    ))  # fmt: skip
    # what nothing was sold of is not there
    figures |= {place: figure for place, figure in by_product.items() if any(figure)}
    for metric, what in (("revenue_per_customer", "buyer"), ("revenue_per_order", "bought")):
        figures |= _read(db, _placed(metric, "moved", "day", ("month", "quarter"), place, split.format(what)))
    for name, column in {"total": "'total'", "category": "category", "price_band": "'unknown'"}.items():
        figures |= _read(db, _REPURCHASE.format(name=name, column=column))
    for name, column, kept in (
        ("total", "'total'", "true"), ("product_line", "'unknown'", "true"),
        ("product", "product", "(month, product) in (select (month, product) from sold where place <= 50)"),
    ):  # fmt: skip
        figures |= _read(db, _CONCENTRATION.format(name=name, column=column, kept=kept))
    figures |= _waited(db, "repurchase_cycle_days", "gaps", "day", ("month",), {"product_line": "'unknown'"})
    figures |= _waited(db, "first_order_cycle_days", "firsts", "day", ("month", "quarter"), {"region": "region"})
    figures |= _read(db, _placed(
        "dormant_rate", "asleep", "day", ("month",), {"region": "region"}, "sum(is_asleep), count(*), avg(is_asleep)"
    ))  # fmt: skip
    return figures | _lifetime_values(db, business_date) | _read_after(business_date, "till")


def _lifetime_values(db: duckdb.DuckDBPyConnection, business_date: str) -> Figures:
    """Mean discounted revenue of the next twelve months, by ways of computing that the warehouse does not take.

    BG/NBD is fitted in the form of Fader, Hardie and Lee (2005, "Implementing the BG/NBD model for customer base
    analysis in Excel") and its expectation integrated over the chance of leaving (Gauss-Jacobi) instead of summed as a
    series; Gamma-Gamma is fitted as the beta prime distribution that a mean over a gamma rate has.
    """
    told = db.execute(_PURCHASES).fetchnumpy()
    repeats, last, seen, mean = (np.asarray(told[name], float) for name in ("repeats", "last", "seen", "mean"))
    r, alpha, a, b = _minimum(lambda logs: _unlikely(np.exp(logs), repeats, last, seen), [0.0, 1.0, 0.0, 1.0])
    again, fits = repeats > 0, (repeats > 0) & (mean > 0)
    p, q, gamma = _minimum(
        lambda logs: -np.mean(_log_mean(*np.exp(logs), repeats[fits], mean[fits])),
        [0.0, 1.0, np.log(mean[fits].mean())],
    )
    alive = 1 / (1 + again * a / (b + np.maximum(repeats, 1) - 1) * ((alpha + seen) / (alpha + last)) ** (r + repeats))
    counts, which = np.unique(repeats, return_inverse=True)
    rules = np.array([special.roots_sh_jacobi(60, a + b + count - 1, a) for count in counts])
    leaving, weight = rules[which, 0], (rules[:, 1] / rules[:, 1].sum(axis=1, keepdims=True))[which]
    months = [(month * 365 / 84 / (alpha + seen))[:, None] for month in range(13)]
    shrink = -(r + repeats)[:, None]
    by_month = [alive * np.sum(weight * (1 - (1 + leaving * ahead) ** shrink) / leaving, axis=1) for ahead in months]
    orders = sum(np.diff(by_month, axis=0)[month - 1] / 1.1 ** (month / 12) for month in range(1, 13))
    told_about = np.where(mean > 0, repeats, 0)
    values = orders * p * (gamma + told_about * np.maximum(mean, 0)) / (p * told_about + q - 1)
    members = {("total", "total"): np.full(len(values), True)}
    members |= {("region", region): told["region"] == region for region in set(told["region"])}
    return {
        ("clv_12m", "day", business_date, dimension, member): (
            float(values[those].sum()), float(those.sum()), float(values[those].mean()),
        )
        for (dimension, member), those in members.items()
    }  # fmt: skip


def _minimum(loss: Callable[[np.ndarray], float], start: list[float]) -> np.ndarray:
    found = optimize.minimize(loss, start, method="L-BFGS-B")
    assert found.success, found.message
    return np.exp(found.x)


def _unlikely(parameters: np.ndarray, repeats: np.ndarray, last: np.ndarray, seen: np.ndarray) -> float:
    r, alpha, a, b = parameters
    common = special.gammaln(r + repeats) - special.gammaln(r) + r * np.log(alpha)
    common += special.betaln(a, b + repeats) - special.betaln(a, b)
    living = (alpha + seen) ** -(r + repeats)
    lost = np.where(repeats > 0, a / (b + np.maximum(repeats, 1) - 1) * (alpha + last) ** -(r + repeats), 0)
    return -np.mean(common + np.log(living + lost))


def _log_mean(p: float, q: float, gamma: float, repeats: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return stats.betaprime.logpdf(mean * repeats / gamma, p * repeats, q) + np.log(repeats / gamma)


_PURCHASES = """
select
    any_value(region) as region, count(*) - 1 as repeats, (max(day) - min(day)) / 7 as last,
    (getvariable('today') - min(day)) / 7 as seen,
    case when count(*) = 1 then sum(amount) else (sum(amount) - arg_min(amount, day)) / (count(*) - 1) end as mean
from (select customer, day, sum(amount) as amount from lines where customer <> '' group by all)
inner join homes using (customer)
group by customer
"""


_RETAILER = f"""
create table entries as
select distinct
    InvoiceNo as number, upper(StockCode) as code, StockCode as code_as_written, Description as text,
    cast(Quantity as integer) as quantity, cast(UnitPrice as decimal(18, 4)) as price, InvoiceDate as entered,
    CustomerID as customer, Country as region
from files;

create table goods as
select code, min(case when regexp_matches(code_as_written, '^[0-9]{{5}}') then 'goods' else 'services' end) as category
from entries where text <> '' group by code;

create table orders as
select
    number, min(cast(entered as timestamp))::date as day, any_value(customer) as customer, any_value(region) as region
from entries where regexp_matches(number, '^[0-9]') group by number;

create table lines as
select
    orders.*, entries.quantity * entries.price as amount, coalesce(goods.category, 'unknown') as category,
    'till:' || goods.code as product
from entries inner join orders using (number) left join goods using (code)
where quantity > 0 and code not in {NOT_GOODS};

create table credits as
select
    cast(entered as timestamp)::date as day, customer, region, quantity * price as amount,
    coalesce(goods.category, 'unknown') as category, 'till:' || goods.code as product
from entries left join goods using (code)
where number like 'C%' and code not in {NOT_GOODS};

create table moved as
select day, customer, customer as buyer, number as bought, region, category, product, amount from lines
union all
select day, customer, null, null, region, category, product, amount from credits;

create table daily as
select day, region, category, sum(amount) as amount from moved group by all;

create table ends as
select distinct date_trunc('month', day)::date as month, least(last_day(day), getvariable('today')) as last from moved;

create table sold as
select month, product, row_number() over (partition by month order by sum(amount) desc, product) as place
from ends inner join moved on day between last - 364 and last
where product <> '' group by month, product;

create table homes as
select customer, arg_max(region, (entered, number)) as region from entries where customer <> '' group by customer;

create table gaps as
select
    day, coalesce(next, getvariable('today')) - day as days, next is not null as ended
from (
    select day, lead(day) over (partition by customer order by day) as next
    from (select distinct customer, day from lines where customer <> '')
);

create table seen as
select customer, min(day) as day
from (select customer, day from orders union all select customer, day from credits)
where customer <> '' group by customer;

create table firsts as
select
    seen.day, homes.region, coalesce(first_order.day, getvariable('today')) - seen.day as days,
    first_order.day is not null as ended
from seen
inner join homes using (customer)
left join (select customer, min(day) as day from orders group by customer) as first_order using (customer);

create table known as
select customer, coalesce(min(seen.day), max(cast(entered as timestamp))::date) as day
from entries left join seen using (customer)
where customer <> '' group by customer;

create table asleep as
select
    ends.month as day, homes.region,
    case when max(orders.day) filter (where orders.day <= ends.last) >= ends.last - 365 then 0 else 1 end as is_asleep
from known cross join ends inner join homes using (customer) left join orders using (customer)
where known.day <= ends.last
group by ends.month, ends.last, known.customer, homes.region
"""

_REPURCHASE = """
select
    'repurchase_rate', 'month', cast(month as varchar), '{name}', member,
    count(*) filter (where day_count > 1), count(*), count(*) filter (where day_count > 1) / count(*)
from (
    select month, {column} as member, customer, count(distinct day) as day_count
    from ends inner join lines on day between last - 364 and last
    where customer <> '' group by month, member, customer
) group by month, member
"""

_CONCENTRATION = """
with spent as (
    select month, {column} as member, customer, sum(amount) as amount
    from ends inner join moved on day between last - 364 and last where {kept} group by month, member, customer
), ranked as (
    select *, row_number() over (partition by month, member order by customer is null, amount desc) as place from spent
), told as (
    select
        cast(month as varchar) as month, member,
        -- of what nobody who is known bought no customer has a share, which is 0 of it
        coalesce(sum(amount) filter (where place <= 3 and customer <> ''), 0) as top, sum(amount) as everything,
        10000 * sum(cast(amount as double) ** 2) filter (where customer <> '') / sum(amount) as squares
    from ranked where amount > 0 group by all
)
select 'top3_customer_share', 'month', month, '{name}', member, top, everything, top / everything from told
union all
select 'customer_hhi', 'month', month, '{name}', member, squares, everything, squares / everything
from told where squares is not null
"""


# --- the pipeline ----------------------------------------------------------------------------------------------


def pipeline(folder: Path, business_date: str = "2017-12-31", as_of: str = "2018-01-01 07:00") -> Figures:
    """Return every figure that deals, their stage and their sellers allow; `as_of` is in UTC."""
    db = _database()
    db.execute(f"set variable today = date '{business_date}'")
    db.execute(f"set variable now = timestamp '{as_of}'")
    for table in ("pipeline", "teams"):
        file = folder / f"sales_{table}.csv"
        db.execute(f"create table {table} as select * from read_csv('{file}', all_varchar = true, header = true)")
    for statement in _PIPELINE.split(";"):
        db.execute(statement)
    who = {"region": "region", "team": "manager", "rep": "'crm:' || rep", "manager": "'crm:' || manager",
           "product_line": "product"}  # fmt: skip
    stage = {"stage": "'Engaging'"}
    grains = ("month", "quarter", "all")
    figures: Figures = {}
    for metric, rows, day, periods, cuts, told in (
        ("win_rate", "closed", "ended", grains, who, "count(*) filter (where is_won), count(*), avg(is_won::int)"),
        ("win_rate_by_amount", "closed", "ended", grains, who,
         "sum(amount * is_won::int), sum(amount), sum(amount * is_won::int) / nullif(sum(amount), 0)"),
        ("win_cycle_days", "won", "ended", grains, who, "sum(days), count(*), median(days)"),
        ("stage_loss_rate", "closed", "ended", ("month",), stage,
         "count(*) filter (where not is_won), count(*), avg((not is_won)::int)"),
        ("stage_dwell_days", "stays", "began", ("month",), stage, "sum(stayed), count(*), avg(stayed)"),
        ("stage_stalled_rate", "stays", "began", ("month",), stage, "sum(is_over), count(*), avg(is_over)"),
        ("dormant_rate", "asleep", "month", ("month",), {"region": "'unknown'"},
         "sum(is_asleep), count(*), avg(is_asleep)"),
    ):  # fmt: skip
        figures |= _read(db, _placed(metric, rows, day, periods, cuts, told))
    goal = db.execute(
        "select count(*) filter (where is_won) / count(*) from closed where ended between '2017-10-01' and '2017-12-31'"
    ).fetchone()
    figures["quota_attainment", "day", business_date, "target", "win_rate_q4"] = (goal[0], 0.65, goal[0] / 0.65)
    return figures | _read_after(business_date, "crm")


def _read_after(business_date: str, source: str) -> Figures:
    """How old the files are: they are read long after the business date, and nothing is younger than new."""
    return {
        ("source_freshness_hours", "day", business_date, dimension, member): (0.0, None, 0.0)
        for dimension, member in (("total", "total"), ("source", source))
    }


_PIPELINE = """
create table deals as
select
    sales_agent as rep, manager, regional_office as region, account as customer, deal_stage as stage,
    case product when 'GTXPro' then 'GTX Pro' else product end as product,
    cast(engage_date as date) as began, cast(close_date as date) as ended, cast(close_value as double) as amount
from pipeline inner join teams using (sales_agent);

create table closed as
select *, stage = 'Won' as is_won, ended - began as days from deals where stage in ('Won', 'Lost');

create table won as select * from closed where is_won;

create table stays as
select
    began,
    case when coalesce(ended, getvariable('today')) - began > 30 then 1 else 0 end as is_over,
    (epoch(coalesce(timezone('America/New_York', ended::timestamp), timezone('UTC', getvariable('now'))))
    - epoch(timezone('America/New_York', began::timestamp))) / 86400 as stayed
from deals where began is not null;

create table ends as
select month::date as month, last_day(month::date) as last
from generate_series(timestamp '2016-10-01', timestamp '2017-12-01', interval 1 month) as months (month);

create table asleep as
select
    ends.month,
    case when bool_or(began <= ends.last and coalesce(ended > ends.last, true)) then 0 else 1 end as is_asleep
from (select customer, min(began) as first from deals where customer <> '' group by customer) as known
cross join ends inner join deals using (customer)
where known.first <= ends.last
group by ends.month, known.customer
"""
