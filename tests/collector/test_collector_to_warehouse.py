"""From a web form and a chat platform to accepted rows: HTTP, spool, extract, conform, gate; a replay is no change."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import httpx
import pytest
from collecting import Collector, collecting, form, make_company, signed
from test_collector_wechat import TEXT, post_encrypted

from sales_warehouse import steps
from sales_warehouse.company.load import CompanyError, load_company

CHATS = """\
source: wechat
label: {en: WeChat, zh: 微信}
owner: service
expected_within_hours: 24
connection: {type: files, path: "${WEBHOOK_SPOOL}/accounts"}
tables:
  messages:
    files: "*.jsonl"
    format: jsonl
    columns: [event_id, received_at, endpoint, timestamp, content_type, signed, body, raw,
              body.FromUserName, body.ToUserName, body.CreateTime, body.MsgType, body.Content]
mappings:
  - entity: chats
    from: messages
    where: '"body.MsgType" <> ''event'''
    columns:
      chat_id: event_id
      visitor_id: '"body.FromUserName"'
      platform: "'wechat'"
      started_at: "make_timestamp(cast(\\"body.CreateTime\\" as bigint) * 1000000) || '+00:00'"
"""
EVENTS = 200


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    folder = make_company(tmp_path)
    (folder / "sources" / "wechat.yml").write_text(CHATS, encoding="utf-8")
    return folder


def post_batch(collector: Collector) -> set[str]:
    """Post 200 forms from eight clients, signed; return what the answers said."""
    url = f"{collector.url}/hooks/forms"

    def post(number: int) -> str:
        body = form(number)
        answer = client.post(url, content=body, headers=signed(body, f"form_{number}"))
        assert answer.status_code == 200
        return answer.json()["status"]

    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(8) as pool:
        return set(pool.map(post, range(EVENTS)))


def refresh(company: Path, source: str) -> tuple[int, int, int]:
    """Run the steps that Airflow runs for a source; return rows landed, accepted and quarantined."""
    run = steps.make_run(company)
    landed = steps.extract(run, source).rows["landed"]
    steps.conform(run, source)
    judged = steps.gate(run, source).rows
    return landed, judged["accepted"], judged["quarantined"]


def accepted(state: Path, entity: str, columns: str) -> list[tuple]:
    files = state / "small" / "accepted" / entity
    assert files.is_dir(), sorted(path.name for path in files.parent.iterdir())
    return duckdb.sql(f"select {columns} from read_parquet('{files}/**/*.parquet') order by all").fetchall()


def test_forms_and_chats_arrive_without_manual_entry_and_a_replay_changes_no_row(company: Path, tmp_path: Path) -> None:
    state = tmp_path / "var"
    with collecting(company, state) as collector:
        assert post_batch(collector) == {"stored"}
        assert collector.post(b'{"name": "cut', "cut").status_code == 200
        assert post_encrypted(collector, TEXT.format(number="7001")).text == "success"
    assert refresh(company, "site") == (EVENTS + 1, EVENTS, 1)
    assert refresh(company, "wechat") == (1, 1, 0)
    leads = accepted(state, "leads", "lead_id, name, phone, channel, created_at")
    assert len(leads) == EVENTS
    assert [str(value) for value in leads[0]] == ["form_0", "客户0", "+8613800000000", "web", "2026-06-28 01:30:00"]
    chats = accepted(state, "chats", "chat_id, visitor_id, platform, strftime(started_at, '%Y-%m-%d %H:%M:%S')")
    assert chats == [("7001", "oUser", "wechat", "2012-09-28 11:31:00")]

    with collecting(company, state) as collector:
        assert post_batch(collector) == {"known"}
        assert post_encrypted(collector, TEXT.format(number="7001")).text == "success"
    assert refresh(company, "site") == (0, 0, 0)
    assert refresh(company, "wechat") == (0, 0, 0)
    assert accepted(state, "leads", "lead_id, name, phone, channel, created_at") == leads


def test_a_file_of_the_spool_goes_long_after_it_landed_and_only_then(company: Path, tmp_path: Path) -> None:
    with collecting(company, tmp_path / "var") as collector:
        post_batch(collector)
    refresh(company, "site")
    spool = tmp_path / "var" / "small" / "spool" / "forms"
    files = sorted(spool.glob("*.jsonl"))
    changed = files[0]
    run = steps.make_run(company)
    steps.extract(replace(run, as_of=run.as_of + datetime.timedelta(days=29)), "site")
    assert sorted(spool.glob("*.jsonl")) == files
    unread = spool / "29990101T000000_000000000001.jsonl"
    unread.write_bytes(changed.read_bytes() + changed.read_bytes())
    steps.prune(spool.parent, run.company.sources["site"], run.company.sources.values(), lambda _: [], run.as_of)
    assert unread.exists()
    again = steps.extract(replace(run, as_of=run.as_of + datetime.timedelta(days=31)), "site")
    assert sorted(spool.glob("*.jsonl")) == [unread]  # it landed just now
    assert again.rows["landed"] > 0
    third = steps.extract(replace(run, as_of=run.as_of + datetime.timedelta(days=32)), "site")
    assert third.rows["landed"] == 0


def test_a_file_of_the_spool_stays_while_another_source_waits_for_it(company: Path, tmp_path: Path) -> None:
    """`visits` reads the same endpoint and refuses the file until somebody declares its keys."""
    declared = (company / "sources" / "site.yml").read_text(encoding="utf-8").replace("source: site", "source: visits")
    second = company / "sources" / "visits.yml"
    second.write_text(declared.replace("files:", "drift: refuse\n    files:"), encoding="utf-8")
    folder = tmp_path / "var" / "small" / "spool" / "forms"
    folder.mkdir(parents=True)
    (folder / "1.jsonl").write_text('{"event_id": "1", "new_key": 1}\n', encoding="utf-8")
    run = steps.make_run(company)
    later = replace(run, as_of=run.as_of + datetime.timedelta(days=31))
    steps.extract(run, "site")
    with pytest.raises(steps.RefusedInput):
        steps.extract(run, "visits")
    steps.extract(later, "site")
    assert [path.name for path in folder.iterdir()] == ["1.jsonl"]
    second.write_text(declared, encoding="utf-8")
    declared_at = replace(steps.make_run(company), as_of=later.as_of)
    assert steps.extract(declared_at, "visits").rows["landed"] == 1
    steps.extract(replace(declared_at, as_of=later.as_of + datetime.timedelta(days=31)), "site")
    assert list(folder.iterdir()) == []


def test_what_could_not_be_read_is_in_quarantine_with_its_bytes(company: Path, tmp_path: Path) -> None:
    with collecting(company, tmp_path / "var") as collector:
        collector.post(b'{"name": "cut', "cut")
        collector.post(form(1), "whole")
    assert refresh(company, "site") == (2, 1, 1)
    files = tmp_path / "var" / "small" / "quarantine"
    kept = duckdb.sql(f"select * from read_parquet('{files}/**/*.parquet')").fetchall()
    assert "the body could not be read (not JSON: the text ends in the middle)" in json.dumps(kept, default=str)


def test_a_mistyped_endpoint_in_a_source_is_found_before_anything_runs(company: Path) -> None:
    file = company / "sources" / "wechat.yml"
    file.write_text(CHATS.replace("}/accounts", "}/acounts"), encoding="utf-8")
    with pytest.raises(CompanyError, match=r"unknown endpoint of webhooks.yml 'acounts'; did you mean 'accounts'\?"):
        load_company(company)


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('["${WX_TOKEN}"]', '["canary"]', "secrets do not belong into a file"),
        ('["${WX_TOKEN}"]', "canary", "secrets do not belong into a file"),
        ('["${WX_AES}"]', '["${WX_AES}canary"]', "secrets do not belong into a file"),
        ("name: plain", "name: accounts", "two endpoints have the name accounts"),
        ("name: plain", "name: ../x", "String should match pattern"),
        ("{mode: plain}", "{mode: encrypted}", "encrypted mode needs encoding_aes_keys and receiver_id"),
        ("scheme: wechat", "scheme: standard", "scheme: wechat and the part `wechat` belong together"),
        ("203.0.113.0/24", "203.0.113.0/240", "does not appear to be an IPv4 or IPv6 network"),
        ("requests_per_minute", "request_per_minute", "did you mean 'requests_per_minute'"),
    ],
    ids=lambda value: value[:40],
)
def test_a_mistake_in_webhooks_yml_is_named_and_a_secret_in_it_not_repeated(
    company: Path, written: str, instead: str, said: str
) -> None:
    file = company / "webhooks.yml"
    text = file.read_text(encoding="utf-8")
    assert written in text
    file.write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(company)
    assert said in str(error.value)
    assert "webhooks.yml:" in str(error.value)
    assert "canary" not in str(error.value)


def test_the_collector_does_not_import_airflow() -> None:
    code = "import sys, sales_warehouse.collector.server; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
