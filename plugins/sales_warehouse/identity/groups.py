"""Which records belong together: certain groups first, then evidence, strongest first, within what is certain."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class Edge(Generic[Node]):
    """Evidence that two nodes are one, with its probability."""

    left: Node
    right: Node
    probability: float


@dataclass
class Groups(Generic[Node]):
    """Nodes joined so far; `code` is the certain code that a group has, of which it never gets a second one."""

    codes: Mapping[Node, str]
    _above: dict[Node, Node] = field(default_factory=dict)
    _code: dict[Node, str] = field(default_factory=dict)

    def of(self, node: Node) -> Node:
        """Return the node that stands for the group of a node: the smallest one."""
        top = node
        while (above := self._above.get(top, top)) != top:
            top = above
        while (above := self._above.get(node, top)) != top:
            self._above[node], node = top, above
        return top

    def code(self, node: Node) -> str | None:
        """Return the certain code of the group of a node."""
        top = self.of(node)
        return self._code.get(top) or self.codes.get(top)

    def join(self, left: Node, right: Node) -> bool:
        """Make two groups one; return False where each has another certain code."""
        one, other = sorted((self.of(left), self.of(right)))  # type: ignore[type-var]
        if one == other:
            return True
        codes = {code for code in (self.code(one), self.code(other)) if code}
        if len(codes) > 1:
            return False
        self._above[other] = one
        if codes:
            self._code[one] = codes.pop()
        return True


def join_by_evidence(groups: Groups[Node], edges: Iterable[Edge[Node]]) -> list[Edge[Node]]:
    """Join what the edges say, the most probable first; return those that would have made one of two certain codes.

    A record without a code that fits two coded groups goes to the more probable one; certain rules do not chain
    through it.
    """
    ordered = sorted(edges, key=lambda edge: (-edge.probability, edge.left, edge.right))
    return [edge for edge in ordered if not groups.join(edge.left, edge.right)]
