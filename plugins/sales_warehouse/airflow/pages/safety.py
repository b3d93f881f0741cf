"""What a browser may do with our pages, and which files they may show."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from fastapi import HTTPException, Request, status
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

# Pages of our own: no script at all.
PLAIN = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
# One self-contained file with its scripts inside; it can reach nothing.
SELF_CONTAINED = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "connect-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A static site of several files, all from here.
SITE = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# dbt's documentation compiles its templates in the browser.
MODELS = SELF_CONTAINED.replace("script-src 'unsafe-inline'", "script-src 'unsafe-inline' 'unsafe-eval'")


def of_same_origin(request: Request) -> None:
    """Raise 403 for a form that another site sent with the cookie of somebody who is logged in here.

    Browsers say where a form comes from (Fetch Metadata); what is no browser brings a token instead of a cookie.
    """
    if request.headers.get("Authorization"):
        return
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "This form was not sent from here.")


def to_the_login(request: Request, error: Exception) -> Response:
    """Send a browser that is not logged in to Airflow's login, and back; everything else is told 401 as it is.

    A link in a message leads here. The login itself refuses to lead to another site.
    """
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        prefix = str(request.scope.get("root_path", "")).rpartition("/")[0]  # of Airflow itself, behind a proxy
        there = f"{prefix}/api/v2/auth/login?{urlencode({'next': str(request.url)})}"
        return RedirectResponse(there, status.HTTP_303_SEE_OTHER)
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def guarded(response: Response, policy: str) -> Response:
    """Add the headers that every page has."""
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def file_below(folder: Path, path: str) -> Path:
    """Return the file that a path of an address means. Raises 404 for anything that is not a file below the folder."""
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        found = file.is_relative_to(root) and file.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        found = False
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such file.")
    return file


def page_file(file: Path, policy: str) -> Response:
    """Return a file as a page."""
    return guarded(FileResponse(file), policy)
