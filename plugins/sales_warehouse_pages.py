"""Airflow plugin: the product's pages in the navigation of Airflow's UI."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from sales_warehouse.airflow.pages.app import app

PREFIX = "/sales-warehouse"


def _page(name: str, route: str, path: str) -> dict[str, str]:
    """Return a page of the navigation; `href` has no leading slash, so that it works behind a prefix too."""
    return {
        "name": name,
        "href": f"{PREFIX.removeprefix('/')}/{path}",
        "destination": "nav",
        "url_route": route,
    }


class SalesWarehousePages(AirflowPlugin):
    """Eight pages, each behind the login."""

    name = "sales_warehouse_pages"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Sales warehouse"}]  # noqa: RUF012 (Airflow's way)
    external_views = [  # noqa: RUF012 (Airflow's way)
        _page("Sales board", "sales-board", "board"),
        _page("Incidents", "incidents", "incidents"),
        _page("Customers", "customers", "customers"),
        _page("Who is who", "who-is-who", "identity"),
        _page("Data Docs", "data-docs", "data-docs/"),
        _page("Quarantine", "quarantine", "quarantine"),
        _page("Refreshes", "refreshes", "refreshes"),
        _page("Models", "models", "models"),
    ]
