"""The smallest company that mappings can be tried in, written into a folder of the test's."""

from __future__ import annotations

from pathlib import Path

COMPANY = """\
company_id: small
name: {en: Small, zh: 小公司}
currency: CNY
time_zone: Asia/Shanghai
country: CN
channels: {phone: {en: Phone, zh: 电话}}
"""
LIFECYCLE = "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]\n"


def files_source(name: str, described: str) -> str:
    """Return the file of a source that reads the folder of its name; `described` has its tables and mappings."""
    about = f"source: {name}\nlabel: {{en: {name}, zh: {name}}}\nowner: data\nexpected_within_hours: 24\n"
    return f"{about}connection: {{type: files, path: {name}}}\n{described}"


def write_company(folder: Path, **sources: str) -> Path:
    """Write a company with sources by name, each as the text of its file, and return the folder."""
    (folder / "sources").mkdir()
    texts = {"company": COMPANY, "lifecycle": LIFECYCLE, **{f"sources/{name}": text for name, text in sources.items()}}
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder
