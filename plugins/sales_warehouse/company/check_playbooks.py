"""Mistakes of playbooks.yml that one entry alone does not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.models import Company
from sales_warehouse.metrics import registry


def playbook_problems(company: Company, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield ids that occur twice, metrics that are not in the registry, and members that the company does not have."""
    seen = set[str]()
    known = {
        "region": [region.id for region in company.regions.regions],
        "channel": list(company.about.channels),
    }
    for position, playbook in enumerate(company.playbooks.playbooks):
        said = documents["playbooks"]
        if playbook.id in seen:
            yield said.problem("a playbook above has this id: give each its own", "playbooks", position, "id")
        seen.add(playbook.id)
        for place, metric in enumerate(playbook.scope.metrics):
            if metric not in registry():
                text = f"unknown metric{suggestion(metric, registry())}"
                yield said.problem(text, "playbooks", position, "scope", "metrics", place)
        for dimension, members in playbook.scope.members.items():
            for place, member in enumerate(members):
                if known.get(dimension) and member not in known[dimension]:
                    text = f"unknown {dimension}{suggestion(member, known[dimension])}"
                    yield said.problem(text, "playbooks", position, "scope", "members", dimension, place)
