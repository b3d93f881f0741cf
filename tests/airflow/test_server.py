"""Airflow's own UI, started for real: who may see the pages, what they show, and that nothing is left running."""

from __future__ import annotations

import datetime
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import customer_marts
import duckdb
import httpx
import incident_marts
import jwt
import psutil
import pytest
from published_nights import BROKEN, leave_out

from sales_warehouse import conformed, corrections, gate, landing
from sales_warehouse.airflow import login, server
from sales_warehouse.airflow.environment import password_file
from sales_warehouse.airflow.leash import session_members
from sales_warehouse.airflow.ports import PortTaken, checked, free_port
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, identify
from sales_warehouse.publish import manifest
from sales_warehouse.watch import decisions as incident_decisions

INCIDENT = f"incident?{urlencode({'key': incident_marts.FALL, 'lang': 'en'})}"
ROWS, SHEET = "quarantine-rows?source=shop", "quarantine-sheet?source=shop&table=customers"
PAGES = (
    *(
        "board",
        "customers",
        "customers?who=busy",
        "customer?key=C1A",
        "data-docs/",
        "data-docs/index.html",
        "identity",
        "identity?lang=zh",
        "incidents",
        "incidents?which=all&lang=en",
        INCIDENT,
        "actions",
        "alert-rules",
        "quarantine",
        "refreshes",
        "models",
        "style.css",
    ),
    *(ROWS, SHEET),
)
NEVER = "a file outside the folder"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, company: Path) -> Home:
    """A company that has published once, in small."""
    home = Home(tmp_path_factory.mktemp("var"), "tiny")
    version = home.published / "versions" / "000001_20260701"
    _write(version / "board.html", "<h1>Board of the tiny company</h1>")
    _write(home.data_docs / "index.html", "<h1>Every expectation held</h1>")
    _write(home.warehouse / "docs" / "static_index.html", "<h1>dbt docs</h1>")
    _write(home.secrets / "other", NEVER)
    (home.data_docs / "link").symlink_to(home.secrets / "other")
    with duckdb.connect(str(customer_marts.write(home, version))) as published:
        incident_marts.write(published)
    leave_out(home, *BROKEN)
    said = manifest.Manifest(version.name, None, "night", "2026-07-01", "2026-07-01T18:00:00", "duckdb", ())
    manifest.write(version, said)
    _hold_back(home, company)
    _identify(home)
    event = '{"step": "%s", "subject": "shop", "event": "%s", "at": "2026-07-01T18:00:00+00:00", "seconds": 1.5}\n'
    _write(home.runs / "night" / "steps.jsonl", event % ("extract", "start") + event % ("extract", "end"))
    return home


def _hold_back(home: Home, company: Path) -> None:
    """Land a file of the shop with four rows of which two have no customer id, and judge it."""
    source, checked, at = "shop", load_company(company), datetime.datetime(2026, 7, 1, 18)
    _write(home.source_data / source / "1.csv", "id,name\n1,good\n2,<b>better</b>\n,<script>alert(1)</script>\n,=cmd\n")
    landed = landing.land(
        home, checked.sources[source], company_folder=company, extracted_at=at, latest_moment=at,
        environment={"SOURCE_DATA": str(home.source_data)}, on_progress=lambda _: None,
    )  # fmt: skip
    assert landed.load
    conformed.conform_load(home, checked, checked.sources[source], landed.load, lambda _: None)
    gate.gate_load(home, checked, checked.sources[source], landed.load, lambda _: None, at=at)


def _identify(home: Home) -> None:
    """Give the shop's two customers their codes, and leave it to a person whether they are one."""
    gate.ensure_schemas(home)
    identify(home, IdentityFile(), 1, datetime.datetime(2026, 7, 1, 18))
    duckdb.execute(
        "copy (select 'shop:1' as left_record, 'shop:2' as right_record, 'in_doubt' as why, 0.876 as probability) "
        f"to '{home.identity}/customer_review.parquet' (format parquet)"
    )


@pytest.fixture(scope="module")
def ui(home: Home, company: Path) -> Iterator[server.Server]:
    """The UI; afterwards nothing of it may be left."""
    with server.running(home, company, "Asia/Shanghai") as running:
        yield running
    assert session_members(running.process.pid) == []


@pytest.fixture(scope="module")
def token(ui: server.Server) -> str:
    found = server.token(ui)
    assert found
    return found


def _get(ui: server.Server, page: str, token: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{ui.address}/sales-warehouse/{page}", headers=headers, timeout=20)


def _expired(ui: server.Server, token: str) -> str:
    """Return a token that was good until a minute ago."""
    return _signed(ui, token, exp=int(time.time()) - 60)


def _signed(ui: server.Server, token: str, **claims: object) -> str:
    """Return a token with other claims, signed with the server's own key."""
    secret = psutil.Process(ui.process.pid).environ()["AIRFLOW__API_AUTH__JWT_SECRET"]
    known = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**known, **claims}, secret, jwt.get_unverified_header(token)["alg"])


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_a_login(ui: server.Server, token: str, page: str) -> None:
    assert _get(ui, page).status_code == 401
    assert _get(ui, page, "nonsense").status_code in (401, 403)
    assert _get(ui, page, token[:-4] + "AAAA").status_code in (401, 403)
    assert _get(ui, page, _expired(ui, token)).status_code in (401, 403)


def test_a_link_in_a_message_leads_over_the_login_to_its_page(ui: server.Server) -> None:
    page = f"{ui.address}/sales-warehouse/{INCIDENT}"
    sent = httpx.get(page, headers={"Accept": "text/html"}, timeout=20)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/api/v2/auth/login?{urlencode({'next': page})}")
    login_page = httpx.get(f"{ui.address}{sent.headers['Location']}", timeout=20)
    assert login_page.is_redirect and urlencode({"next": page}) in login_page.headers["Location"]
    posted = httpx.post(page, data={"decision": "resolve"}, headers={"Accept": "text/html"}, timeout=20)
    assert posted.status_code == 401


@pytest.mark.parametrize("page", PAGES)
def test_with_a_login_every_page_is_shown_and_may_reach_nothing_outside(
    ui: server.Server, token: str, page: str
) -> None:
    answer = _get(ui, page, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "http" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        pytest.param("board", "Board of the tiny company", id="the published board"),
        pytest.param("data-docs/", "Every expectation held", id="the validation results"),
        pytest.param("customers?who=康宁", "武汉康宁医疗器械有限公司", id="a customer by its name"),
        pytest.param("customer?key=C1A", "Order · paid", id="the timeline of a customer"),
        pytest.param("models", "dbt docs", id="the graph of the models"),
        pytest.param("quarantine", "<b>2</b> <span>shop</span>", id="rows in quarantine"),
        pytest.param("quarantine?lang=zh", "客户没有编号</a>", id="the reason in Chinese"),
        pytest.param("quarantine?lang=zh", "下载表格：", id="how to mend rows, in Chinese"),
        pytest.param(ROWS + "&lang=zh", "<h1>2 行</h1>", id="rows, in Chinese"),
        pytest.param(ROWS + "&lang=zh", "quarantine-rows?source=shop&amp;number=1&amp;lang=en", id="and back again"),
        pytest.param("refreshes?lang=zh", "未发布", id="a refresh, in Chinese"),
        pytest.param(ROWS, "&lt;script&gt;alert(1)&lt;/script&gt;", id="rows as text, never as markup"),
        pytest.param(ROWS, "1.csv", id="the file of a row"),
        pytest.param(ROWS + "&rule=none", "<h1>0 rows</h1>", id="rows with another reason"),
        pytest.param(ROWS + "&rule=' or true --", "<h1>0 rows</h1>", id="no SQL in an address"),
        pytest.param(SHEET, ",'=cmd", id="a sheet without formulas"),
        pytest.param("identity?lang=en", "87.6%", id="how sure a pair is that waits"),
        pytest.param("identity?lang=en", "&lt;b&gt;better&lt;/b&gt;", id="names of a pair as text"),
        pytest.param("identity?lang=zh", "待人工判断", id="pairs that wait, in Chinese"),
        pytest.param("refreshes", "night", id="the last refreshes"),
        pytest.param("incidents?lang=zh", "华东净销售额：-35.2%", id="an incident that stands"),
        pytest.param("incidents?which=closed&lang=en", "&lt;script&gt;alert(1)&lt;/script&gt;", id="names as text"),
        pytest.param(INCIDENT, "648,000.00", id="the figure of an incident"),
        pytest.param(INCIDENT, 'class="judged" cx="', id="the chart of an incident"),
        pytest.param(INCIDENT, "Milk powder fell", id="the cause of an incident"),
        pytest.param(INCIDENT, "A competitor gives one for one", id="what happened around an incident"),
        pytest.param(INCIDENT, "Bundle the category", id="the steps of a playbook"),
        pytest.param(INCIDENT, "+12.0", id="what a playbook did before"),
        pytest.param("actions?lang=en", "overdue", id="an action that is late"),
        pytest.param("alert-rules?lang=zh", "净销售额下跌", id="a rule on trial"),
        pytest.param("alert-rules?lang=zh", "未判定：以下规则配置有误 (2)", id="rules with a mistake, in Chinese"),
        pytest.param("alert-rules?lang=en", "did you mean &#39;return_rate&#39;?", id="what is wrong with a rule"),
    ],
)
def test_pages_show_what_the_refresh_left(ui: server.Server, token: str, page: str, text: str) -> None:
    assert text in _get(ui, page, token).text


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("data-docs/../../secrets/other", id="a way up"),
        pytest.param("data-docs/%2e%2e/%2e%2e/tiny/secrets/other", id="an encoded way up"),
        pytest.param("data-docs/..%2f..%2ftiny%2fsecrets%2fother", id="an encoded slash"),
        pytest.param("data-docs//etc/passwd", id="a path from the root"),
        pytest.param("data-docs/link", id="a link that leads out"),
        pytest.param("data-docs/%00", id="a NUL"),
        pytest.param("data-docs/" + "a" * 300, id="a name too long"),
        pytest.param("openapi.json", id="the list of routes"),
        pytest.param("docs", id="the interactive documentation"),
    ],
)
def test_nothing_but_the_pages_is_served(ui: server.Server, token: str, path: str) -> None:
    answer = _raw_get(ui, f"/sales-warehouse/{path}", token)
    assert " 404 " in answer.splitlines()[0]
    assert NEVER not in answer


def _raw_get(ui: server.Server, path: str, token: str) -> str:
    """Send a path exactly as it stands; HTTP clients tidy it up first."""
    port = int(ui.address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode(errors="replace")


def _hand_back(ui: server.Server, content: bytes, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{ui.address}/sales-warehouse/quarantine-sheet",
        files={"sheet_file": ("sheet.csv", content, "text/csv")},
        data={"why": "asked the shop"},
        headers=headers,
        timeout=20,
    )


def test_a_mended_sheet_is_handed_back(ui: server.Server, token: str, home: Home) -> None:
    login = {"Authorization": f"Bearer {token}"}
    mended = _get(ui, SHEET, token).content.replace(b",,'=cmd", b",7,'=cmd")
    assert "1 cells of 1 rows corrected" in _hand_back(ui, mended, **login).text
    assert "Nothing new" in _hand_back(ui, mended, **login).text
    (kept,) = corrections.history(home)
    assert (kept.cell.column, kept.value, kept.why, kept.by) == ("id", "7", "asked the shop", ui.user)
    assert "Nothing was taken" in _hand_back(ui, b"a,b\n1,2\n", **login).text


def test_nobody_hands_a_sheet_back_without_a_login_or_from_another_site(ui: server.Server, token: str) -> None:
    assert _hand_back(ui, b"").status_code == 401
    assert _hand_back(ui, b"", Authorization="Bearer nonsense").status_code in (401, 403)
    cookie = {"Cookie": f"_token={token}"}
    assert _hand_back(ui, b"", **cookie).status_code == 403
    assert _hand_back(ui, b"", **cookie, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert _hand_back(ui, b"", **cookie, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_who_only_looks_sees_reasons_and_no_rows(ui: server.Server, token: str) -> None:
    looks_on = _signed(ui, token, role="VIEWER")
    assert _get(ui, "quarantine", looks_on).status_code == 200
    assert [_get(ui, page, looks_on).status_code for page in (ROWS, SHEET)] == [403, 403]
    assert _hand_back(ui, b"", Authorization=f"Bearer {looks_on}").status_code == 403


def _decide(ui: server.Server, headers: dict[str, str], lang: str = "en", **asked: str) -> httpx.Response:
    data = {"about": "customer", "why": "asked them", **asked}
    return httpx.post(f"{ui.address}/sales-warehouse/identity?lang={lang}", data=data, headers=headers, timeout=20)


def test_a_pair_is_decided_and_taken_back_on_the_page(ui: server.Server, token: str, home: Home) -> None:
    login = {"Authorization": f"Bearer {token}"}
    assert "the next refresh follows it" in _decide(ui, login, kind="merge", names="shop:1\nshop:2\n").text
    [merged] = decisions.history(home)
    assert (merged.kind, merged.records, merged.by, merged.why) == (
        "merge",
        ("shop:1", "shop:2"),
        ui.user,
        "asked them",
    )
    page = _get(ui, "identity?lang=en", token).text
    assert merged.decision_id in page and "Take back" in page
    for asked, why in (
        ({"kind": "split", "names": "shop:1"}, "these are all records of"),
        ({"kind": "split", "names": " \n"}, "name the records"),
        ({"kind": "merge", "names": "shop:1\nshop:9"}, "no customer record shop:9"),
        ({"kind": "apart", "names": "shop:1\nshop:2"}, f"{merged.decision_id} together say the opposite"),
        ({"kind": "undo", "names": merged.decision_id, "about": "contact"}, "no merge or split"),
        ({"kind": "merge", "names": "shop:1\nshop:2", "why": " "}, "say why"),
    ):
        answer = _decide(ui, login, **asked).text
        assert "Nothing was decided" in answer and why in answer
    assert "没有客户记录 shop:9" in _decide(ui, login, "zh", kind="merge", names="shop:1\nshop:9").text
    assert "the next refresh follows it" in _decide(ui, login, kind="undo", names=merged.decision_id).text
    assert [item.kind for item in decisions.history(home)] == ["merge", "undo"]
    assert "Take back" not in _get(ui, "identity?lang=en", token).text


def test_nobody_decides_without_the_right_or_from_another_site(ui: server.Server, token: str, home: Home) -> None:
    before = decisions.history(home)
    looks_on, cookie = _signed(ui, token, role="VIEWER"), {"Cookie": f"_token={token}"}
    asked = {"kind": "merge", "names": "shop:1\nshop:2"}
    assert _get(ui, "identity", looks_on).status_code == 200
    assert _decide(ui, {}, **asked).status_code == 401
    for headers in ({"Authorization": f"Bearer {looks_on}"}, cookie, cookie | {"Sec-Fetch-Site": "cross-site"}):
        assert _decide(ui, headers, **asked).status_code == 403
    assert decisions.history(home) == before


def _answer(ui: server.Server, headers: dict[str, str], lang: str = "en", **asked: str) -> httpx.Response:
    page = f"{ui.address}/sales-warehouse/{INCIDENT}&lang={lang}"
    return httpx.post(page, data=asked, headers=headers, timeout=20)


def test_an_incident_is_decided_on_its_page(ui: server.Server, token: str, home: Home) -> None:
    login = {"Authorization": f"Bearer {token}"}
    assert "Kept" in _answer(ui, login, decision="acknowledge", note="looking").text
    assert f"acknowledged by {ui.user} before" in _answer(ui, login, decision="acknowledge").text
    assert f"已由 {ui.user} 确认" in _answer(ui, login, "zh", decision="acknowledge").text
    assert "不是日期，请写成" in _answer(ui, login, "zh", decision="snooze", until="tomorrow").text
    accepted = {"decision": "accept_playbook", "playbook": "intercept", "owner": "市场总监", "until": "2026-07-10"}
    assert "Kept" in _answer(ui, login, **accepted).text
    page = _get(ui, INCIDENT, token).text
    assert "acknowledged" in page and "looking" in page and ui.user in page
    assert "2026-07-10" in page and "市场总监" in page
    assert "Kept" in _answer(ui, login, decision="finish_action", playbook="intercept").text
    assert "Kept" in _answer(ui, login, decision="snooze", until="2026-07-20").text
    for asked, why in (
        ({"decision": "snooze", "until": "2026-06-01"}, "snooze until a business date after"),
        ({"decision": "snooze", "until": "soon"}, "is no day; write one as"),
        ({"decision": "assign"}, "say whom it is assigned to"),
        ({"decision": "accept_playbook"}, "say which playbook"),
        ({"decision": "reopen"}, "only what is closed can be reopened"),
    ):
        answer = _answer(ui, login, **asked).text
        assert "Nothing was decided" in answer and why in answer
    assert "没有客户记录 shop:9" in _decide(ui, login, "zh", kind="merge", names="shop:1\nshop:9").text
    kept = incident_decisions.log(home)
    assert [(d.kind, d.by, d.incident_key) for d in kept] == [
        (kind, ui.user, incident_marts.FALL) for kind in ("acknowledge", "accept_playbook", "finish_action", "snooze")
    ]
    assert _get(ui, "incident?key=nothing", token).status_code == 404


def test_nobody_decides_about_an_incident_without_the_right(ui: server.Server, token: str, home: Home) -> None:
    before = incident_decisions.log(home)
    looks_on, cookie = _signed(ui, token, role="VIEWER"), {"Cookie": f"_token={token}"}
    assert _get(ui, INCIDENT, looks_on).status_code == 200
    assert _answer(ui, {}, decision="resolve").status_code == 401
    for headers in ({"Authorization": f"Bearer {looks_on}"}, cookie, cookie | {"Sec-Fetch-Site": "cross-site"}):
        assert _answer(ui, headers, decision="resolve").status_code == 403
    assert incident_decisions.log(home) == before


def test_the_pages_stand_in_the_navigation(ui: server.Server, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    plugins = httpx.get(f"{ui.address}/api/v2/plugins", headers=headers, timeout=20).json()["plugins"]
    views = [view for plugin in plugins for view in plugin["external_views"]]
    names = [view["name"] for view in views]
    assert names == [
        "Sales board",
        "Incidents",
        "Customers",
        "Who is who",
        "Data Docs",
        "Quarantine",
        "Refreshes",
        "Models",
    ]
    assert all(not view["href"].startswith("/") for view in views)
    assert httpx.get(f"{ui.address}/api/v2/plugins/importErrors", headers=headers).json()["import_errors"] == []


def test_the_login_is_for_its_owner_alone(ui: server.Server, home: Home) -> None:
    file = password_file(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.secrets.stat().st_mode) == stat.S_IMODE(home.airflow.stat().st_mode) == 0o700
    assert ui.password not in ui.log.read_text(errors="replace")


def test_the_login_stays_the_same(tmp_path: Path) -> None:
    first = login.password(tmp_path / "new" / "login.json")
    assert len(first) >= 20
    assert login.password(tmp_path / "new" / "login.json") == first


def test_only_the_loopback_address_listens(ui: server.Server) -> None:
    sockets = [c for p in session_members(ui.process.pid) for c in p.net_connections("inet") if c.status == "LISTEN"]
    assert {c.laddr.ip for c in sockets} == {"127.0.0.1"}


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {other.getsockname()[1]}: .*name another"):
            checked(other.getsockname()[1])
    assert checked(free := free_port()) == free


def test_a_server_of_somebody_else_is_not_taken_for_ours(tmp_path: Path, ui: server.Server) -> None:
    stranger = server.Server(ui.address, ui.user, "another password", ui.process, tmp_path / "log")
    assert server.is_healthy(ui)
    assert not server.is_healthy(stranger)


def test_the_refresh_and_the_ui_share_one_home(ui: server.Server, home: Home) -> None:
    environment = psutil.Process(ui.process.pid).environ()
    assert (environment["AIRFLOW_HOME"], environment["SALES_WAREHOUSE_VAR"]) == (str(home.airflow), str(home.root))
