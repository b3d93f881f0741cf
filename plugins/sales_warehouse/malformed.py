"""Why a row could not be read, in Chinese: readers say it in English, beside the row in landing."""

from __future__ import annotations

from sales_warehouse.sql import literal

WORDS = (  # what readers say, and the same in Chinese, in the order in which it is put into Chinese
    (r"^line (\d+): ", r"第 \1 行："),
    (r"^record (\d+): ", r"第 \1 条记录："),
    (r"(\d+) fields where the header has (\d+)", r"有 \1 个字段，表头有 \2 个"),
    (r"; the file ends here without a line end: was it cut off\?", "；文件到此为止且没有换行符，可能被截断"),
    (r"a quote is opened and never closed", "引号未闭合"),
    (r"; was the file cut off\?", "；文件可能被截断"),
    (r"a quote inside a quoted field is not doubled, or a quote is not closed", "字段内的引号未写成两个，或引号未闭合"),
    (r"a delimiter is expected after a closing quote", "引号闭合后应为分隔符"),
    (r"a line end of another kind inside a field without quotes", "未加引号的字段中有另一种换行符"),
    (r"a NUL byte", "含有 NUL 字节"),
    (r"a NUL character in a text", "文本中含有 NUL 字符"),
    (r"a text with half a character", "文本中有不完整的字符"),
    (r"a byte outside of the encoding: ", "有不属于该编码的字节："),
    (r"longer than (\d+) bytes \((\d+)\)", r"长度为 \2 字节，超过 \1 字节"),
    (r"nested too deep to be a record", "嵌套过深，不能作为一条记录"),
    (r"JSON, but not an object with one value for each key", "是 JSON，但不是每个键只有一个值的对象"),
    (r"the key (.+) is there twice", r"键 \1 出现两次"),
    (r"(-?(?:NaN|Infinity)) is not JSON", r"\1 不是 JSON"),
    (r"not JSON: a broken escape or an open bracket", "不是 JSON：转义有误或括号未闭合"),
    (r"not JSON: the text ends in the middle", "不是 JSON：文本在中途结束"),
    (r"not JSON: ", "不是 JSON："),
    (r"a text with a broken escape or character: ", "文本中有错误的转义或字符："),
    (r"not a record but (\w+)", r"不是一条记录，而是 \1"),
    (r"a value that cannot be written as JSON \((\w+)\)", r"有无法写成 JSON 的值（\1）"),
    (r": a text with bytes that are not UTF-8; mend it in the database, it comes again then",
     "：文本含有非 UTF-8 的字节；请在数据库中修正，之后会重新读取"),
    (r" holds no list: a list in JSON is expected", "：不是列表，应为 JSON 列表"),
    (r" \(cell ([A-Z]+\d+)\) has ", r"（单元格 \1）："),
    (r"the error ", "错误值 "),
    (r"a formula without a value: ", "公式没有计算值："),
    (r"a formula with a value that nobody calculated: ", "公式的值未经计算："),
    (r"a value that is not written as Excel writes it, so that it cannot be read: ",
     "值的写法与 Excel 不同，无法读取："),
    (r"open the workbook in Excel, save it and deliver it again", "请用 Excel 打开工作簿，保存后重新提供"),
    (r"a number of (\d+) digits, of which Excel keeps 15: store it as text",
     r"\1 位的数字，Excel 只保留 15 位：请存为文本"),
    (r"(\S+) for a number: mend it in Excel", r"数字为 \1：请在 Excel 中修正"),
    (r"no value of its own: it is in the merged cell (\S+), which has to be unmerged and filled in",
     r"没有自己的值：位于合并单元格 \1 中，请取消合并并填写"),
    (r"; ", "；"),
)  # fmt: skip


def in_chinese(text: str) -> str:
    """Return the SQL of what a reader said, given as SQL, in Chinese; names and values stay, as do words of others."""
    for told, chinese in WORDS:
        text = f"regexp_replace({text}, {literal(told)}, {literal(chinese)}, 'g')"
    return text
