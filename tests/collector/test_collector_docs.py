"""The worked example of the documentation is what it says: its files load, its senders are understood."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from collecting import SECRETS, Collector, collecting
from written_company import write_company

from sales_warehouse import steps
from sales_warehouse.company.load import load_company

PAGE = (Path(__file__).parents[2] / "docs" / "sources" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + base64.b64encode(b"\x00\xff of the documentation's form").decode()
GIVEN = {"WEBSITE_FORMS_SECRET": SECRET, "CHAT_PLATFORM_SECRET": SECRET}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    webhooks, website, chats, _ = blocks("yaml")
    folder = write_company(tmp_path, website=website, chat_platform=chats)
    (folder / "webhooks.yml").write_text(webhooks, encoding="utf-8")
    return folder


def rows(company: Path, source: str) -> dict[str, int]:
    run = steps.make_run(company)
    for step in (steps.extract, steps.conform):
        step(run, source)
    return steps.gate(run, source).rows


def post_form_with_curl(collector: Collector) -> str:
    environment = {**collector.environment, "COLLECTOR": collector.url}
    done = subprocess.run(["sh", "-e", "-c", blocks("sh")[0]], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_example_collects_a_form_and_a_conversation(company: Path, tmp_path: Path) -> None:
    with collecting(company, tmp_path / "var", **GIVEN) as collector:
        assert post_form_with_curl(collector) == '{"status":"stored"}'
        names: dict = {}
        exec(blocks("python")[0], names)
        conversation = {"id": "c1", "visitor": "v1", "started_at": "2026-06-28T09:30:00+08:00", "message_count": 3}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WEBSITE_FORMS_SECRET", SECRET)
            for _ in range(2):
                url = f"{collector.url}/hooks/chat_platform"
                names["send"](url, "chat-c1", {"conversation": conversation, "价格": 1.10})
    assert rows(company, "website") == {"accepted": 2, "quarantined": 0}
    assert rows(company, "chat_platform") == {"accepted": 1, "quarantined": 0}


def test_the_part_about_wechat_loads(company: Path, tmp_path: Path) -> None:
    (company / "webhooks.yml").write_text(
        blocks("yaml")[0] + blocks("yaml")[3].removeprefix("endpoints:\n"), encoding="utf-8"
    )
    assert [endpoint.name for endpoint in load_company(company).webhooks.endpoints][-1] == "wechat"
    wechat = {"WECHAT_TOKEN": SECRETS["WX_TOKEN"], "WECHAT_AES_KEY": SECRETS["WX_AES"]}
    with collecting(company, tmp_path / "var", **GIVEN, **wechat) as collector:
        assert collector.log[-1].rstrip().endswith("for website_forms, chat_platform, wechat")


def test_the_columns_of_the_example_are_those_of_a_line(company: Path) -> None:
    listed = re.findall(r"^\| (`.*?`) \|", PAGE[PAGE.index("## A line of the spool") :], flags=re.MULTILINE)
    keys = [name for cell in listed for name in re.findall(r"`(\w+)`", cell)][:8]
    for source in load_company(company).sources.values():
        (table,) = source.tables.values()
        assert sorted(table.columns[:8]) == sorted(keys)
