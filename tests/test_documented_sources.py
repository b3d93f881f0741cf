"""The examples of docs/sources can be copied: each is a whole source that the company's check takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from written_company import write_company

from sales_warehouse.company.load import load_company

DOCS = Path(__file__).parents[1] / "docs" / "sources"
EXAMPLES = {
    f"{file.stem} {number}": (file, text)
    for file in sorted(DOCS.glob("*.md"))
    for number, text in enumerate(
        re.findall(r"```yaml\n(source: .*?)```", file.read_text(encoding="utf-8"), re.DOTALL), 1
    )
}


@pytest.mark.parametrize(("page", "text"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_is_a_source(tmp_path: Path, page: Path, text: str) -> None:
    name = text.split("\n", 1)[0].removeprefix("source: ")
    folder = write_company(tmp_path, **{name: text})
    beside = re.search(r"```yaml\n(endpoints:.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    if beside:
        (folder / "webhooks.yml").write_text(beside.group(1), encoding="utf-8")
    company = load_company(folder)
    assert company.sources[name].tables


def test_every_kind_has_an_example() -> None:
    assert {name.rsplit(" ", 1)[0] for name in EXAMPLES} >= {"databases", "dlt", "files", "rest", "webhooks"}
