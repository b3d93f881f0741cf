"""The command says causes in words and as JSON, reads any table, and refuses what it cannot use in plain words."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sales_warehouse.cli import app

HEADER = "region,channel,now,then,n_now,n_then\n"
REGIONS, CHANNELS = ("华东", "华北", "华南", "西南", "东北"), ("online", "store", "dealer", "phone")


def sales(factors: dict[tuple[str, str], float] | None = None) -> str:
    """Twenty cells of a thousand each that wobble by a few per cent, with a conversion of 30 % of 10,000 enquiries."""
    rows = []
    for at, (region, channel) in enumerate((region, channel) for region in REGIONS for channel in CHANNELS):
        factor = (factors or {}).get((region, channel), 1) * (1 + 0.01 * ((at * 7) % 5 - 2))
        rows.append(f"{region},{channel},{3000 * factor:.0f},3000,10000,10000")
    return HEADER + "\n".join(rows) + "\n"


FALL = sales({("华东", channel): 0.5 for channel in CHANNELS} | {("西南", "online"): 1.8})


def causes(tmp_path: Path, text: str, *options: str, attributes: str = "region,channel") -> Result:
    file = tmp_path / "cells.csv"
    file.write_text(text, encoding="utf-8")
    given = ["causes", str(file), "--attributes", attributes, "--actual", "now", "--forecast", "then", *options]
    return CliRunner().invoke(app, given)


def test_causes_are_said_in_english(tmp_path: Path) -> None:
    said = causes(tmp_path, FALL).stdout.replace(str(tmp_path), "")
    assert (
        said
        == """/cells.csv:
  The figure fell by 3,537.00, from 60,000.00 to 56,463.00.
  region 华东: −6,015.00, 170 % of the change, from 12,000.00 to 5,985.00.
  Against it, region 西南 and channel online: +2,508.00, from 3,000.00 to 5,508.00.
  Without this cell the change would be +2,478.00.
"""
    )


def test_causes_are_said_in_chinese(tmp_path: Path) -> None:
    said = causes(tmp_path, FALL, "--language", "zh").stdout.replace(str(tmp_path), "")
    assert (
        said
        == """/cells.csv:
  该指标下降 3,537.00，由 60,000.00 降至 56,463.00。
  region「华东」：−6,015.00，占变化的 170%，由 12,000.00 变为 5,985.00。
  反向变化的有region「西南」且channel「online」：+2,508.00，由 3,000.00 变为 5,508.00。
  若没有这一单元格，变化为 +2,478.00。
"""
    )


def test_a_ratio_is_split_into_rate_and_mix(tmp_path: Path) -> None:
    ratio = ("--actual-denominator", "n_now", "--forecast-denominator", "n_then")
    said = causes(tmp_path, sales({("华东", "online"): 0.5}), *ratio).stdout
    assert "region 华东 and channel online: −0.77 pp (−0.77 pp by its ratio, 0.00 pp by its weight)" in said


def test_a_fall_of_the_whole_while_every_part_rises_is_named(tmp_path: Path) -> None:
    text = HEADER + "small,a,108,10,900,100\nlarge,a,52,450,100,900\n"
    ratio = ("--actual-denominator", "n_now", "--forecast-denominator", "n_then")
    paradox = "Simpson's paradox by region: the whole fell although every region moved the other way"
    assert paradox in causes(tmp_path, text, *ratio).stdout
    assert (
        "辛普森悖论（按region）：整体下降，而每个region都反向变化"
        in causes(tmp_path, text, *ratio, "--language", "zh").stdout
    )
    found = json.loads(causes(tmp_path, text, *ratio, "--format", "json").stdout)
    assert found["splits"]["region"]["paradox"] == {"share": 1.0, "every": True}
    assert found["splits"]["channel"]["paradox"] is None


def test_a_pure_shift_of_mix_is_said_to_be_one(tmp_path: Path) -> None:
    text = HEADER + "online,a,210,150,700,500\nstores,a,150,250,300,500\n"
    ratio = ("--actual-denominator", "n_now", "--forecast-denominator", "n_then")
    said = causes(tmp_path, text, *ratio).stdout
    assert "By region it is a shift of mix: −4.00 pp from weights, 0.00 pp from ratios." in said
    found = json.loads(causes(tmp_path, text, *ratio, "--format", "json").stdout)
    assert (found["splits"]["region"]["rate"], found["splits"]["region"]["mix"]) == (0.0, -0.04)


def test_json_adds_up_and_names_elements_as_the_public_sets_do(tmp_path: Path) -> None:
    found = json.loads(causes(tmp_path, FALL, "--format", "json").stdout)
    assert found["set"] == "region=华东;region=西南&channel=online"
    assert sum(cause["contribution"] for cause in found["causes"]) + found["residual"] == pytest.approx(
        found["change"], abs=1e-9
    )
    least = json.loads(causes(tmp_path, FALL, "--format", "json", "--top", "1").stdout)
    assert [cause["text"] for cause in least["causes"]] == ["region=华东"]
    assert least["causes"][0]["contribution"] + least["residual"] == pytest.approx(least["change"], abs=1e-9)


def test_nothing_is_said_where_nothing_stands_out(tmp_path: Path) -> None:
    everywhere = sales({(region, channel): 0.9 for region in REGIONS for channel in CHANNELS})
    assert "No single cell stands out: the change is spread" in causes(tmp_path, everywhere).stdout
    assert json.loads(causes(tmp_path, sales(), "--format", "json").stdout)["causes"] == []


def test_several_files_have_a_line_each(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(sales(), encoding="utf-8")
    lines = causes(tmp_path, FALL, str(other), "--format", "json").stdout.splitlines()
    assert [Path(json.loads(line)["file"]).name for line in lines] == ["cells.csv", "other.csv"]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        (FALL, {"attributes": "region,city"}, "has no column city; its columns are region, channel, now, then"),
        (FALL, {"attributes": ""}, "no attributes: name at least one column"),
        (FALL, {"attributes": "region,region"}, "named twice: region"),
        (FALL.replace("1470", "many"), {}, "column now, row 1: “many” is not a number"),
        (FALL.replace("1470", ""), {}, "column now, row 1: empty is not a number"),
        (FALL.replace("1470", "inf"), {}, "column now, row 1: “inf” is not a number"),
        (FALL.replace("1470", "1e308"), {}, "column now, row 1: “1e308” is not a number, or beyond 1e+100"),
        (HEADER, {}, "has no rows"),
        (FALL, {"more": ("--actual-denominator", "n_now")}, "a ratio has two denominators"),
        (
            FALL.replace(",10000,10000", ",-5,10000", 1),
            {"more": ("--actual-denominator", "n_now", "--forecast-denominator", "n_then")},
            "column n_now, row 1: “-5” is not a number that is not negative",
        ),
        (
            FALL.replace(",10000,10000", ",0,0"),
            {"more": ("--actual-denominator", "n_now", "--forecast-denominator", "n_then")},
            "the change cannot be computed",
        ),
    ],
    ids=[
        "an attribute that is no column",
        "no attribute",
        "an attribute twice",
        "a word for a figure",
        "nothing for a figure",
        "infinity",
        "a number near the end of all numbers",
        "a header alone",
        "one denominator of two",
        "a negative denominator",
        "no denominator anywhere",
    ],
)
def test_bad_input_is_said_in_plain_words(tmp_path: Path, text: str, options: dict, says: str) -> None:
    result = causes(tmp_path, text, *options.get("more", ()), attributes=options.get("attributes", "region,channel"))
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_figure_may_have_any_size_and_a_name_any_sign(tmp_path: Path) -> None:
    rows = [
        f"{region},{channel},{1.5 if region == REGIONS[0] else 3 + at / 100}e40,3e40"
        for region in REGIONS
        for at, channel in enumerate(CHANNELS)
    ]
    text = "region,channel,now,then\n" + "\n".join(rows).replace(REGIONS[0], "East\0") + "\n"
    said = causes(tmp_path, text).stdout
    assert "region East\0: −" in said and ", 104 % of the change, from 120,000,000," in said


def test_an_attribute_may_be_called_like_anything_in_the_query(tmp_path: Path) -> None:
    renamed = FALL.replace("region", "f0").replace("channel", "k0")
    said = causes(tmp_path, renamed, attributes="f0,k0").stdout
    assert said.replace("f0", "region").replace("k0", "channel") == causes(tmp_path, FALL).stdout


def test_a_file_that_was_cut_short_on_its_way_is_no_table(tmp_path: Path) -> None:
    whole = gzip.compress("".join([FALL, *FALL.splitlines(keepends=True)[1:] * 2000]).encode())
    file = tmp_path / "cells.csv.gz"
    file.write_bytes(whole[: len(whole) // 2])
    given = ["causes", str(file), "--attributes", "region", "--actual", "now", "--forecast", "then"]
    result = CliRunner().invoke(app, given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cells.csv.gz: cannot be unpacked, Compressed file ended" in result.stderr
