"""The channel contracts: what one row of each entity is, and the type of every column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

AMOUNT_DIGITS, VALUE_DIGITS = 13, 17  # before the point, of an amount and of a value to reach; marts hold one more
SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,2)",
    "price": "DECIMAL(18,4)",  # a unit price may be finer than the smallest coin
    "value": "DECIMAL(22,4)",  # to reach: a year's sales in dong or rupiah have more digits than an order
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}

# What every conformed row carries beside its own columns.
LINEAGE = {
    "_source": "VARCHAR",
    "_load_id": "VARCHAR",
    "_extracted_at": "TIMESTAMP",
    "_file": "VARCHAR",
    "_row_number": "BIGINT",
    "_is_deleted": "BOOLEAN",
    "_is_ended": "BOOLEAN",  # deleted because the newest version of its record gives it no more: no row of the source
    "_version_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class Column:
    """A column of a contract; `en` and `zh` say what it means.

    A column that names a record of another row has the entity of that record in `references`. Its values carry the
    source that gave the id, `<source>:<id>`, because one system may name the records of another. What has a check of
    its own (a credit code) is read by `normalise`, whatever a mapping says.
    """

    name: str
    type: str
    en: str
    zh: str
    references: str | None = None
    normalise: str | None = None

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]


# How new what a row says is, where the mapping can tell: of two rows of one record the later one counts.
VERSION = Column("_version_at", "timestamp", "how new this version of the record is", "该版本的时间")


# Before the name of a table that no mapping reads: as an entity it lets nothing in, and its malformed rows wait.
UNREAD = "table_"


@dataclass(frozen=True)
class Contract:
    """One entity: its grain, its key (the source is always the first part) and its columns in order."""

    entity: str
    grain_en: str
    grain_zh: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    version_by: str | None = None
    event_time: str | None = None
    recorded_time: str | None = None

    @property
    def references(self) -> dict[str, Column]:
        """The columns that name records, by name."""
        return {name: column for name, column in self.columns.items() if column.references}

    @property
    def schema(self) -> dict[str, str]:
        """Column name → DuckDB type, the lineage columns last."""
        return {column.name: column.sql_type for column in self.columns.values()} | LINEAGE


@cache
def load_contracts() -> dict[str, Contract]:
    """Return every contract of the product by entity name."""
    yaml = YAML(typ="safe")
    files = [f for f in resources.files(__name__).iterdir() if f.name.endswith(".yml")]
    contracts = [_contract(yaml.load(file.read_text(encoding="utf-8"))) for file in files]
    _check_references(contracts)
    return {contract.entity: contract for contract in sorted(contracts, key=lambda contract: contract.entity)}


def contract_of(entity: str) -> Contract:
    """Return the contract of an entity, or that of the rows of a table that no mapping reads."""
    found = load_contracts().get(entity)
    if found is None and entity.startswith(UNREAD):
        row = Column("record", "text", "a row that no mapping reads", "没有映射读取的行")
        return Contract(entity, row.en, row.zh, ("record",), {"record": row})
    return found or load_contracts()[entity]


def _check_references(contracts: list[Contract]) -> None:
    """A reference names an entity, as text. A key may hold one, where a row is about records that others own."""
    entities = {contract.entity for contract in contracts}
    for contract in contracts:
        for column in contract.references.values():
            where = f"contract {contract.entity}: {column.name}"
            if column.references not in entities:
                raise ValueError(f"{where} references {column.references!r}, which is no entity")
            if column.type != "text":
                raise ValueError(f"{where} is a reference, so it must be a text")


def _contract(data: dict) -> Contract:
    _check_words(data)
    columns = {
        name: Column(name, c["type"], c["en"], c["zh"], c.get("references"), c.get("normalise"))
        for name, c in data["columns"].items()
    }
    named = [*data["key"], *filter(None, (data.get(k) for k in ("version_by", "event_time", "recorded_time")))]
    missing = [name for name in named if name not in columns]
    if missing:
        raise ValueError(f"contract {data['entity']}: {', '.join(missing)} is named but is not a column")
    return Contract(
        entity=data["entity"],
        grain_en=data["grain"]["en"],
        grain_zh=data["grain"]["zh"],
        key=tuple(data["key"]),
        columns=columns,
        version_by=data.get("version_by"),
        event_time=data.get("event_time"),
        recorded_time=data.get("recorded_time"),
    )


def _check_words(data: dict) -> None:
    """Refuse a text that YAML cut in two: a comma inside braces begins another key, so such a text needs quotes."""
    for name, words in [("grain", data["grain"]), *data["columns"].items()]:
        stray = words.keys() - {"en", "zh", "type", "references", "normalise"}
        if stray:
            raise ValueError(f"contract {data['entity']}: {name} says {min(stray)!r} apart: put its text in quotes")
