"""What dbt's own macros render to on DuckDB, for sqlfluff, which renders the models without dbt."""


def type_string() -> str:
    return "varchar"


def dateadd(datepart: str, interval: str, from_date_or_timestamp: str) -> str:
    return f"date_add({from_date_or_timestamp}, interval ({interval}) {datepart})"


def datediff(first: str, second: str, part: str) -> str:
    return f"date_diff('{part}', {first}, {second})"


def last_day(day: str, part: str) -> str:
    return f"cast(date_trunc('{part}', {day}) as date)"
