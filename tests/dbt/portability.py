"""What SQL means the same on DuckDB and on Spark: as Spark would be given it, and as people wrote it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

from sales_warehouse.transform import PROJECT

ENGINE = PROJECT / "macros" / "engine"
# Functions that give the same on both engines. Another one goes through a macro of macros/engine, or is compared first.
SAME = frozenset({
    "abs", "any_value", "avg", "bool_and", "bool_or", "cast", "ceil", "coalesce", "concat_ws", "corr", "count", "cube",
    "count_if", "date_trunc", "dateadd", "datediff", "dense_rank", "exists", "exp", "extract", "floor", "greatest",
    "grouping", "lag", "lead", "least", "left", "length", "ln", "lower", "lpad", "max", "max_by", "median", "min",
    "min_by", "mode", "nullif", "percentile_cont", "position", "power", "rank", "replace", "round", "row_number",
    "split_part", "sqrt", "substring", "sum", "trim", "try_cast", "upper",
})  # fmt: skip
NO_FUNCTIONS = frozenset({
    "and", "as", "between", "by", "decimal", "distinct", "else", "filter", "from", "group", "in", "join", "lateral",
    "not", "on", "or", "over", "select", "sets", "then", "using", "values", "when", "where", "with",
})  # fmt: skip
TYPES = frozenset({"bigint", "boolean", "date", "double", "int", "integer", "string", "timestamp"})
INSTEAD = {
    "arg_max": "max_by", "arg_min": "min_by", "epoch": "microseconds_between", "date_diff": "dbt.datediff",
    "date_add": "dbt.dateadd", "dayofweek": "day_of_week", "listagg": "joined_text", "regexp_matches": "matched_text",
    "now": "as_of", "varchar": "dbt.type_string()", "text": "dbt.type_string()",
}  # fmt: skip
# A part of a query, what about it Spark does not know or means otherwise, what that is called, and what to write.
CONSTRUCTS: tuple[tuple[type[exp.Expression], Callable[[exp.Expression], object], str, str], ...] = (
    (exp.Qualify, bool, "qualify", "row_number() in a subquery"),
    (exp.Distinct, lambda node: node.args.get("on"), "distinct on", "row_number() in a subquery"),
    (exp.Join, lambda node: node.args.get("method"), "asof or positional", "max_by, or row_number() after a join"),
    (exp.Star, lambda node: any(node.args.values()), "* except", "the columns, each by name"),
    (exp.With, lambda node: node.args.get("recursive"), "recursive", "each_number or a join"),
    (exp.IgnoreNulls, bool, "ignore nulls", "max_by or min_by"),
    (exp.IntDiv, bool, "//", "floor(a / b)"),
    (exp.Bracket, bool, "an element of a list", "each_part or each_number"),
    (exp.AtTimeZone, bool, "at time zone", "business_timestamp"),
    (exp.SetOperation, lambda node: node.args.get("by_name"), "by name", "the columns in the same order"),
    (exp.Window, lambda node: isinstance(node.this, exp.Filter), "a filter of a window", "a case in it"),
    (exp.Extract, lambda node: "DOW" in node.name.upper(), "a day of the week", "day_of_week"),
)
MACRO = re.compile(r"\{%-? *macro (\w+)(.*?)\{%-? *endmacro", re.S)
# Where DuckDB reads a source and how it quotes a relation, both of which dbt's adapter for Spark says otherwise.
SOURCES, RELATIONS = re.compile(r"read_parquet\(.*\)"), re.compile(r'"\w+"\."(\w+)"\."(\w+)"')


def unportable(model: str, compiled: str) -> Iterator[str]:
    """Yield what Spark does not know, or means otherwise, in a model as it was compiled for Spark."""
    text = RELATIONS.sub(r"\1.\2", SOURCES.sub("a_source", compiled))
    try:
        trees = sqlglot.parse(text, dialect="spark")
    except ParseError as error:
        place = error.errors[0]
        yield _said(model, text, place["line"], f"{place['highlight']} ({place['description']})", "a macro")
        return
    for token, wrong, use in _tokens(sqlglot.tokenize(text, dialect="spark"), text):
        yield _said(model, text, token.line, wrong, use)
    kinds = tuple(kind for kind, *_ in CONSTRUCTS)
    for node in (node for tree in trees if tree for node in tree.find_all(*kinds)):
        for kind, is_wrong, name, use in CONSTRUCTS:
            if isinstance(node, kind) and is_wrong(node):
                yield _said(model, text, _line(node), name, use)


def by_hand(name: str, written: str) -> Iterator[str]:
    """Yield functions of one engine, which only macros/engine may call, in what people wrote elsewhere."""
    text = without_comments(written)
    for number, line in enumerate(text.splitlines(), 1):
        for found in _called(line):
            if found in of_engine():
                yield _said(name, text, number, f"{found}()", of_engine()[found])


@cache
def of_engine() -> dict[str, str]:
    """Functions of one engine → the macro of macros/engine that calls them."""
    macros, found = set[str](), dict[str, str]()
    for path in PROJECT.glob("macros/**/*.sql"):
        for name, body in MACRO.findall(without_comments(path.read_text(encoding="utf-8"))):
            macros |= {name, name.split("__")[-1]}
            if path.parent == ENGINE and path.stem != "materializations":
                found |= dict.fromkeys(_called(body), name.split("__")[-1])
    return {
        name: macro for name, macro in found.items() if name not in macros | SAME | NO_FUNCTIONS | {"return", "var"}
    }


def _tokens(tokens: list[Token], text: str) -> Iterator[tuple[Token, str, str]]:
    known = SAME | NO_FUNCTIONS | set(of_engine())
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        word, written = token.text.lower(), text[token.start : token.end + 1]
        if token.token_type == TokenType.DCOLON:
            yield token, "::", "cast()"
        elif token.token_type == TokenType.STRING and written.startswith('"'):
            yield token, f"{written}, which is a text there", "the name without quotes"
        elif token.token_type == TokenType.STRING and "\\" in written:
            yield token, f"{written}, where \\ escapes", "[0-9] and its like, or matched_text"
        elif _is_type(before, token, after) and word not in TYPES:
            yield token, f"the type {word}", INSTEAD.get(word, "a type that both have")
        elif after.token_type == TokenType.L_PAREN and re.fullmatch(r"[a-z_]\w*", word) and word not in known:
            yield token, f"{word}()", INSTEAD.get(word, "a macro")


def _is_type(before: Token, token: Token, after: Token) -> bool:
    """Whether it is the type of a cast that has no length."""
    types = (before.token_type, after.token_type) == (TokenType.ALIAS, TokenType.R_PAREN)
    return types and token.token_type in Spark.Parser.TYPE_TOKENS


def _called(text: str) -> list[str]:
    """Names before a bracket, but for methods and filters of Jinja."""
    return re.findall(r"(?<![\w.])(?<!\| )([a-z]\w*)\(", text)


def without_comments(text: str) -> str:
    kept = re.sub(r"\{#.*?#\}", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.S)
    return re.sub(r"(?<!\{)--.*", "", kept)


def _line(node: exp.Expression) -> int:
    """The line of the first name in a part of a query, or beside it."""
    around = itertools.chain(node.walk(), node.parent.walk() if node.parent else ())
    return next((found.meta["line"] for found in around if "line" in found.meta), 1)


def _said(model: str, text: str, line: int, wrong: str, use: str) -> str:
    return f"{model}, line {line}: {wrong} → write {use}\n    {text.splitlines()[line - 1].strip()}"
