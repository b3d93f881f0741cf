"""From the end of dbt to the last message of a night, with many rules: seconds and peak memory, step by step.

`python benchmarks/to_message.py --lines 1000000 --rules 200` makes the benchmark company with so many order lines, with
returns and market events, plants falls in its last weeks, gives it so many rules over its metrics and dimensions, and
runs `sales-warehouse run` on it as a process of its own. Messages go to files and over HTTP to this process, which
notes when they came. The night after, with 1 % new lines, follows: the first one builds everything anew, makes the page
of the models, and has two years of news. Counted is from the moment in which dbt has finished its last node; what the
alerts took inside of dbt is told apart. The code of the board is made beforehand, as it is once in a warehouse's life.
"""

from __future__ import annotations

import datetime
import itertools
import json
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from measured import Usage, machine, run
from run import CLI, COMPANY, write_night

from sales_warehouse import settings
from sales_warehouse.board import ensure_bundle
from sales_warehouse.demo.volume import Volume, write_volume
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.publish import current_folder

NIGHTS = {"first night": "2026-06-30", "night after": "2026-07-01"}
FALL_WEEK, RETURN_WEEK = "2026-06-22", "2026-05-18"  # Mondays; a return rate is mature after 30 days
FALL_REGION = "华东"
# What the company has figures of, and the limit of a threshold on each.
METRICS = {
    "net_sales": 50_000, "return_rate": 0.08, "revenue_per_customer": 20_000, "revenue_per_order": 20_000,
    "repurchase_rate": 0.2, "top3_customer_share": 0.3,
}  # fmt: skip
PLANTED = """
source: planted
label: {en: Returns and events, zh: 退货与事件}
owner: benchmark
expected_within_hours: 48
connection: {type: files, path: "${BENCHMARK_DATA}/planted"}
tables:
  returns: {files: returns.csv, format: csv, columns: [return_id, order_id, line_number, quantity, amount, returned_at]}
  events: {files: events.csv, format: csv, columns: [event_id, type, actor, region, category, starts_on, ends_on, what]}
mappings:
  - entity: returns
    from: returns
    columns:
      return_id: return_id
      order_id: order_id
      line_number: line_number
      quantity: quantity
      refund_amount: amount
      returned_at: returned_at
  - entity: market_events
    from: events
    columns:
      event_id: event_id
      event_type: type
      actor: actor
      region: {from: region, normalise: region}
      category: category
      starts_on: starts_on
      ends_on: ends_on
      description: what
"""
PLAYBOOK = {
    "id": "call", "name": {"en": "Call", "zh": "致电"}, "department": "sales", "owner": "sales", "causes": ["offer"],
    "steps": [{"en": "Call the five accounts that fell most", "zh": "致电下滑最多的五家客户"}],
}  # fmt: skip
# Models of what is judged and told; they are built by dbt before it ends.
OF_ALERTS = re.compile(r"(int_|fct_|kpi_)?(alert|incident|playbook|action)s?(_|$)")
SECONDS = re.compile(r"^([a-z_0-9]+).* \(([\d.]+) s\)$")

Span = tuple[datetime.datetime, datetime.datetime]


def rules(count: int) -> list[dict[str, Any]]:
    """So many rules of four kinds, spread over metrics, dimensions and periods; thresholds differ once all are used."""
    known = registry()
    listed: list[list[dict[str, Any]]] = []
    for name, limit in METRICS.items():
        metric, of_metric = known[name], []
        for grain in (each for each in metric.grains if each != "all"):
            for dimension in ("total", *metric.dimensions):
                where = {"metric": name, "grain": grain, "dimension": dimension}
                change = {"threshold_pp": 5} if metric.unit == "rate" else {"threshold_rate": 0.15}
                of_metric += [
                    {"kind": "percent_change", **where, **change},
                    {"kind": "seasonal_band", **where},
                    {"kind": "percent_change", **where, **change, "against": "year_before"},
                    {"kind": "threshold", **where, "threshold_value": limit},
                ]
        listed.append(of_metric)
    spread = [rule for some in itertools.zip_longest(*listed) for rule in some if rule]
    found = []
    for number in range(count):
        rule, again = spread[number % len(spread)], number // len(spread)
        more = {name: rule[name] * (1 + again / 10) for name in rule if name.startswith("threshold")}
        name, severity = {"en": f"Rule {number}", "zh": f"规则 {number}"}, ("critical", "warning", "info")[number % 3]
        about = {"id": f"r{number}", "name": name, "severity": severity, "owner": "benchmark", "playbook": "call"}
        found.append({**rule, **more, **about})
    return found


def write_company(place: Path, count: int) -> Path:
    """Write the benchmark company with its rules into a folder."""
    folder = place / "company"
    shutil.copytree(COMPANY, folder)
    (folder / "sources" / "planted.yml").write_text(PLANTED, encoding="utf-8")
    carriers = [{"type": "file"}, {"type": "apprise", "connection": "benchmark"}]
    for name, content in {
        "alerts": {"rules": rules(count), "carriers": carriers},  # JSON is YAML
        "playbooks": {"playbooks": [PLAYBOOK]},
    }.items():
        (folder / f"{name}.yml").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def write_data(place: Path, lines: int) -> None:
    """Write orders, of which six in ten of one region are cancelled in its last week, returns, and market events."""
    data, planted = place / "data", place / "data" / "planted"
    write_volume(data, Volume(lines=lines, customers=max(1000, lines // 100)))
    planted.mkdir()
    fallen = data / f"orders_{FALL_WEEK[:7]}.csv"
    with duckdb.connect() as db:
        db.execute(f"create table fallen as from read_csv('{fallen}', all_varchar = true)")
        db.execute(
            f"update fallen set status = 'cancelled' where region = '{FALL_REGION}' and hash(order_id) % 10 < 6 "
            f"and ordered_at::date between date '{FALL_WEEK}' and date '{FALL_WEEK}' + 6"
        )
        db.execute(f"copy fallen to '{fallen}' (format csv, header)")
        db.execute(
            f"""copy (
                select 'T' || order_id || '-' || line_number as return_id, order_id, line_number, 1 as quantity,
                    price as amount, ordered_at::timestamp + to_days((3 + hash(order_id) % 20)::int) as returned_at
                from read_csv('{data}/order_lines_*.csv') as lines
                join read_csv('{data}/orders_*.csv') as orders using (order_id)
                where status <> 'cancelled' and hash(order_id, line_number) % 100 < case
                    when date_trunc('week', ordered_at::timestamp) = date '{RETURN_WEEK}'
                        and hash(product_id) % 10 = 0 then 40 else 4 end
                    and returned_at < date '{NIGHTS["first night"]}'
            ) to '{planted}/returns.csv' (format csv, header)"""
        )
        db.execute(
            f"""copy (
                select 'E' || n as event_id, 'offer' as type, 'competitor' as actor,
                    ['华东', '华南', '华北', '华中', '西南', '西北', '东北'][1 + n % 7] as region, null as category,
                    date '{FALL_WEEK}' - (n * 3)::int as starts_on, starts_on + 6 as ends_on, 'an offer' as what
                from range(200) as t(n)
            ) to '{planted}/events.csv' (format csv, header)"""
        )


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[datetime.datetime, int]]]]:
    """A web service on this machine: its Apprise address, and when it got how many bytes."""
    got: list[tuple[datetime.datetime, int]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = len(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((datetime.datetime.now(datetime.UTC), size))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


def steps_of(home: Home) -> tuple[dict[str, Span], list[tuple[str, float, datetime.datetime]]]:
    """Start and end of each step of the run, and of each node of dbt its seconds and when it had finished."""
    spans: dict[str, Span] = {}
    nodes = []
    file = max(home.runs.glob("*/steps.jsonl"), key=lambda path: path.stat().st_mtime)
    for line in file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        at = datetime.datetime.fromisoformat(event["at"])
        spans[event["step"]] = (spans.get(event["step"], (at, at))[0], at)
        said = SECONDS.match(event.get("message", "")) if event["step"] == "transform" else None
        if said:
            nodes.append((said[1], float(said[2]), at))
    return spans, nodes


def counted(home: Home) -> Iterator[str]:
    """How many rows the published marts about alerts have."""
    folder = current_folder(home)
    assert folder is not None
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        for mart in ("alert_metrics", "alert_causes", "alert_events", "alert_playbooks", "fct_incidents"):
            yield f"{mart} {db.execute(f'select count(*) from marts.{mart}').fetchone()[0]:,}"


def told(home: Home, got: list[tuple[datetime.datetime, int]], seconds: float, memory: Usage) -> Iterator[str]:
    spans, nodes = steps_of(home)
    end_of_dbt, (last, _) = max(at for _, _, at in nodes), got[-1]
    parts = {
        "rest of transform: recipe of the night, page of the models": (end_of_dbt, spans["transform"][1]),
        "audit": spans["audit"],
        "publish, with the board": spans["publish"],
        "watch, to the last message": (spans["watch"][0], last),
    }
    inside = sum((end - start).total_seconds() for start, end in parts.values())
    whole = (last - end_of_dbt).total_seconds()
    yield "| | seconds | peak MiB |\n| --- | ---: | ---: |"
    for name, (start, end) in parts.items():
        yield f"| {name} | {(end - start).total_seconds():.1f} | {memory.peak(start, end):,.0f} |"
    yield f"| between the steps | {whole - inside:.1f} | |"
    yield f"| **end of dbt → last message** | **{whole:.1f}** | **{memory.peak(end_of_dbt, last):,.0f}** |"
    yield f"| whole refresh | {seconds:.1f} | {memory.peak():,.0f} |\n"
    of_alerts = sorted(((took, name) for name, took, _ in nodes if OF_ALERTS.match(name)), reverse=True)
    figures_at = next(at for name, _, at in nodes if name == "kpi_values")
    yield (
        f"Inside of dbt: models of alerts {sum(took for took, _ in of_alerts):.1f} s of all "
        f"{sum(took for _, took, _ in nodes):.1f} s; from the figures (kpi_values) to the end of dbt, other marts and "
        f"tests beside, {(end_of_dbt - figures_at).total_seconds():.1f} s. The slowest: "
        + ", ".join(f"{name} {took:.1f} s" for took, name in of_alerts[:6])
        + "."
    )
    yield f"{', '.join(counted(home))}; {len(got)} messages over HTTP, {sum(size for _, size in got):,} bytes."


def main(
    lines: Annotated[list[int], typer.Option(help="Order lines; may be given more than once.")] = [1_000_000],  # noqa: B006
    rules: Annotated[int, typer.Option(help="Rules of alerts.")] = 200,
    folder: Annotated[Path | None, typer.Option(help="Where data and state go; default: var/benchmark.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep data and state.")] = False,
) -> None:
    """Print a table of Markdown for each number of order lines."""
    folder = (folder or settings.state_folder() / "benchmark").resolve()
    print(f"{machine()}\n")
    for count in lines:
        place = folder / f"to_message_{count}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        began = time.monotonic()
        write_data(place, count)
        company = write_company(place, rules)
        print(f"### {count:,} order lines, {rules} rules (made in {time.monotonic() - began:.1f} s)\n", flush=True)
        ensure_bundle(place / "var")
        for night, date in NIGHTS.items():
            with receiver() as (url, got):
                state = {"SALES_WAREHOUSE_VAR": f"{place}/var", "BENCHMARK_DATA": f"{place}/data"}
                command = [str(CLI), "run", "--company", str(company), "--business-date", date]
                seconds, memory = run(command, place / "output.txt", **state, SALES_WAREHOUSE_APPRISE_URLS=url)
                if not got:
                    sys.exit(f"no message came; see {place / 'output.txt'}")
            lines_told = told(Home(place / "var", "benchmark"), got, seconds, memory)
            print("\n".join([f"The {night}, {date}:\n", *lines_told]) + "\n", flush=True)
            write_night(place, count)
        if not keep:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    typer.run(main)
