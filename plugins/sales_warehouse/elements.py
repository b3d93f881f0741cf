"""The rows that a mapping reads: the landed ones, or each element of a list in JSON that a cell of them holds."""

from __future__ import annotations

from sales_warehouse.company.models import Mapping
from sales_warehouse.sql import ident, literal

DECIMAL = r"-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"
DECIMAL_VALUE = rf"[:,\[]\s*{DECIMAL}"
STRING_OR_DECIMAL = rf'("(?:[^"\\]|\\.)*")|({DECIMAL})'
SCALARS = r'\[\s*[^\s\[{"\]][^\[{"]*\]'  # of a list: no texts, lists or objects in it, but something


def elements(mapping: Mapping, rows: str) -> str:
    """Return a select of what a mapping reads of the relation `rows`: its rows, or the elements of the list in each.

    An empty cell and an empty list have no elements. A text that is no list is one malformed row, so nothing is lost.
    """
    if mapping.each is None:
        return f"from {rows}"
    text = f"nullif(trim({ident(mapping.each)}), '')"
    kind = f"case when json_valid({text}) then json_type({text}) else 'TEXT' end"
    reason = literal(f"{mapping.each} holds no list: a list in JSON is expected")
    return f"""
with told as (
    select *, case when _malformed is null and {text} is not null then {kind} end as _row_kind from {rows}
),
judged as (
    select * exclude (_row_kind)
    replace (coalesce(_malformed, case when _row_kind not in ('ARRAY', 'NULL') then {reason} end) as _malformed),
    case when _row_kind = 'ARRAY' then {items(text)} end as _row_items
    from told
)
select * exclude (_row_items), unnest(_row_items) as item, generate_subscripts(_row_items, 1) as item_number
from judged
where _malformed is null
union all
select * exclude (_row_items), null, null from judged where _malformed is not null"""


def items(text: str) -> str:
    """Return the elements of a list in JSON, every number with the text that it came with.

    Functions for JSON write 1.10 as 1.1 and 1E5 as 100000.0, so a number with a point or an exponent becomes a text
    there, as which `item ->> 'price'` gives it unchanged. A list of numbers alone is taken apart as text. The two marks
    are control characters, which a text in JSON has none of.
    """
    opened, closed = "chr(1)", "chr(2)"
    marked = f"regexp_replace({text}, {literal(STRING_OR_DECIMAL)}, '\\1' || {opened} || '\\2' || {closed}, 'g')"
    told = f"replace(replace(replace({marked}, {opened} || {closed}, ''), {opened}, '\"'), {closed}, '\"')"
    exact = f"case when regexp_matches({text}, {literal(DECIMAL_VALUE)}) then {told} else {text} end"
    numbers = f"list_transform(string_split(trim({text}, '[] \t\r\n'), ','), x -> nullif(trim(x, ' \t\r\n'), 'null'))"
    return (
        f"case when regexp_full_match({text}, {literal(SCALARS)}) then cast({numbers} as json[]) "
        f"else from_json({exact}, '[\"JSON\"]') end"
    )
