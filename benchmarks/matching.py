"""Who is one on public sets with labels and on made ones: ours, plain Splink as documented, and exact matching.

`python benchmarks/matching.py --data FOLDER`, where FOLDER has fake_1000.csv, fake_1000_labels.csv, febrl1.csv and
febrl3.csv. Ours is `sales-warehouse match` with `matching_sets/*.yml`; it never sees a label. Plain Splink
has the settings of its documentation ("Deduplicating the febrl3 dataset", "Evaluation when you have fully labelled
data"), its groups are made at 0.95, as its start page does, and at the best of twelve thresholds, chosen with the
labels. Exact matching joins records with one name and one date of birth, or company name and telephone.
"""

from __future__ import annotations

import csv
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import duckdb
import made_records
import typer
from measured import machine

from sales_warehouse.company.load import load_file
from sales_warehouse.identity.match import match
from sales_warehouse.identity.match_settings import MatchSettings

HERE = Path(__file__).parent
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999)
OWN = 0.95
Groups = dict[str, str]  # record → its group
Told = dict[tuple[str, str], bool]  # pairs that a person has judged


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return f"{self.precision:.4f} | {self.recall:.4f} | {self.f1:.4f}"


@dataclass(frozen=True)
class Labelled:
    """A table, how it is matched, and who is who."""

    name: str
    file: Path
    settings: MatchSettings
    truth: Groups
    exact: tuple[str, ...]
    told: Told | None = None


def pairwise(found: Groups, truth: Groups) -> Score:
    """Score all pairs of records."""
    both = _pairs((found[record], entity) for record, entity in truth.items())
    return Score(both / max(_pairs(found.values()), 1), both / max(_pairs(truth.values()), 1))


def b_cubed(found: Groups, truth: Groups) -> Score:
    """Score each record by its group and take the mean (Bagga and Baldwin 1998)."""
    both = Counter((found[record], entity) for record, entity in truth.items())
    groups, entities = Counter(found.values()), Counter(truth.values())
    squares = [(count * count, groups[group], entities[entity]) for (group, entity), count in both.items()]
    precision, recall = (sum(square / sizes[at] for square, *sizes in squares) / len(truth) for at in (0, 1))
    return Score(precision, recall)


def judged(found: Groups, told: Told) -> Score:
    """Score the pairs that a person has judged."""
    both = sum(is_one and found[left] == found[right] for (left, right), is_one in told.items())
    joined = sum(found[left] == found[right] for left, right in told)
    return Score(both / max(joined, 1), both / max(sum(told.values()), 1))


def _pairs(values: Any) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(values).values())


def labelled(data: Path) -> list[Labelled]:
    """Return the public sets; raises FileNotFoundError."""
    fake = _rows(data / "fake_1000.csv")
    told = {
        (row["unique_id_l"], row["unique_id_r"]): float(row["clerical_match_score"]) >= 0.5
        for row in _rows(data / "fake_1000_labels.csv")
    }
    people = ("first_name", "surname", "dob")
    sets = [
        Labelled(
            "fake_1000", data / "fake_1000.csv", _settings("fake_1000"),
            {row["unique_id"]: row["cluster"] for row in fake}, people, told,
        )
    ]  # fmt: skip
    for name in ("febrl1", "febrl3"):
        truth = {row["rec_id"]: row["rec_id"].split("-")[1] for row in _rows(data / f"{name}.csv")}
        exact = ("given_name", "surname", "date_of_birth")
        sets.append(Labelled(name, data / f"{name}.csv", _settings("febrl"), truth, exact))
    return sets


def made(what: str, folder: Path, *, originals: int, seed: int) -> Labelled:
    """Return a made set of people or companies."""
    file = folder / f"{what}_{seed}.csv"
    made_records.write(file, what, originals, seed)
    exact = ("given_name", "surname", "born") if what == "people" else ("name", "phone")
    truth = {row["id"]: row["entity"] for row in _rows(file)}
    return Labelled(f"made {what}, seed {seed}", file, _settings(what), truth, exact)


def _settings(name: str) -> MatchSettings:
    return load_file(HERE / "matching_sets" / f"{name}.yml", MatchSettings)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return [{name.strip(): value.strip() for name, value in row.items()} for row in csv.DictReader(handle)]


def ours(table: Labelled) -> Groups:
    """Return the groups that `match` makes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "clusters.csv"
        match(table.file, table.settings, out, Path(folder) / "pairs.csv")
        return {row[table.settings.id]: row["cluster_id"] for row in _rows(out)}


def exactly(table: Labelled) -> Groups:
    """Return groups of records with the same values in the telling columns, none of them missing."""
    groups = {}
    for row in _rows(table.file):
        values = [row[column] for column in table.exact]
        groups[row[table.settings.id]] = "|".join(values) if all(values) else row[table.settings.id]
    return groups


def plain(table: Labelled) -> dict[float, Groups]:
    """Return the groups of Splink with documented settings, by threshold."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    rows, key = _rows(table.file), table.settings.id
    with duckdb.connect() as connection:
        columns = ", ".join(f'nullif(trim("{name}"), \'\') as "{name.strip()}"' for name in rows[0])
        reader = f"read_csv('{table.file}', all_varchar = true, header = false, skip = 1, names = {list(rows[0])})"
        connection.execute(f"create table records as select {columns} from {reader}")
        api = DuckDBAPI(connection=connection)
        documented, learn = _documented(table)
        linker = Linker(api.register("records"), documented, log_level=None)
        learn(linker)
        pairs = linker.inference.predict(threshold_match_probability=0.01)
        found = {}
        for threshold in THRESHOLDS:
            groups = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            )
            told = connection.execute(f'select "{key}", cluster_id from {groups.physical_name}').fetchall()
            found[threshold] = {str(record): str(group) for record, group in told}
        return found


def _documented(table: Labelled) -> tuple[Any, Callable[[Any], None]]:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    fields = table.settings.fields
    if table.name == "fake_1000":
        comparisons = [
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ]
        blocks, training = ["first_name", "surname", "dob", "email"], [["dob"], ["email"], ["first_name", "surname"]]
        certain: list[Any] = [
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ]
        recall, without_frequencies = 0.7, True
    elif "soc_sec_id" in fields:
        comparisons = [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ]
        blocks, training = (
            ["soc_sec_id", "given_name", "surname", "date_of_birth", "postcode"],
            [["date_of_birth"], ["postcode"]],
        )
        certain = [
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
        ]
        recall, without_frequencies = 0.9, False
    elif "born" in fields:  # the made people, as people are documented
        comparisons = [
            cl.ForenameSurnameComparison("given_name", "surname"),
            cl.DateOfBirthComparison("born", input_is_string=True),
            cl.JaroWinklerAtThresholds("street", [0.9, 0.7]),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("phone", [1, 2]),
            cl.EmailComparison("email"),
        ]
        blocks, training = ["given_name", "surname", "born", "phone", "email"], [["born"], ["phone"], ["email"]]
        certain, recall, without_frequencies = (
            [block_on("given_name", "surname", "born"), block_on("email")],
            0.7,
            False,
        )
    else:
        comparisons = [
            cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("street", [0.9, 0.7]),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("phone", [1, 2]),
        ]
        blocks, training = ["name", "street", "phone"], [["name"], ["phone"]]
        certain, recall, without_frequencies = [block_on("name", "town"), block_on("phone")], 0.7, False

    def learn(linker: Any) -> None:
        linker.training.estimate_probability_two_random_records_match(certain, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=2)
        for columns in training:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*columns), estimate_without_term_frequencies=without_frequencies
            )

    settings = SettingsCreator(
        unique_id_column_name=table.settings.id,
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(column) for column in blocks],
    )
    return settings, learn


def _show(table: Labelled) -> None:
    started = time.process_time()
    found = {"ours": ours(table)}
    worked = time.process_time() - started
    by_threshold = plain(table)
    best = max(by_threshold, key=lambda threshold: pairwise(by_threshold[threshold], table.truth).f1)
    found[f"plain Splink, {OWN}"] = by_threshold[OWN]
    found[f"plain Splink, its best ({best})"] = by_threshold[best]
    found["exact"] = exactly(table)
    records, entities = len(table.truth), len(set(table.truth.values()))
    for name, groups in found.items():
        pairs, records_ = pairwise(groups, table.truth), b_cubed(groups, table.truth)
        print(f"| {table.name} ({records:,} → {entities:,}) | {name} | {pairs} | {records_} |", flush=True)
    for name, groups in found.items() if table.told else ():
        assert table.told
        print(f"| {table.name}, {len(table.told):,} judged pairs | {name} | {judged(groups, table.told)} | | | |")
    print(f"<!-- ours: {worked:.0f} s of processor -->")


def main(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the public sets.")],
    seed: Annotated[int, typer.Option(help="Of the made sets.")] = 20261129,
) -> None:
    """Print Markdown: precision, recall and F1 of pairs and B-cubed, each set with four ways."""
    print(machine())
    print("\n| set (records → who) | way | pairs: precision | recall | F1 | B-cubed: precision | recall | F1 |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        sets = labelled(data)
        sets += [made(what, Path(folder), originals=1_000, seed=seed) for what in ("people", "companies")]
        for table in sets:
            _show(table)


if __name__ == "__main__":
    typer.run(main)
