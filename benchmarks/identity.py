"""Who the customers are, of a hundred thousand and a million records: a first night, and one with 1 % changed.

`python benchmarks/identity.py --records 100000 --records 1000000 [--splink]`. Records are made by SQL: companies whose
names come from a few hundred words, so that many are alike, of two spellings, in 90 cities; a third of the companies
has a second record, a tenth a third one; half of the records have a credit code, one contact in twenty has a hotline,
one in six a free mail house. Plain Splink gets the same records with the comparisons that its documentation shows for
companies' like fields (Jaro-Winkler names, exact places, telephones, e-mails) and blocks on name, telephone and e-mail.
"""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from measured import machine, run

from sales_warehouse import settings

MADE = """
import sys
from pathlib import Path
from sales_warehouse import gate
from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, ident, literal

home, records, share, load = Home(Path(sys.argv[1]), "bench"), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
gate.ensure_schemas(home)
SYLLABLES = "康宁天和华安泰瑞圣永明德百益寿福顺昌盛兴隆嘉美佳乐仁济慈善同信达通远东方正大新世纪金银宝石山海川江河湖林森"
TRADES = ["医疗器械", "大药房连锁", "母婴用品", "健康体检中心", "医药", "生物科技", "贸易", "商贸", "电子商务", "食品"]
with connect(temp=home.tmp) as db:
    db.execute("create macro pick(listed, seed) as listed[1 + (hash(seed) % len(listed))::bigint]")
    syllables = list(SYLLABLES)
    cities = [a + b for a in syllables[:10] for b in "州阳城京津沙口门海"]
    db.execute(f'''create table companies as
        select i, pick({syllables}, i * 7) || pick({syllables}, i * 7 + 1)
                || case when i % 3 then pick({syllables}, i * 7 + 2) else '' end as brand,
            pick({TRADES}, i * 7 + 3) as trade, pick({cities}, i * 7 + 4) as city
        from range({records}) as t(i)''')
    # company i has record 0; one in three record 1; one in ten record 2
    db.execute(f'''create table rows as
        select * from (select *, n, hash(i * 31 + n) as h from companies, range(3) as t(n)
            where n = 0 or (n = 1 and i % 3 = 0) or (n = 2 and i % 10 = 0))
        where i * 1.4333 < {records}''')
    db.execute(f'''create table customers as
        select if(n = 0, 'crm', if(n = 1, 'shop', 'dealer')) as _source, 'k' || i as customer_id,
            case h % 4 when 0 then city || brand || trade || '有限公司'
                when 1 then brand || '（' || city || '）' || trade || '公司'
                when 2 then city || brand || trade || '有限责任公司' else brand || trade end as name,
            case when h % 2 = 0 then 'uscc' || lpad(i::varchar, 14, '0') end as uscc, trade as industry,
            case when h % 10 > 0 then city end as city, timestamp '2026-01-01' as created_at, h, i, n from rows''')
    db.execute('''create table contacts as
        select _source, 'p' || i as contact_id, _source || ':' || customer_id as customer_id,
            case when h % 20 = 3 then '+864008' || lpad((i % 300)::varchar, 6, '0')
                when h % 7 > 0 then '+86139' || lpad((i % 100000000)::varchar, 8, '0') end as phone,
            case when h % 6 = 1 then 'u' || i || '@163.com' when h % 6 > 1 then 'li@firma' || i || '.cn' end as email
        from customers''')
    changed = f"where hash(i * 101 + n) % 1000 < {int(share * 1000)}"
    if load != "1":
        db.execute("update customers set name = name || '集团', industry = '其他'")
    for entity in ("customers", "contacts"):
        schema = {name: kind for name, kind in load_contracts()[entity].schema.items() if name != "_load_id"}
        have = {name for name, *_ in db.execute(f"describe {entity}").fetchall()}
        where = changed if entity == "customers" or load == "1" else "where false"
        where = where if entity == "customers" else ("" if load == "1" else "where false")
        have |= {"_row_number"}
        cells = ", ".join(
            f"cast({ident(name) if name in have else 'null'} as {kind}) as {ident(name)}"
            for name, kind in schema.items())
        target = home.accepted / entity / f"_load_id={load}" / "all.0.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = f"(select *, 1 as _row_number from {entity})"
        db.execute(f"copy (select {cells} from {rows} {where}) to {literal(str(target))} (format parquet)")
    if load == "1":
        truth = literal(str(home.dir / "truth.parquet"))
        db.execute(f"copy (select _source || ':' || customer_id as id, i from customers) to {truth} (format parquet)")
"""
OURS = """
import datetime, sys
from pathlib import Path
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import identify

home, night = Home(Path(sys.argv[1]), "bench"), int(sys.argv[2])
print(identify(home, IdentityFile(), night, datetime.datetime(2026, 6, 28) + datetime.timedelta(days=night)))
"""
COUNTED = """
import sys
from pathlib import Path
from sales_warehouse.home import Home
from sales_warehouse.sql import connect

home = Home(Path(sys.argv[1]), "bench")
with connect(temp=home.tmp) as db:
    db.execute(f"create view x as select t.i, x.customer_key as k from '{home.identity}/customer_xref.parquet' x "
               f"join '{home.dir}/truth.parquet' t on t.id = x.source || ':' || x.customer_id")
    pairs = "(select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from x group by {}))"
    print(*db.execute("select " + ", ".join(pairs.format(by) for by in ("i, k", "k", "i"))).fetchone())
"""
PLAIN = """
import logging, sys
from pathlib import Path
import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
logging.getLogger("splink").setLevel(logging.ERROR)
home = Path(sys.argv[1])
db = duckdb.connect(config={"memory_limit": sys.argv[3], "temp_directory": str(home / "plain")})
db.execute(f'''create table records as
    select c._source || ':' || c.customer_id as unique_id, c.name, c.city, c.industry, c.uscc, p.phone, p.email
    from '{home}/bench/accepted/customers/_load_id=1/*.parquet' c
    left join '{home}/bench/accepted/contacts/_load_id=1/*.parquet' p
        on p.customer_id = c._source || ':' || c.customer_id''')
records = DuckDBAPI(connection=db).register("records")
linker = Linker(records, SettingsCreator(link_type="dedupe_only", comparisons=[
    cl.JaroWinklerAtThresholds("name", [0.9, 0.7]), cl.ExactMatch("city").configure(term_frequency_adjustments=True),
    cl.ExactMatch("industry"), cl.ExactMatch("uscc"), cl.ExactMatch("phone"), cl.EmailComparison("email")],
    blocking_rules_to_generate_predictions=[block_on("name"), block_on("uscc"), block_on("phone"), block_on("email")],
    ), log_level=None)
linker.training.estimate_probability_two_random_records_match([block_on("uscc")], recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("uscc"))
pairs = linker.inference.predict(threshold_match_probability=0.5)
groups = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
db.execute(f"create view x as select t.i, g.cluster_id as k from {groups.physical_name} g "
           f"join '{home}/bench/truth.parquet' t on t.id = g.unique_id")
pairs = "(select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from x group by {}))"
print(*db.execute("select " + ", ".join(pairs.format(by) for by in ("i, k", "k", "i"))).fetchone())
"""


def main(
    records: Annotated[list[int] | None, typer.Option(help="Customer records; may be repeated.")] = None,
    splink: Annotated[bool, typer.Option("--splink", help="Plain Splink on the same records as well.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where the records go; default: var/benchmark.")] = None,
) -> None:
    """Print Markdown: seconds, processor seconds, peak memory, and how many pairs of one company were found."""
    print(machine())
    print("\n| records | what | seconds | of processor | peak MiB | pairs found of | wrong pairs |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for count in records or [100_000]:
        place = (folder or settings.state_folder() / "benchmark").resolve() / "identity"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        output = place / "output.txt"
        for night, share, what in ((1, 1.0, "a first night"), (2, 0.01, "the night after, 1 % changed")):
            run([sys.executable, "-c", MADE, str(place), str(count), str(share), str(night)], output)
            _measure(count, what, [OURS, str(place), str(night)], output, counted=[COUNTED, str(place)])
        _measure(count, "the same night again", [OURS, str(place), "2"], output, counted=[COUNTED, str(place)])
        if splink:
            _measure(count, "plain Splink, all records", [PLAIN, str(place), "1", settings.memory_limit()], output)
        shutil.rmtree(place)


def _measure(count: int, what: str, program: list[str], output: Path, counted: list[str] | None = None) -> None:
    """Print a row; `counted` is the program that tells what was found, where the measured one does not."""
    before = _processor()
    seconds, memory = run([sys.executable, "-c", *program], output)
    worked = _processor() - before
    if counted:
        run([sys.executable, "-c", *counted], output)
    both, joined, of = (float(word) for word in output.read_text().split()[-3:])
    found = f"{both:,.0f} of {of:,.0f} | {joined - both:,.0f}"
    print(f"| {count:,} | {what} | {seconds:.1f} | {worked:.1f} | {memory.peak():,.0f} | {found} |", flush=True)


def _processor() -> float:
    """Seconds that ended children have worked, on all cores; what other programs took is not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(main)
