"""Tables of people and of companies with known duplicates, spoilt as typists and forms spoil them; seeded.

Nothing of it is taken from the public sets: the words are made of syllables, frequent ones more often drawn than rare
ones, and the rates of errors were set before the first run and not changed after.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

HEADS, TAILS = (
    [
        "ba",
        "ca",
        "del",
        "el",
        "fa",
        "gra",
        "ho",
        "il",
        "ja",
        "ka",
        "lo",
        "mar",
        "ne",
        "or",
        "pe",
        "qui",
        "ro",
        "sa",
        "ti",
        "ul",
        "va",
        "wen",
        "yo",
        "zi",
    ],
    ["n", "nna", "rd", "s", "th", "la", "ck", "ro", "m", "tte"],
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TRADES = ["Foods", "Logistics", "Medical", "Textiles", "Software", "Garden", "Press", "Motors"]
FORMS = ["Ltd", "Limited", "GmbH", "Inc.", "Co., Ltd.", ""]
Row = dict[str, str]


class Chance(random.Random):
    """Draws of words: the one at place n about as often as 1 / n (Zipf)."""

    def word(self, seed: str, size: int) -> str:
        place = min(int(size ** self.random()), size - 1)
        made = random.Random(f"{seed}{place}")  # noqa: S311
        return "".join(made.choice(HEADS) for _ in range(made.choice((1, 2, 2)))).capitalize() + made.choice(TAILS)

    def slip(self, text: str) -> str:
        """Return a text with one letter changed, left out, put in or swapped with the next."""
        at = self.randrange(len(text)) if text else 0
        letter = self.choice("0123456789" if text[at : at + 1].isdigit() else LETTERS)
        ways = (text[:at] + letter + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] + letter + text[at:])
        return self.choice((*ways, text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]))


def _person(chance: Chance) -> Row:
    given, surname = chance.word("given", 300), chance.word("surname", 1_500)
    born = f"{chance.randint(1930, 2010)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    return {
        "given_name": given, "surname": surname, "born": born,
        "street": f"{chance.randint(1, 200)} {chance.word('street', 800)} Street", "town": chance.word("town", 120),
        "postcode": str(chance.randint(1000, 1600)), "phone": f"0{chance.randint(10**8, 10**9 - 1)}",
        "email": f"{given}.{surname}{chance.randint(1, 99)}@{chance.word('house', 40)}.example".lower(),
    }  # fmt: skip


def _spoil_person(chance: Chance, row: Row) -> Row:
    spoilt = dict(row)
    if chance.random() < 0.08:
        spoilt["given_name"], spoilt["surname"] = row["surname"], row["given_name"]
    if chance.random() < 0.08:
        spoilt["given_name"] = row["given_name"][: chance.choice((1, 3))]
    if chance.random() < 0.1:
        year, month, day = row["born"].split("-")
        spoilt["born"] = f"{year}-{day}-{month}" if int(day) < 13 else f"{year}-{month}-{chance.randint(1, 28):02d}"
    if chance.random() < 0.12:  # moved house
        spoilt |= {name: value for name, value in _person(chance).items() if name in ("street", "town", "postcode")}
    return _spoil(chance, spoilt)


def _company(chance: Chance) -> Row:
    return {
        "name": f"{chance.word('brand', 2_000)} {chance.choice(TRADES)} {chance.choice(FORMS)}".strip(),
        "street": f"{chance.randint(1, 300)} {chance.word('street', 400)} Road", "town": chance.word("town", 60),
        "phone": f"0{chance.randint(10**8, 10**9 - 1)}",
    }  # fmt: skip


def _spoil_company(chance: Chance, row: Row) -> Row:
    words = row["name"].split()
    form = chance.choice(FORMS) if chance.random() < 0.5 else words[-1]
    name = " ".join([*words[:2], form]).strip()
    return _spoil(chance, row | {"name": name.upper() if chance.random() < 0.2 else name})


def _spoil(chance: Chance, row: Row) -> Row:
    """Slips of the pen in one value of eight, and one of seven missing."""
    slipped = {name: chance.slip(value) if chance.random() < 0.12 else value for name, value in row.items()}
    return {name: "" if chance.random() < 0.14 else value for name, value in slipped.items()}


def write(target: Path, what: str, originals: int, seed: int) -> None:
    """Write a table with `id` and `entity`; six of ten have one record, the others two to five."""
    chance = Chance(seed)
    make, spoil = {"people": (_person, _spoil_person), "companies": (_company, _spoil_company)}[what]
    rows: list[Row] = []
    for entity in range(originals):
        original = make(chance)
        copies = chance.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 4))
        for row in [original, *(spoil(chance, original) for _ in range(copies))]:
            rows.append({"entity": str(entity), **row})
    chance.shuffle(rows)
    with target.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, ["id", *rows[0]])
        writer.writeheader()
        writer.writerows({"id": f"r{number}", **row} for number, row in enumerate(rows))
