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
    """Nodes joined so far: by evidence never two of different certain `codes`, and never two that stay `apart`."""

    codes: Mapping[Node, str]
    apart: Iterable[tuple[Node, Node]] = ()
    _above: dict[Node, Node] = field(default_factory=dict)
    _codes: dict[Node, frozenset[str]] = field(default_factory=dict)
    _foes: dict[Node, set[Node]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for left, right in self.apart:
            self._foes.setdefault(left, set()).add(right)
            self._foes.setdefault(right, set()).add(left)

    def of(self, node: Node) -> Node:
        """Return the node that stands for the group of a node: the smallest one."""
        top = node
        while (above := self._above.get(top, top)) != top:
            top = above
        while (above := self._above.get(node, top)) != top:
            self._above[node], node = top, above
        return top

    def code(self, node: Node) -> str | None:
        """Return the certain code of the group of a node, the smallest one where a person joined several."""
        return min(self._codes_of(self.of(node)), default=None)

    def are_apart(self, left: Node, right: Node) -> bool:
        """Tell whether something in the group of one node must not be in that of the other."""
        one, other = sorted((self.of(left), self.of(right)), key=lambda top: len(self._foes.get(top, ())))
        return any(self.of(foe) == other for foe in self._foes.get(one, ()))

    def join(self, left: Node, right: Node, *, decided: bool = False) -> bool:
        """Make two groups one; return False where they have to stay apart.

        What is `decided` joins different codes, too.
        """
        one, other = sorted((self.of(left), self.of(right)))  # type: ignore[type-var]
        if one == other:
            return True
        mine, others = self._codes_of(one), self._codes_of(other)
        are_other = bool(mine and others) and not (mine <= others or others <= mine)
        if self.are_apart(one, other) or (are_other and not decided):
            return False
        self._above[other] = one
        if others:
            self._codes[one] = mine | others
        if foes := self._foes.pop(other, None):
            self._foes[one] = self._foes.get(one, set()) | foes
        return True

    def _codes_of(self, top: Node) -> frozenset[str]:
        return self._codes.get(top) or frozenset(filter(None, [self.codes.get(top)]))


def join_by_evidence(groups: Groups[Node], edges: Iterable[Edge[Node]]) -> list[Edge[Node]]:
    """Join what the edges say, the most probable first; return those of groups that have to stay apart.

    A record without a code that fits two coded groups goes to the more probable one; certain rules do not chain
    through it.
    """
    ordered = sorted(edges, key=lambda edge: (-edge.probability, edge.left, edge.right))
    return [edge for edge in ordered if not groups.join(edge.left, edge.right)]
