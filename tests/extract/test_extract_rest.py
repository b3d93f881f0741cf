"""REST APIs against a real server with real faults: everything lands or nothing does."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from api_server import Answer, Api, Request, serving
from extract_sources import Desk, rows, source

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, rest
from sales_warehouse.extract.session import asked_pause


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "read", partial(rest.read, pause_seconds=0.01))


def _read(
    desk: Desk, api: Api, *, connection: dict | None = None, extract: dict | None = None, **table: Any
) -> Extraction:
    given = {"type": "rest", "base_url": f"{api.url}/v1", "attempts": 3, "timeout_seconds": 5} | (connection or {})
    described = {"path": "orders", "records": "data", "columns": ["id", "amount"]} | table
    return desk.extract(source(given, orders=described), **(extract or {}))


def _record(number: int) -> dict[str, Any]:
    return {"id": number, "amount": f"{number}.50"}


def _expected_records(count: int) -> list[dict[str, Any]]:
    return [_record(n) for n in range(1, count + 1)]


def _expected(count: int) -> list[tuple]:
    return [(str(n), f"{n}.50") for n in range(1, count + 1)]


def _paged(request: Request, parameter: str, size: int, total: int, first: int = 1, step: int = 1) -> list[dict]:
    start = (int(request.query.get(parameter, first)) - first) * (size // step if step != 1 else size)
    return [_record(n) for n in range(start + 1, min(start + size, total) + 1)]


def _why(error: pytest.ExceptionInfo, api: Api) -> str:
    return str(error.value).replace(api.url.removeprefix("http://"), "HOST")


def test_records_land_as_text_with_the_digits_that_were_sent(desk: Desk, api: Api) -> None:
    api.script(Answer('{"data": [{"id": 1234567890123456789, "amount": 1.10, "customer": {"id": 7, "n": 1.0}}]}'))
    done = _read(desk, api, columns=["id", "amount", "customer.id", "customer"])
    assert rows(done) == [("1234567890123456789", "1.10", "7", '{"id": 7, "n": 1.0}')]
    assert [(item.origin, item.rows) for item in done.landed] == [("orders", 1)]
    assert api.requests[0].path == "/v1/orders"


def test_a_record_that_the_reader_loses_is_caught(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.answer = lambda request: Answer({"data": _paged(request, "p", 1000, 10_000)})
    decode = rest.msgspec.json.decode

    def careless(body: bytes, **more: Any) -> Any:
        found = decode(body, **more)
        return [item for item in found if b'"id": 7777,' not in bytes(item)] if isinstance(found, list) else found

    monkeypatch.setattr(rest.msgspec.json, "decode", careless)
    found = _read(desk, api, pagination={"type": "page", "parameter": "p", "size": 1000})
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert [item.reason[:80] for item in found.refused] == [
        "orders: the source has 10,000 rows, the reader counted 9,999 and wrote 9,999; no"
    ]
    monkeypatch.undo()
    monkeypatch.setattr(rest, "read", partial(rest.read, pause_seconds=0.01))
    found = _read(desk, api, pagination={"type": "page", "parameter": "p", "size": 1000})
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert [(item.rows, item.reported) for item in found.landed] == [(10_000, 10_000)]


def test_pages_by_number_until_one_is_empty(desk: Desk, api: Api) -> None:
    api.answer = lambda request: Answer({"data": _paged(request, "p", 10, 25)})
    done = _read(desk, api, pagination={"type": "page", "parameter": "p", "size": 10, "size_parameter": "per_page"})
    assert rows(done) == _expected(25)
    once = [{"p": str(n), "per_page": "10"} for n in (1, 2, 3, 4)]
    assert [request.query for request in api.requests] == once * 2, "read again: nothing else proves that no row moved"


def test_numbered_pages_that_hold_still_need_no_second_reading(desk: Desk, api: Api) -> None:
    api.answer = lambda request: Answer({"data": _paged(request, "page", 10, 25)})
    assert rows(_read(desk, api, pagination={"type": "page", "size": 10, "reread": False})) == _expected(25)
    assert len(api.requests) == 4


def test_a_total_that_stays_saves_the_second_reading(desk: Desk, api: Api) -> None:
    api.answer = lambda request: Answer({"data": _paged(request, "page", 10, 20), "meta": {"total": 20}})
    done = _read(desk, api, pagination={"type": "page", "size": 10, "total_path": "meta.total"})
    assert rows(done) == _expected(20)
    assert len(api.requests) == 3, "the total may be too low, so the pages are read until there are no more"


@pytest.mark.parametrize("total", [19, 10, 0, "20 or so", None], ids=str)
def test_a_total_that_is_too_low_or_none_cuts_nothing_off(desk: Desk, api: Api, total: object) -> None:
    wrong = [True]

    def answer(request: Request) -> Answer:
        data = _paged(request, "page", 10, 20)
        wrong[0] = wrong[0] and bool(data)  # right from the second reading on
        return Answer({"data": data, "total": total if wrong[0] else 20})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "page", "size": 10, "total_path": "total"})
    assert rows(done) == _expected(20)


def test_the_end_of_numbered_pages_may_be_a_404(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        data = _paged(request, "page", 10, 20)
        return Answer({"data": data}) if data else Answer(status=404)

    api.answer = answer
    assert rows(_read(desk, api, pagination={"type": "page", "size": 10})) == _expected(20)


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_a_record_that_moves_to_a_page_that_was_read_is_not_lost(desk: Desk, api: Api, kind: str) -> None:
    there = list(range(1, 26))

    def answer(request: Request) -> Answer:
        start = int(request.query["offset"]) if kind == "offset" else 10 * (int(request.query["page"]) - 1)
        data = [_record(n) for n in there[start : start + 10]]
        if len(api.requests) == 1:
            there.remove(3)  # now 11 is on the first page, which was read
        return Answer({"data": data})

    api.answer = answer
    done = _read(desk, api, pagination={"type": kind, "size": 10})
    assert {row[0] for row in rows(done)} == {str(n) for n in range(1, 26)}
    assert [(item.rows, item.reported, item.origin) for item in done.landed] == [
        (24, 24, "orders"),
        (24, 24, "orders, read again 1"),
    ]


def test_pages_that_are_smaller_than_they_are_asked_for_are_read_again_too(desk: Desk, api: Api) -> None:
    there = list(range(1, 26))

    def answer(request: Request) -> Answer:
        start = 10 * (int(request.query["page"]) - 1)  # whatever page is asked for has ten records
        data = [_record(n) for n in there[start : start + 10]]
        if len(api.requests) == 1:
            there.remove(3)
        return Answer({"data": data})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "page", "size_parameter": "per_page", "size": 500})
    assert {row[0] for row in rows(done)} == {str(n) for n in range(1, 26)}


@pytest.mark.parametrize("later", [[], [_record(1)]])
def test_what_a_reading_saw_stays_when_a_later_one_sees_less(desk: Desk, api: Api, later: list) -> None:
    pages = [_expected_records(20), [_record(21)], [], later, []]
    api.answer = lambda request: Answer({"data": pages[min(len(api.requests), len(pages)) - 1]})
    done = _read(desk, api, pagination={"type": "page", "size_parameter": "per_page", "size": 20})
    assert rows(done) == _expected(21)
    assert [(item.rows, item.origin) for item in done.landed] == [(21, "orders")]


def test_without_a_second_reading_that_record_would_be_lost(desk: Desk, api: Api) -> None:
    there = list(range(1, 26))

    def answer(request: Request) -> Answer:
        start = 10 * (int(request.query["page"]) - 1)
        data = [_record(n) for n in there[start : start + 10]]
        if len(api.requests) == 1:
            there.remove(3)
        return Answer({"data": data})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "page", "size": 10, "reread": False})
    assert "11" not in {row[0] for row in rows(done)}


def test_an_api_that_never_holds_still_is_taken_with_a_note(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        count = 20 + len(api.requests)
        return Answer({"data": _paged(request, "page", 10, count)})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "page", "size": 10})
    assert done.notes == ["orders: records changed all the while; what any of 4 readings saw was taken"]
    assert {row[0] for row in rows(done)} >= {str(n) for n in range(1, 31)}


@pytest.mark.parametrize("status", [400, 410])
def test_a_cursor_that_expires_is_started_again(desk: Desk, api: Api, status: int) -> None:
    def answer(request: Request) -> Answer:
        start = int(request.query.get("after", 0))
        if start == 20 and len(api.requests) < 4:
            return Answer(status=status)
        following = start + 10 if start < 20 else None
        return Answer({"data": [_record(n) for n in range(start + 1, min(start + 10, 25) + 1)], "next": following})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "cursor", "parameter": "after", "cursor_path": "next"})
    assert rows(done) == _expected(25)
    assert [request.query.get("after") for request in api.requests] == [None, "10", "20", None, "10", "20"]


def test_a_cursor_that_always_expires_lands_nothing(desk: Desk, api: Api) -> None:
    api.answer = lambda request: (
        Answer(status=410) if "after" in request.query else Answer({"data": [_record(1)], "next": 1})
    )
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, pagination={"type": "cursor", "parameter": "after", "cursor_path": "next"})
    assert _why(error, api) == (
        "shop: orders: HOST answers 410 to a following page, after 1 records; nothing was taken. "
        "Check `pagination`; if it is right, try again later"
    )


def test_a_total_that_is_not_reached_lands_nothing(desk: Desk, api: Api) -> None:
    api.answer = lambda request: Answer({"data": _paged(request, "page", 10, 20), "total": 21})
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, pagination={"type": "page", "size": 10, "total_path": "total"})
    assert str(error.value) == (
        "shop: orders: the API says 21 records and gave 20; nothing was taken. "
        "Check `pagination`; if it is right, try again later"
    )


def test_offsets(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        offset = int(request.query["offset"])
        return Answer({"data": [_record(n) for n in range(offset + 1, min(offset + 10, 25) + 1)]})

    api.answer = answer
    assert rows(_read(desk, api, pagination={"type": "offset", "size": 10})) == _expected(25)
    assert [request.query for request in api.requests][1] == {"offset": "10", "limit": "10"}


def test_an_api_that_gives_less_than_a_page_would_lose_rows_by_offset(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        offset = int(request.query["offset"])
        return Answer({"data": [_record(n) for n in range(offset + 1, min(offset + 10, 250) + 1)]})

    api.answer = answer
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api, pagination={"type": "offset", "size": 100})
    assert str(error.value) == (
        "shop: orders: the API gives 10 records for a page of 100, so offsets would skip rows; "
        "set pagination.size to what it gives"
    )


def test_cursors(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        start = int(request.query.get("after", 0))
        following = start + 10 if start < 20 else None
        return Answer({"data": [_record(n) for n in range(start + 1, min(start + 10, 25) + 1)], "next": following})

    api.answer = answer
    done = _read(desk, api, pagination={"type": "cursor", "parameter": "after", "cursor_path": "next"})
    assert rows(done) == _expected(25)


@pytest.mark.parametrize("in_header", [True, False], ids=["in the Link header", "in the answer"])
def test_links(desk: Desk, api: Api, in_header: bool) -> None:
    def answer(request: Request) -> Answer:
        page = int(request.query.get("page", 1))
        link = f"{api.url}/v1/orders?page={page + 1}" if page < 3 else None
        headers = {"Link": f'<{link}>; rel="next"'} if in_header and link else {}
        return Answer({"data": _paged(request, "page", 10, 25), "next": None if in_header else link}, headers=headers)

    api.answer = answer
    pagination = {"type": "link"} if in_header else {"type": "link", "cursor_path": "next"}
    assert rows(_read(desk, api, pagination=pagination)) == _expected(25)


def test_the_login_is_not_sent_to_another_host(desk: Desk, api: Api) -> None:
    with serving() as other:
        api.script(Answer({"data": [_record(1)], "next": f"{other.url}/steal"}))
        with pytest.raises(SourceMisconfigured) as error:
            _read(desk, api, pagination={"type": "link", "cursor_path": "next"})
        assert other.requests == []
    assert "the next page is on another host" in str(error.value)
    assert str(error.value).endswith("; the login is not sent there")


@pytest.mark.parametrize(
    ("auth", "seen"),
    [
        ({"type": "bearer", "token": "${TOKEN}"}, lambda r: r.headers["Authorization"] == "Bearer canary"),
        ({"type": "api_key", "value": "${TOKEN}"}, lambda r: r.headers["X-API-Key"] == "canary"),
        (
            {"type": "api_key", "name": "key", "value": "${TOKEN}", "location": "query"},
            lambda r: r.query["key"] == "canary",
        ),
    ],
    ids=["bearer", "key in a header", "key in the query"],
)
def test_the_login_is_sent_and_never_told(
    desk: Desk, api: Api, caplog: pytest.LogCaptureFixture, auth: dict, seen: Any
) -> None:
    caplog.set_level("DEBUG")
    environment = {"environment": {"TOKEN": "canary"}}
    api.script(Answer({"data": [_record(1)]}), Answer(status=401), Answer(status=500))
    _read(desk, api, connection={"auth": auth}, extract=environment)
    assert seen(api.requests[0])
    for kind in (SourceMisconfigured, SourceUnavailable):
        with pytest.raises(kind) as error:
            _read(desk, api, connection={"auth": auth}, extract=environment)
        assert "canary" not in str(error.value)
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    assert not [record for record in ours if "canary" in record.getMessage()]


def test_a_login_whose_secret_is_not_set(desk: Desk, api: Api) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api, connection={"auth": {"type": "bearer", "token": "${TOKEN}"}})
    assert str(error.value) == "shop: connection: the environment variable TOKEN is not set; set it and run again"


GOOD = Answer({"data": [_record(1)]})


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Answer(status=500)], id="500"),
        pytest.param([Answer(status=503), Answer(status=502)], id="503 and 502"),
        pytest.param([Answer(status=429)], id="429 without Retry-After"),
        pytest.param([Answer('{"data": [{"id": 1')], id="half a JSON"),
        pytest.param([Answer({"data": [_record(1)]}, cut=5)], id="a broken connection"),
        pytest.param([Answer("<html>busy</html>")], id="a page for people"),
    ],
)
def test_faults_that_pass_are_waited_out(desk: Desk, api: Api, faults: list[Answer]) -> None:
    api.script(*faults, GOOD)
    assert rows(_read(desk, api)) == [("1", "1.50")]
    assert len(api.requests) == len(faults) + 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(Answer(status=500), "HOST answers 500 after 3 tries; try again later", id="500"),
        pytest.param(Answer(status=429), "HOST answers 429 after 3 tries; try again later", id="429"),
        pytest.param(
            Answer('{"data": [{"id": 1'),
            "HOST answers 18 bytes that are not a whole JSON text after 3 tries; try again later",
            id="half a JSON",
        ),
        pytest.param(
            Answer({"data": [_record(1)]}, cut=5),
            "HOST cannot be reached (ChunkedEncodingError), 3 times; is it running, is base_url right?",
            id="a broken connection",
        ),
    ],
)
def test_faults_that_stay_land_nothing(desk: Desk, api: Api, fault: Answer, message: str) -> None:
    api.script(fault)
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api)
    assert _why(error, api) == f"shop: orders: {message}"
    assert len(api.requests) == 3


def test_a_slow_api_is_not_waited_for_for_ever(desk: Desk, api: Api) -> None:
    api.script(Answer({"data": []}, seconds=2))
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, connection={"timeout_seconds": 0.2, "attempts": 2})
    assert _why(error, api) == (
        "shop: orders: no answer from HOST within 0.2 s, 2 times; try again later or raise timeout_seconds"
    )


def test_an_api_that_is_down(desk: Desk) -> None:
    with serving() as api:
        pass
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api)
    assert _why(error, api) == (
        "shop: orders: HOST cannot be reached (ConnectionError), 3 times; is it running, is base_url right?"
    )


@pytest.mark.parametrize("as_date", [False, True], ids=["in seconds", "as a date"])
def test_nothing_is_asked_before_retry_after(desk: Desk, api: Api, as_date: bool) -> None:
    value = email.utils.formatdate(time.time() + 2.5, usegmt=True) if as_date else "1"
    api.script(Answer(status=429, headers={"Retry-After": value}), GOOD)
    assert rows(_read(desk, api)) == [("1", "1.50")]
    assert api.requests[1].at - api.requests[0].at >= 1


def test_a_date_that_no_calendar_has_asks_for_no_pause(desk: Desk, api: Api) -> None:
    odd = "Fri, 31 Dec 10000 23:59:59 GMT"
    api.script(Answer(status=429, headers={"Retry-After": odd}), GOOD)
    assert rows(_read(desk, api)) == [("1", "1.50")]
    assert asked_pause({"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT", "Date": odd}, 1830297599) == 0


@pytest.mark.parametrize("link", ["http://[next", 5, ["next"]])
def test_what_is_no_address_of_a_page_is_named(desk: Desk, api: Api, link: object) -> None:
    api.script(Answer({"data": [_record(1)], "next": link}))
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, pagination={"type": "link", "cursor_path": "next"})
    assert _why(error, api).startswith("shop: orders: page 1 of HOST cannot be followed (")
    assert str(error.value).endswith("no cursor and no address; check `pagination`")


def test_names_in_an_answer_may_be_chinese(desk: Desk, api: Api) -> None:
    api.script(
        Answer({"结果": {"订单 '列表'": [_record(1)]}, "下一页": "b"}),
        Answer({"结果": {"订单 '列表'": [_record(2)]}, "下一页": None}),
    )
    pagination = {"type": "cursor", "cursor_path": "'下一页'"}
    assert rows(_read(desk, api, records="$.结果.订单 '列表'", pagination=pagination)) == _expected(2)
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api, pagination={"type": "cursor", "cursor_path": "下一页"})
    assert str(error.value).startswith("shop: orders: pagination.cursor_path '下一页' is no path in JSON; a name with")


def test_an_answer_may_begin_with_a_byte_order_mark(desk: Desk, api: Api) -> None:
    api.script(Answer(b"\xef\xbb\xbf" + GOOD.bytes()))
    assert rows(_read(desk, api)) == [("1", "1.50")]


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ({"base_url": "api.example.com/v2"}, "shop: connection.base_url is no address such as"),
        ({"base_url": "http://[canary"}, "shop: connection.base_url is no address such as"),
        ({"base_url": "http://canary:99999"}, "shop: connection.base_url is no address such as"),
        ({"auth": {"type": "bearer", "token": "canary\nX: 1"}}, "shop: connection.auth.token: it has a line end"),
        ({"auth": {"type": "api_key", "value": "canary钥匙"}}, "shop: connection.auth.value: it has a line end"),
        ({"headers": {"X-Tenant": "canary公司"}}, "shop: connection.headers.X-Tenant: it has a line end"),
        (
            {"auth": {"type": "oauth2_client_credentials", "token_url": "x", "client_id": "a", "client_secret": "b"}},
            "shop: connection.auth.token_url is no address such as",
        ),
    ],
)
def test_a_connection_that_cannot_be_is_told_at_once_and_without_its_secrets(
    desk: Desk, api: Api, connection: dict, told: str
) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api, connection=connection)
    assert str(error.value).startswith(told)
    assert "canary" not in str(error.value)
    assert api.requests == []


def test_the_line_end_of_a_file_is_no_part_of_a_secret(desk: Desk, api: Api) -> None:
    api.script(GOOD)
    _read(
        desk,
        api,
        connection={"auth": {"type": "bearer", "token": "${TOKEN}"}},
        extract={"environment": {"TOKEN": "a\n"}},
    )
    assert api.requests[0].headers["Authorization"] == "Bearer a"


def test_a_header_may_have_the_signs_of_latin_1(desk: Desk, api: Api) -> None:
    api.script(GOOD)
    _read(desk, api, connection={"headers": {"X-Tenant": "Müller"}})
    assert api.requests[0].headers["X-Tenant"] == "Müller"


def test_a_pause_that_is_too_long_ends_the_visit_at_once(desk: Desk, api: Api) -> None:
    api.script(Answer(status=503, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api)
    assert _why(error, api) == "shop: orders: HOST answers 503 and wants a pause of 3600 s; try again after that"
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({"Retry-After": ""}, 0, id="an empty one"),
        pytest.param({"Retry-After": " 7 "}, 7, id="seconds"),
        pytest.param({"Retry-After": "soon"}, 0, id="a word"),
        pytest.param({"Retry-After": "\u0667"}, 0, id="a digit of another script"),
        pytest.param({"Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20, id="a date"),
        pytest.param(
            {"Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT", "Date": "Thu, 01 Jan 1970 00:01:50 GMT"},
            10,
            id="a date by the clock of the server",
        ),
        pytest.param({"Retry-After": "Thu, 01 Jan 1970 00:00:02 GMT"}, 0, id="a date that has passed"),
    ],
)
def test_the_pause_that_an_answer_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert asked_pause(headers, now=100) == seconds


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check path and params"),
        (401, "the login was refused; check auth and the rights of its account"),
        (403, "the login was refused; check auth and the rights of its account"),
        (404, "there is no such resource; check base_url and path"),
    ],
)
def test_mistakes_of_ours_are_not_tried_again(desk: Desk, api: Api, status: int, advice: str) -> None:
    api.script(Answer("personal data", status=status))
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api)
    assert _why(error, api) == f"shop: orders: HOST answers {status}; {advice}"
    assert len(api.requests) == 1


def test_a_redirect_is_not_followed_with_the_login(desk: Desk, api: Api) -> None:
    api.script(Answer(status=301, headers={"Location": "http://new.example/v1"}))
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api)
    assert _why(error, api) == (
        "shop: orders: HOST answers 301; the resource moved to new.example; mend base_url and path"
    )


def test_a_fault_on_a_later_page_lands_nothing_but_a_retry_gives_all(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        broken = request.query["page"] == "2" and len(api.requests) <= 4
        return Answer(status=500) if broken else Answer({"data": _paged(request, "page", 10, 25)})

    api.answer = answer
    with pytest.raises(SourceUnavailable):
        _read(desk, api, pagination={"type": "page", "size": 10})
    assert rows(_read(desk, api, pagination={"type": "page", "size": 10})) == _expected(25)


def test_a_page_that_comes_twice_is_not_believed(desk: Desk, api: Api) -> None:
    api.script(Answer({"data": [_record(1), _record(2)]}))
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, pagination={"type": "page"})
    assert str(error.value) == (
        "shop: orders: page 2 repeats an earlier one; nothing was taken. Check `pagination`; "
        "if it is right, try again later"
    )


def test_records_that_are_not_there_are_a_mistake(desk: Desk, api: Api) -> None:
    api.script(Answer({"items": []}))
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api)
    assert str(error.value) == "shop: orders: the answer has nothing at 'data'; check `records`"


def test_a_list_at_the_root(desk: Desk, api: Api) -> None:
    api.script(Answer([_record(1), _record(2)]))
    assert rows(_read(desk, api, records=None)) == _expected(2)


def test_a_record_that_is_no_object_is_malformed(desk: Desk, api: Api) -> None:
    api.script(Answer('{"data": [{"id": 1, "amount": "1.50"}, 5, {"id": 2, "id": 3}]}'))
    done = _read(desk, api)
    assert rows(done, columns="id, _malformed, _raw") == [
        ("1", None, None),
        (None, "record 2: JSON, but not an object with one value for each key", "5"),
        (None, "record 3: the key 'id' is there twice", '{"id": 2, "id": 3}'),
    ]
    assert done.landed[0].malformed == 2


def test_a_cursor_goes_on_where_the_last_visit_ended_with_an_overlap(desk: Desk, api: Api) -> None:
    changed = [{"id": 1, "updated": "2026-01-02T10:00:00Z"}, {"id": 2, "updated": "2026-01-02T09:00:00Z"}]
    api.script(Answer({"data": changed}))
    table = {"columns": ["id"], "cursor": "updated", "cursor_parameter": "since", "overlap_minutes": 30}
    first = _read(desk, api, **table)
    assert first.landed[0].cursor == "2026-01-02T10:00:00Z"
    _read(desk, api, extract={"cursors": {"orders": first.landed[0].cursor}}, **table)
    assert api.requests[1].query == {"since": "2026-01-02T09:30:00Z"}


def test_a_cursor_that_finds_nothing_lands_nothing(desk: Desk, api: Api) -> None:
    api.script(Answer({"data": []}))
    done = _read(desk, api, columns=["id"], cursor="updated")
    assert (done.landed, done.skipped) == ([], 1)


def test_the_pages_end_where_the_visit_began(desk: Desk, api: Api) -> None:
    api.script(Answer({"data": [{"id": 1, "updated": "2026-01-02T10:00:00Z"}]}))
    table = {"columns": ["id"], "cursor": "updated", "cursor_parameter": "since", "until_parameter": "until"}
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _read(desk, api, extract={"cursors": {"orders": "2026-01-01T00:00:00Z"}}, **table)
    assert api.requests[0].query["since"] == "2025-12-31T23:00:00Z"
    assert before <= api.requests[0].query["until"] <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@pytest.mark.parametrize("records", [[], [_record(1)]], ids=["empty pages", "pages with something new"])
@pytest.mark.parametrize("kind", ["cursor", "link"])
def test_pages_that_lead_back_to_one_that_was_read_end(desk: Desk, api: Api, kind: str, records: list) -> None:
    def answer(request: Request) -> Answer:
        new = [record | {"amount": len(api.requests)} for record in records]
        following = f"{api.url}/v1/orders?cursor=x" if kind == "link" else "x"
        return Answer({"data": new, "next_cursor": following})

    api.answer = answer
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, api, pagination={"type": kind, "cursor_path": "next_cursor"}, connection={"attempts": 2})
    assert str(error.value) == (
        "shop: orders: after 2 pages the API leads back to one of them; nothing was taken. Check `pagination`; if it "
        "is right, try again later"
    )
    assert len(api.requests) == 6


def test_empty_pages_do_not_go_on_for_ever(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_warehouse.extract.reading.MOST_EMPTY", 5)
    api.answer = lambda request: Answer({"data": [], "next_cursor": str(len(api.requests))})
    with pytest.raises(SourceUnavailable, match="5 pages in a row are empty and more follow"):
        _read(desk, api, pagination={"type": "cursor"}, connection={"attempts": 1})


def latest(found: Extraction) -> dict:
    cursor = found.landed[-1].cursor
    fingerprints = {item.origin: item.fingerprint for item in found.landed}
    return {"latest": {"orders": fingerprints}, "cursors": {"orders": cursor} if cursor else {}}


@pytest.mark.parametrize("cursor", [None, "updated"], ids=["all of it", "from a cursor"])
def test_what_is_read_again_and_is_the_same_lands_once(desk: Desk, api: Api, cursor: str | None) -> None:
    record = {"id": 1, "amount": "5", "updated": "2026-01-02T10:00:00Z"}
    table = {"columns": ["id", "amount", "updated"], "cursor": cursor}
    api.script(Answer({"data": [record]}))
    first = _read(desk, api, **table)
    again = _read(desk, api, extract=latest(first), **table)
    assert (again.landed, again.skipped, again.notes) == ([], 1, [])
    assert list((desk.folder / "landed2" / "orders").iterdir()) == []
    api.script(Answer({"data": [record | {"amount": "6"}]}))
    assert rows(_read(desk, api, extract=latest(first), **table), columns="amount") == [("6",)]


def test_another_record_that_cannot_be_read_is_something_new(desk: Desk, api: Api) -> None:
    api.script(Answer('{"data": [5]}'))
    first = _read(desk, api)
    assert _read(desk, api, extract=latest(first)).landed == []
    api.script(Answer('{"data": [6]}'))
    assert rows(_read(desk, api, extract=latest(first)), columns="_raw") == [("6",)]


def test_what_several_readings_brought_is_not_taken_for_the_first_of_them(desk: Desk, api: Api) -> None:
    """A record that went back to what the first reading of the last visit had is news: the later ones had another."""
    table = {"pagination": {"type": "page", "reread": True}}
    answers = [[_record(1)], [], [_record(2)], [], [_record(2)], []]
    api.script(*(Answer({"data": data}) for data in answers))
    first = _read(desk, api, **table)
    assert len(first.landed) == 2
    api.requests.clear()
    api.answer = lambda request: Answer({"data": [_record(1)] if request.query["page"] == "1" else []})
    assert rows(_read(desk, api, extract=latest(first), **table)) == _expected(1)
