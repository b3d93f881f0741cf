"""One customer, read from what is published: found by what people know of it, told whole, in a hundred milliseconds."""

from sales_warehouse.customer.account import Account, Events, read_account
from sales_warehouse.customer.published import NothingPublished, opened
from sales_warehouse.customer.search import Found, find

__all__ = ["Account", "Events", "Found", "NothingPublished", "find", "opened", "read_account"]
