"""A sales-statistics warehouse: collect every channel, refuse or repair in the open, publish trusted numbers."""

__version__ = "0.1.0"
