"""What our own facts say happened: prices that moved, dealers without stock, sellers who are no longer there.

Nothing here is told by a list of events: prices are those of order lines, stock is what dealers counted and moved,
sellers are those employed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import duckdb

from sales_warehouse.causes.footprint import Footprint, Lines
from sales_warehouse.causes.measured import Span
from sales_warehouse.sql import literal

LEAST_PRICE_CHANGE = 0.02
SURE = 4.0  # standard errors of the mean change of a price: what one buyer pays for several products is one agreement
LEAST_STOCK_OUT = Decimal("0.05")  # more of the days of dealers' products without stock
LEAST_HEADS = Decimal("0.5")
LEAST_HEADS_RATE = Decimal("0.05")
PLACES = Decimal("0.00000001")

Spans = tuple[Span, Span]
Where = dict[str, str | None]


@dataclass(frozen=True)
class Moved:
    """Sums over products and channels: of change × weight, of weights, of squares within a span; degrees of freedom."""

    change: Decimal
    weight: Decimal
    squares: Decimal
    free: int


@dataclass(frozen=True)
class Found:
    """A fact that changed between two spans. `wanted` is −1 where our figures suffer by it, 1 where they gain.

    Values: of a price its index, 1 before; of stock the share of days without; of staff full-time sellers.
    """

    event_type: str
    footprint: Footprint
    before_value: Decimal
    now_value: Decimal
    wanted: int


class OwnFacts:
    """Reads prices, stock and staff of two spans once, and adds up each footprint once, whoever asks for them."""

    def __init__(self, db: duckdb.DuckDBPyConnection, lines: Lines) -> None:
        self._db, self._lines = db, lines
        self._prices: dict[Spans, list[tuple[Where, Moved]]] = {}
        self._stock: dict[Spans, list[tuple[Where, dict[str, tuple[Decimal, Decimal]]]]] = {}
        self._heads: dict[Spans, dict[str, dict[str, Decimal]]] = {}
        self._found: dict[tuple[Spans, Footprint], tuple[Found, ...]] = {}

    def around(self, spans: Spans, where: Footprint) -> tuple[Found, ...]:
        """Return what changed within a footprint; prices line by line where it has no goods."""
        asked = spans, where
        if asked not in self._found:
            self._found[asked] = tuple(self._changed(spans, where))
        return self._found[asked]

    def _changed(self, spans: Spans, where: Footprint) -> Iterator[Found]:
        for place in self._by_goods(spans, where):
            yield from self._price(spans, place)
        yield from self._stock_out(spans, where)
        yield from self._staff(spans, where)

    def has(self, event_type: str, spans: Spans, where: Footprint) -> bool:
        """Whether a fact of the kind is there too."""
        return any(found.event_type == event_type for found in self.around(spans, where))

    def _by_goods(self, spans: Spans, where: Footprint) -> list[Footprint]:
        if where.is_of_goods:
            return [where]
        lines = {cell["product_line"] for cell, _ in self._priced(spans) if where.has(cell, self._lines)}
        return [replace(where, product_line=line) for line in sorted(line for line in lines if line)]

    def _price(self, spans: Spans, where: Footprint) -> Iterator[Found]:
        """The mean change of the logarithm of prices, product by product and channel by channel (least squares).

        What a buyer pays for a product in a span is one observation: orders that call off one agreement say it once.
        """
        found = [moved for cell, moved in self._priced(spans) if where.has(cell, self._lines)]
        weight, free = sum((each.weight for each in found), Decimal(0)), sum(each.free for each in found)
        if not weight or free < 1:
            return
        change = float(sum((each.change for each in found), Decimal(0)) / weight)
        error = math.sqrt(sum((each.squares for each in found), Decimal(0)) / free / weight)
        index = math.exp(change)
        if abs(index - 1) < LEAST_PRICE_CHANGE or abs(change) < SURE * error:
            return
        yield Found("price_change", where, Decimal(1), _decimal(index), -1 if change > 0 else 1)

    def _stock_out(self, spans: Spans, where: Footprint) -> Iterator[Found]:
        out, days = {"now": Decimal(0), "before": Decimal(0)}, {"now": Decimal(0), "before": Decimal(0)}
        for cell, sides in self._stocked(spans):
            if where.has(cell, self._lines):
                for name, (without, of) in sides.items():
                    out[name] += without
                    days[name] += of
        if min(days.values()) <= 0:
            return
        before, now = (out[name] / days[name] for name in ("before", "now"))
        if now - before >= LEAST_STOCK_OUT:
            yield Found("stock_out", where, before.quantize(PLACES), now.quantize(PLACES), -1)

    def _staff(self, spans: Spans, where: Footprint) -> Iterator[Found]:
        heads = self._employed(spans)
        places = [where.region] if where.region else sorted(heads)
        for region in places:
            before, now = (heads.get(region, {}).get(name, Decimal(0)) for name in ("before", "now"))
            if before - now >= max(LEAST_HEADS, LEAST_HEADS_RATE * before):
                yield Found("staffing", Footprint(region), before.quantize(PLACES), now.quantize(PLACES), -1)

    def _priced(self, spans: Spans) -> list[tuple[Where, Moved]]:
        """Regions, categories and lines with what prices did there; a product that a span lacks says nothing."""
        if spans not in self._prices:
            rows = self._db.execute(f"""
                with spans(span, starts_on, ends_on) as ({_values(spans)}),
                sold as (
                    select spans.span, lines.region_key, lines.channel, lines.product_key,
                        coalesce(nullif(lines.customer_key, 'unknown'), lines.order_key) as buyer,
                        cast(ln(lines.unit_price_amount) as decimal(28, 12)) as price
                    from fct_order_lines as lines
                    join spans on lines.order_date between spans.starts_on and spans.ends_on
                    where not lines.is_cancelled and lines.unit_price_amount > 0 and lines.quantity > 0
                ),
                agreed as (
                    select span, region_key, channel, product_key,
                        cast(sum(price) / count(*) as decimal(28, 12)) as price
                    from sold group by span, region_key, channel, product_key, buyer
                ),
                summed as (
                    select span, region_key, channel, product_key, cast(count(*) as double) as buyers,
                        cast(sum(price) as double) as total,
                        cast(sum(cast(price * price as decimal(28, 12))) as double) as squares
                    from agreed group by span, region_key, channel, product_key
                ),
                pairs as (
                    select region_key, product_key, now.buyers + before.buyers - 2 as free,
                        now.buyers * before.buyers / (now.buyers + before.buyers) as weight,
                        now.total / now.buyers - before.total / before.buyers as change,
                        greatest(now.squares - now.total * now.total / now.buyers, 0)
                        + greatest(before.squares - before.total * before.total / before.buyers, 0) as squares
                    from summed as now join summed as before using (region_key, channel, product_key)
                    where now.span = 'now' and before.span = 'before'
                )
                select pairs.region_key, products.category, products.product_line,
                    sum(cast(pairs.weight * pairs.change as decimal(28, 12))),
                    sum(cast(pairs.weight as decimal(28, 12))), sum(cast(pairs.squares as decimal(28, 12))),
                    cast(sum(pairs.free) as bigint)
                from pairs join dim_products as products using (product_key)
                group by all order by all
            """).fetchall()
            self._prices[spans] = [
                (dict(zip(Footprint.NAMES, (region, category, line), strict=True)), Moved(*sums))
                for region, category, line, *sums in rows
            ]
        return self._prices[spans]

    def _stocked(self, spans: Spans) -> list[tuple[Where, dict[str, tuple[Decimal, Decimal]]]]:
        if spans not in self._stock:
            rows = self._db.execute(f"""
                with spans(span, starts_on, ends_on) as ({_values(spans)}),
                days as (
                    select spans.span, stock.dealer_key, stock.product_key, stock.closing_units,
                        least(stock.until_date, spans.ends_on) - greatest(stock.stock_date, spans.starts_on) + 1 as days
                    from fct_dealer_stock_days as stock
                    join spans on stock.stock_date <= spans.ends_on and stock.until_date >= spans.starts_on
                    where stock.last_counted_date is not null
                )
                select days.span, dealers.region_key, products.category, products.product_line,
                    cast(sum(case when closing_units <= 0 then days else 0 end) as decimal(28, 8)),
                    cast(sum(days) as decimal(28, 8))
                from days
                join dim_dealers as dealers using (dealer_key)
                join dim_products as products using (product_key)
                group by all order by all
            """).fetchall()
            cells: dict[tuple, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
            for span, *named, without, of in rows:
                cells[tuple(named)][span] = (without, of)
            self._stock[spans] = [
                (dict(zip(Footprint.NAMES, named, strict=True)), sides) for named, sides in cells.items()
            ]
        return self._stock[spans]

    def _employed(self, spans: Spans) -> dict[str, dict[str, Decimal]]:
        if spans not in self._heads:
            rows = self._db.execute(f"""
                with spans(span, starts_on, ends_on) as ({_values(spans)})
                select spans.span, reps.region_key, sum(cast(reps.fte * (
                    least(reps.until_date - 1, spans.ends_on) - greatest(reps.from_date, spans.starts_on) + 1
                ) as decimal(28, 8))) / max(spans.ends_on - spans.starts_on + 1)
                from int_sales_reps_employed as reps
                join spans on reps.from_date <= spans.ends_on and reps.until_date > spans.starts_on
                where reps.is_selling
                group by all
            """).fetchall()
            found: dict[str, dict[str, Decimal]] = defaultdict(dict)
            for span, region, heads in rows:
                found[region][span] = Decimal(str(heads))
            self._heads[spans] = dict(found)
        return self._heads[spans]


def _values(spans: Spans) -> str:
    rows = (f"({literal(each.name)}, {literal(each.starts_on)}, {literal(each.ends_on)})" for each in spans)
    return f"values {', '.join(rows)}"


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(PLACES)
