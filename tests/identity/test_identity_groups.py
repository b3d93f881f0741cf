"""Groups: evidence joins, the strongest first, and never two certain codes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sales_warehouse.identity.groups import Edge, Groups, join_by_evidence

CODES = {"A": "1", "B": "2"}


def joined(edges: list[Edge[str]], nodes: str) -> tuple[set[frozenset[str]], list[Edge[str]]]:
    groups: Groups[str] = Groups(CODES)
    refused = join_by_evidence(groups, edges)
    together: dict[str, set[str]] = {}
    for node in nodes:
        together.setdefault(groups.of(node), set()).add(node)
    return {frozenset(group) for group in together.values()}, refused


def test_a_record_that_fits_two_codes_goes_to_the_more_probable_one() -> None:
    weak, strong = Edge("A", "x", 0.96), Edge("B", "x", 0.99)
    groups, refused = joined([weak, strong], "ABx")
    assert groups == {frozenset("A"), frozenset("Bx")}
    assert refused == [weak]


def test_certain_rules_do_not_chain_through_weak_ones() -> None:
    chain = [Edge("A", "x", 0.99), Edge("x", "y", 0.98), Edge("B", "y", 0.97)]
    groups, refused = joined(chain, "ABxy")
    assert groups == {frozenset("Axy"), frozenset("B")}
    assert refused == [chain[2]]


@given(st.lists(st.tuples(st.sampled_from("ABvwxyz"), st.sampled_from("ABvwxyz"), st.floats(0.5, 1)), max_size=30))
def test_no_group_ever_has_two_codes_and_no_order_decides(drawn: list[tuple[str, str, float]]) -> None:
    edges = [Edge(min(a, b), max(a, b), p) for a, b, p in drawn]
    groups, _ = joined(edges, "ABvwxyz")
    assert not any({"A", "B"} <= group for group in groups)
    assert joined(edges[::-1], "ABvwxyz")[0] == groups
