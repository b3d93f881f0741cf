"""Any one delimited file as a table: dialect found or given, every line of the file accounted for."""

from __future__ import annotations

from sales_warehouse.reading.dialect import Given, GivenError, parse_given
from sales_warehouse.reading.read import Report, read_file

__all__ = ["Given", "GivenError", "Report", "parse_given", "read_file"]
