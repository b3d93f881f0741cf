"""`match`: one table and a small configuration in, groups and pairs out; what cannot be matched is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import made_records
import matching
import pytest
from typer.testing import CliRunner

from sales_warehouse.cli import app
from sales_warehouse.identity import candidates, kinds, model
from sales_warehouse.identity import match as match_module
from sales_warehouse.identity.clusters import average_linkage
from sales_warehouse.identity.kinds import KINDS
from sales_warehouse.identity.match import match
from sales_warehouse.identity.match_settings import MatchSettings


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> matching.Labelled:
    return matching.made("people", tmp_path_factory.mktemp("people"), originals=300, seed=7)


def refused(tmp_path: Path, table: str, config: str) -> str:
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    (tmp_path / "match.yml").write_text(config, encoding="utf-8")
    arguments = [str(tmp_path / "table.csv"), "--config", str(tmp_path / "match.yml"), "--out", str(tmp_path / "o.csv")]
    result = CliRunner().invoke(app, ["match", *arguments])
    assert result.exit_code == 2
    assert not (tmp_path / "o.csv").exists()
    return result.stderr


@pytest.mark.slow
def test_made_people_are_found_in_spite_of_slips_and_changed_places(people: matching.Labelled) -> None:
    """The floor lies below what was measured (precision 0.99, recall 0.97), so that only a fault breaks it."""
    found = matching.ours(people)
    score = matching.pairwise(found, people.truth)
    assert score.precision > 0.97
    assert score.recall > 0.93
    assert matching.b_cubed(found, people.truth).f1 > 0.95


@pytest.mark.slow
def test_the_same_table_gives_the_same_bytes_and_each_record_one_row(people: matching.Labelled, tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = match(people.file, people.settings, tmp_path / f"{name}.csv", tmp_path / f"{name}.pairs.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.pairs.csv").read_bytes() == (tmp_path / "two.pairs.csv").read_bytes()
    with (tmp_path / "one.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["id"] for row in rows] == list(people.truth)
    assert done.records == len(rows)
    assert done.clusters == len({row["cluster_id"] for row in rows})
    probabilities = [float(row["probability"]) for row in csv.DictReader((tmp_path / "one.pairs.csv").open(newline=""))]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[-1] >= people.settings.review_above - 1e-6


def test_a_table_without_duplicates_stays_as_it_is(people: matching.Labelled, tmp_path: Path) -> None:
    with people.file.open(newline="") as handle:
        first = {row["entity"]: row for row in csv.DictReader(handle)}
    with (tmp_path / "table.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, next(iter(first.values())))
        writer.writeheader()
        writer.writerows(first.values())
    done = match(tmp_path / "table.csv", people.settings, tmp_path / "o.csv", tmp_path / "p.csv")
    assert (done.records, done.clusters) == (300, 300)


@pytest.mark.parametrize(
    ("table", "config", "said"),
    [
        pytest.param("id,name\n1,A\n", "id: id\nfields: {nam: text}\n", "no column 'nam'; did you mean 'name'?",
                     id="unknown column"),
        pytest.param("id,name\n1,A\n", "id: id\nfields: {name: nmae}\n", "match.yml:2: fields.name: unknown kind",
                     id="unknown kind"),
        pytest.param("id,name\n1,A\n", "id: id\nmerge_above: 1.2\nfields: {name: text}\n",
                     "match.yml:2: merge_above: Input should be less than 1", id="threshold above 1"),
        pytest.param("id,name\n1,A\n", "id: id\nmerge_above: 0.5\nreview_above: 0.6\nfields: {name: text}\n",
                     "review_above lies above merge_above", id="thresholds the wrong way round"),
        pytest.param("id,name\n1,A\n", "id: name\nfields: {name: text}\n", "leave it out of fields", id="id as field"),
        pytest.param("Cluster_ID,name\n1,A\n", "id: Cluster_ID\nfields: {name: text}\n",
                     "give the column another name", id="id as the result calls the cluster"),
        pytest.param("id,name\n1,A\n", "id: id\n", "fields: is missing", id="no fields"),
        pytest.param("id,name\n1,Ann\n1,Bob\n2,Cid\n", "id: id\nfields: {name: text}\n",
                     "id names more than one record: '1' in records 1, 2", id="an id twice"),
        pytest.param("id,name\n1,Ann\n,Bob\n", "id: id\nfields: {name: text}\n", "id is empty in record 2", id="no id"),
        pytest.param("id,name\n", "id: id\nfields: {name: text}\n", "no records", id="an empty table"),
        pytest.param("", "id: id\nfields: {name: text}\n", "nothing in it", id="an empty file"),
        pytest.param("\n\n", "id: id\nfields: {name: text}\n", "nothing in it", id="a file of empty lines"),
        pytest.param("id,name\n1,Ann\n2,Ann\n", "id: id\nfields: {name: text}\n", "nothing to tell records by",
                     id="one value everywhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_matched_is_refused_with_what_to_do(tmp_path: Path, table: str, config: str, said: str) -> None:
    assert said in refused(tmp_path, table, config)


@pytest.mark.parametrize(
    ("out", "pairs", "said"),
    [
        ("table.csv", "p.csv", "the table and --out"),
        ("o.csv", "sub/../table.csv", "the table and --pairs"),
        ("match.yml", "p.csv", "the settings and --out"),
        ("o.csv", "o.csv", "--out and --pairs"),
    ],
)
def test_nothing_is_written_over_what_is_read_or_written(tmp_path: Path, out: str, pairs: str, said: str) -> None:
    (tmp_path / "sub").mkdir()
    files = {"table.csv": "id,name\n1,Ann\n2,Bob\n", "match.yml": "id: id\nfields: {name: text}\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = [str(tmp_path / name) for name in ("table.csv", "match.yml", out, pairs)]
    shown = CliRunner().invoke(app, ["match", told[0], "--config", told[1], "--out", told[2], "--pairs", told[3]])
    assert shown.exit_code == 2 and said in shown.output
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in files} == files
    assert not (tmp_path / "o.csv").exists()


def test_one_record_is_a_cluster_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("id,name\n7,Ann\n", encoding="utf-8")
    settings = MatchSettings(id="id", fields={"name": "text"})
    done = match(tmp_path / "table.csv", settings, tmp_path / "o.csv", tmp_path / "p.csv")
    assert (done.records, done.clusters, done.told) == (1, 1, 0)
    assert (tmp_path / "o.csv").read_text(encoding="utf-8") == "id,cluster_id\n7,7\n"
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == "left_id,right_id,probability,is_one\n"


@pytest.mark.parametrize("key", ["place", "unique_id", "f0", "id"])
def test_whatever_the_id_is_called_each_record_has_its_own(tmp_path: Path, key: str) -> None:
    """Names that stand for something else while records are matched; blanks around an id are none of it."""
    table, people = tmp_path / "table.csv", ["Ann Lee,1985-03-12", "Bob Fox,1970-01-30", "Cid Ray,1999-12-01"]
    rows = [f"{number},{told}" for number, told in zip((90, 80, 70), people, strict=True)]
    table.write_text(
        "\n".join([f"{key},name,born", *rows, f" 85,{people[0]}", f" 95,{people[0]}"]) + "\n", encoding="utf-8"
    )
    settings = MatchSettings(id=key, fields={"name": "text", "born": "date"})
    match(table, settings, tmp_path / "o.csv", tmp_path / "p.csv")
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as handle:
        found = {row[key].strip(): row["cluster_id"] for row in csv.DictReader(handle)}
    assert found == {"90": "85", "80": "80", "70": "70", "85": "85", "95": "85"}


def test_a_companys_name_is_what_is_left_without_form_and_place(tmp_path: Path) -> None:
    """One core, one city and one telephone: the likeliest pair, though hardly a letter of the names is the same."""
    rows = ["1,上海康宁医疗器械有限公司,上海,021-55556666", "2,康寧（上海）醫療器械有限責任公司,上海,86-21-55556666"]
    others = [
        ("天和", "成都"),
        ("华安", "大连"),
        ("瑞圣", "武汉"),
        ("永泰", "西安"),
        ("明德", "成都"),
        ("百益", "大连"),
    ]
    rows += [f"{n},{name}贸易有限公司,{city},028-{n}111222{n}" for n, (name, city) in enumerate(others, 3)]
    (tmp_path / "table.csv").write_text("\n".join(["id,name,city,tel", *rows]) + "\n", encoding="utf-8")
    fields = {"name": "company_name", "city": "place", "tel": "phone"}
    settings = MatchSettings(id="id", fields=fields, merge_above=0.3, review_above=0.01)
    done = match(tmp_path / "table.csv", settings, tmp_path / "o.csv", tmp_path / "p.csv")
    assert done.clusters == 7
    assert (tmp_path / "p.csv").read_text().splitlines()[1].startswith("1,2,")


def test_a_place_is_known_in_names_without_what_kind_of_place_it_is(tmp_path: Path) -> None:
    """上海市 in the column, 上海 in the names: one core."""
    rows = ["1,上海康宁医疗器械有限公司,上海市", "2,康寧（上海）醫療器械公司,上海市", "3,成都天和贸易有限公司,成都市"]
    (tmp_path / "table.csv").write_text("\n".join(["id,name,city", *rows]) + "\n", encoding="utf-8")
    settings = MatchSettings(id="id", fields={"name": "company_name", "city": "place"})
    with duckdb.connect() as connection:
        connection.execute(f"create table table_given as from read_csv('{tmp_path}/table.csv', all_varchar = true)")
        match_module._prepare(connection, settings, match_module.Matched())
        cores = connection.execute("select f0_core from match_records order by unique_id").fetchall()
    assert cores == [("康宁医疗器械",), ("康宁医疗器械",), ("天和贸易",)]


@pytest.mark.parametrize(
    ("kind", "cell", "made"),
    [
        ("date", "1971-06-24", "19710624"),
        ("date", "19710624", "19710624"),
        ("date", "24/6/1971", "19710624"),
        ("date", "1971", "1971"),
        ("date", "n/a", None),
        ("date", "1971年6月24日", "19710624"),
        ("date", "１９７１ 年 06 月 24 日", "19710624"),
        ("date", "1971-06-24 08:30:00", "19710624"),
        ("date", "1971-12", "1971"),
        ("date", "1971年12月", "1971"),
        ("phone", "１３９－１２３４－５６７８", "912345678"),
        ("code", "Ａ－１２", "a12"),
        ("number", "１２５０", 1250.0),
        ("given_name", " Zoë-Ann ", "zoeann"),
        ("address", "12, Rue d'Été", "12 rue d ete"),
        ("phone", "+86 (139) 1234-5678 ext. 9", "912345678"),
        ("phone", "0139 1234 5678", "912345678"),
        ("email", " Ann@X.CN", "ann@x.cn"),
        ("number", "1,250.5", 1250.5),
        ("category", "NULL", None),
    ],
)
def test_a_cell_is_made_comparable(kind: str, cell: str, made: str | float | None) -> None:
    query = f"select {KINDS[kind].columns['']('cell')} from (select ? as cell)"
    assert duckdb.execute(query, [cell]).fetchone() == (made,)


def test_levels_are_told_as_they_are() -> None:
    """Changed places: the given name of one is the surname of the other; the pair is the same for both parts."""
    pairs = {("ann", "lee", "ann", "lee"): (0, 0), ("ann", "lee", "anne", "lee"): (1, 0),
             ("ann", "lee", "lee", "ann"): (3, 3), ("ann", "lee", "bob", "fox"): (4, 4),
             ("thomas", "gabriel", None, "thomas"): (3, -1), ("ann", None, "bob", "fox"): (4, -1)}  # fmt: skip
    given, surname = kinds.compare.compare_name("f0", "f1"), kinds.compare.compare_name("f1", "f0")
    for names, expected in pairs.items():
        with duckdb.connect() as connection:
            connection.execute("create table r (unique_id varchar, f0 varchar, f1 varchar)")
            connection.execute("insert into r values ('a', ?, ?), ('b', ?, ?)", names)
            connection.execute("create table p as select 'a' join_key_l, 'b' join_key_r, '0' match_key")
            found = model._patterns(connection, "r", [given, surname], "p")
            assert tuple(found.levels[0]) == expected, names


def test_of_long_cells_only_the_beginning_is_held_against_each_other_letter_by_letter(tmp_path: Path) -> None:
    """All pairs of thirty notes of 20,000 letters: looked at whole, they would take a quarter of an hour."""
    begun = "abcdefghij" * 30
    with duckdb.connect() as connection:
        [[is_close]] = connection.execute(
            f"select {kinds.compare.compare_words('t', 'w').levels[2].sql} "
            "from (select ? as t_l, ? as t_r, ['a'] as w_l, ['b'] as w_r)",
            [begun + "x" * 3000, begun + "y" * 3000],
        ).fetchall()
    assert is_close
    rows = [f"{number},{'abcdefghij' * 2000}{number},city {number}" for number in range(30)]
    (tmp_path / "table.csv").write_text("\n".join(["id,notes,city", *rows]) + "\n", encoding="utf-8")
    settings = MatchSettings(id="id", fields={"notes": "text", "city": "place"})
    assert match(tmp_path / "table.csv", settings, tmp_path / "o.csv", tmp_path / "p.csv").records == 30


def test_one_good_pair_does_not_fuse_two_groups() -> None:
    good = [("a", "b", 9.0), ("c", "d", 9.0), ("b", "c", 4.0)]
    against = [("a", "c", -5.0), ("a", "d", -5.0), ("b", "d", -5.0)]
    assert average_linkage(good + against, 0.0) == {"a": "a", "b": "a", "c": "c", "d": "c"}
    assert average_linkage(good, 0.0) == {"a": "a", "b": "a", "c": "c", "d": "c"}  # what is not given speaks against
    assert set(average_linkage(good + [(left, right, 1.0) for left, right, _ in against], 0.0).values()) == {"a"}


def test_keys_that_many_share_are_taken_together() -> None:
    """Twelve records of one town and one street each; only those with both in common are looked at."""
    with duckdb.connect() as connection:
        connection.execute("""
            create table k as
            select 'r' || i as unique_id, 0 as field, hash('town', i % 2) as key from range(12) t(i)
            union all select 'r' || i, 1, hash('street', i % 3) from range(12) t(i)""")
        candidates.combine(connection, "k", 2, "joint")
        candidates.pair_up(connection, "joint", 2, "p")
        found = connection.execute("select join_key_l, join_key_r from p order by all").fetchall()
    assert found == sorted(tuple(sorted((f"r{i}", f"r{i + 6}"))) for i in range(6))


def test_pairs_of_changed_records_are_all_that_is_looked_at() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table k as select 'r' || i as unique_id, hash(i % 2) as key from range(6) t(i)")
        connection.execute("create table c as select 'r4' as unique_id")
        candidates.pair_up(connection, "k", 10, "p", changed="c")
        found = connection.execute("select join_key_l, join_key_r from p order by all").fetchall()
        assert found == [("r0", "r4"), ("r2", "r4")]


def test_what_is_seen_at_random_is_not_what_is_seen_by_chance(tmp_path: Path) -> None:
    """In a table with many duplicates, pairs drawn at random agree in an e-mail because some are one."""
    made_records.write(tmp_path / "people.csv", "people", 300, 5)
    with duckdb.connect() as connection:
        connection.execute(f"""
            create table r as select id as unique_id, nullif(email, '') as f0, nullif(postcode, '') as f1
            from read_csv('{tmp_path}/people.csv', all_varchar = true)""")
        assert candidates.every_pair(connection, "r", "p")
        comparisons = [KINDS["email"].compare("f0"), KINDS["code"].compare("f1")]
        learnt = model.learn(connection, "r", comparisons, pairs="p")
        connection.execute(f"create table t as select id, entity from read_csv('{tmp_path}/people.csv')")
        truth = connection.execute(
            "select count(*) filter (l.entity = r.entity) / count(*) from t as l join t as r on l.id < r.id"
        ).fetchone()
    assert learnt.u["f0"][0] < 0.1 * learnt.probability * learnt.m["f0"][0]
    assert 0.5 * truth[0] < learnt.probability < 1.5 * truth[0]


def test_scores_are_those_worked_by_hand() -> None:
    """Two of three pairs that are one are joined, and one wrong one: {a b} {c d} {e}, truth {a b c}, {d}, {e}."""
    found = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3"}
    truth = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "z"}
    pairs, records = matching.pairwise(found, truth), matching.b_cubed(found, truth)
    assert (pairs.precision, pairs.recall) == (1 / 2, 1 / 3)
    assert records.precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)
    assert records.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
