"""What of a person's name tells him from others: without titles and the ways of writing it; a department is nobody."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa

from sales_warehouse.identity.company_name import one_way

BETWEEN = re.compile(r"[\s·•.]+")
BEFORE = re.compile(r"^(mr|mrs|ms|miss|dr)[.\s]\s*")
AFTER = re.compile(r"(?<=..)(先生|女士|小姐|总经理|经理|总)$")
NOBODY = re.compile(
    r".*(部|部门|前台|总机|客服|办公室|服务台|收货处)|(采购|财务|设备|药剂|后勤|行政|人事|信息|销售|市场|仓库)(科|处|室|中心)?|"
    r"总?经理|先生|女士|小姐|老板|联系人|负责人|无名?|未知|不详|"
    r"info|sales|office|admin|reception|purchasing|procurement|finance|service|support|contact|unknown|none|null|n/?a|-+|"
    r".*@.*"
)
# Mailboxes that a department reads.
SHARED_MAILBOX = (
    r"^(info|sales|office|admin|contact|service|support|hr|reception|purchas[a-z]*|procurement|caigou|finance|caiwu|kefu|"
    r"marketing|hello|mail|postmaster|webmaster|no-?reply)[0-9]*@"
)


def person_name(text: str) -> str | None:
    """Return a name as it is compared, None where it names nobody (采购部, 前台, info).

    王伟先生 is 王伟, 張偉 is 张伟, Ｔｏｍ Ｌｉ is Tom Li. A surname keeps its title: 王总 and 王女士 are two.
    """
    plain = BETWEEN.sub("", BEFORE.sub("", one_way(text).strip()))
    plain = AFTER.sub("", plain)
    return None if not plain or NOBODY.fullmatch(plain) else plain


def compare_names(connection: duckdb.DuckDBPyConnection, names: str, into: str) -> None:
    """Make a table of every `text` of a query of names, and the `name` that it is."""
    texts = [text for (text,) in connection.execute(f"select distinct name from ({names}) order by name").fetchall()]
    told = pa.table({
        "text": pa.array(texts, pa.string()),
        "name": pa.array([None if text is None else person_name(text) for text in texts], pa.string()),
    })  # fmt: skip
    connection.register("names_compared", told)
    connection.execute(f"create or replace temp table {into} as from names_compared where text is not null")
    connection.unregister("names_compared")
