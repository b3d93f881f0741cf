"""The collector: systems post events to it, and it answers 2xx only when an event cannot be lost any more.

A request is verified (`standard`, `wechat`), its body made readable (`content`), and the event committed to the
journal together with all others that wait (`writer`, `journal`). Finished files of the spool (`segments`) are then a
source like any other: JSON Lines below `${WEBHOOK_SPOOL}/<endpoint>`. Nothing here imports Airflow.
"""
