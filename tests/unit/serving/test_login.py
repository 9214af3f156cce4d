"""Whoever is not logged in sees nothing, a viewer changes nothing, and no page of others acts in a person's name."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from starlette.websockets import WebSocketDisconnect

from serving.__main__ import server_options
from serving.accounts.attempts import OF_ACCOUNT, Attempts
from serving.accounts.password import hash_of, is_password
from tests.unit.serving.parts import FakeBus, make_api
from tests.unit.serving.query_parts import HASH, PASSWORD, query_api

ASKED = ("/api/reports", "/api/live/snapshot", "/api/anomalies", "/api/pipeline", "/api/quality", "/api/search")
STATE = "/api/anomalies/1/state"


def test_without_a_login_there_is_nothing_to_see_but_pages_and_words() -> None:
    with query_api() as api:
        for path in ASKED:
            answer = api.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "login_required"), path
        assert api.client.get("/api/session").json()["account"] is None
        assert api.client.get("/api/definitions").status_code == 200
        with api.client.websocket_connect("/ws/live") as socket:
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_text()
            assert closed.value.code == 4401


def test_every_route_but_the_named_ones_asks_for_a_login() -> None:
    open_to_all = {"/api/session", "/api/login", "/api/logout", "/api/definitions", "/api/data"}
    with query_api() as api:
        for path, methods in api.client.get("/openapi.json").json()["paths"].items():
            is_door = path in open_to_all or not path.startswith("/api/") or path.split("/")[2] in ("events", "beacon")
            for method in methods if not is_door else ():
                filled = path.replace("{anomaly_id}", "1").replace("{visitor}", str(uuid4()))
                answer = api.change(method, filled, {"state": "open", "value": 1})
                assert answer.status_code == 401, (method, path)


def test_a_login_lasts_while_account_and_password_are_what_they_were() -> None:
    with query_api() as api:
        told = api.log_in().json()
        assert (told["account"], told["role"]) == ("ada", "operator")
        assert api.client.get("/api/live/catalog").status_code == 200
        api.accounts["ada"] = replace(api.accounts["ada"], credential_id=uuid4())
        api.query.accounts.refresh()
        assert api.client.get("/api/live/catalog").status_code == 401
        api.log_in()
        assert api.client.get("/api/live/catalog").status_code == 200
        kept = api.client.cookies["millrace_session"]
        del api.accounts["ada"]
        api.query.accounts.refresh()
        assert api.client.get("/api/live/catalog").status_code == 401
        assert api.log_in().json()["code"] == "login_refused"
        api.log_in("bob")
        assert api.change("POST", "/api/logout", None).status_code == 204
        assert api.client.get("/api/live/catalog").status_code == 401
        forged = kept[:-2] + ("aa" if not kept.endswith("aa") else "bb")
        api.client.cookies["millrace_session"] = forged
        assert api.client.get("/api/live/catalog").status_code == 401


def test_a_session_ends_by_its_own_age_even_if_a_server_were_to_sign_it_anew() -> None:
    with query_api(api_session_hours=1) as api:
        api.log_in()
        assert api.query.session_seconds == 3600
        assert "Max-Age=3600" in api.log_in().headers["set-cookie"]


def test_wrong_name_and_wrong_password_are_one_answer_and_attempts_are_few() -> None:
    with query_api() as api:
        wrong, unknown = api.log_in(password="x"), api.log_in("nobody")
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()
        statuses = [api.log_in(password="x").status_code for _ in range(OF_ACCOUNT[1])]
        assert statuses[-1] == 429
        refused = api.log_in()
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert api.log_in("bob").status_code == 200


def test_an_address_is_that_of_the_connection_whatever_a_request_says_of_it() -> None:
    addresses = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        addresses.append(scope["client"][0])

    async def ask(app: Any) -> None:
        told = [(b"x-forwarded-for", b"10.1.0.1")]
        await app({"type": "http", "client": ("127.0.0.1", 1), "scheme": "http", "headers": told}, None, None)

    options = server_options(app, make_api(FakeBus()).ingest.settings, 15, lambda: None)
    options.load()
    asyncio.run(ask(options.loaded_app))
    assert addresses == ["127.0.0.1"]


def test_many_accounts_from_one_address_are_limited_too() -> None:
    attempts = Attempts(lambda: 0.0)
    waits = [attempts.take("10.0.0.1", f"account {number}") for number in range(40)]
    assert waits[0] == 0 < waits[-1]
    assert attempts.take("10.0.0.2", "ada") == 0


def test_an_unknown_account_takes_the_time_of_a_known_one() -> None:
    assert is_password(PASSWORD, HASH)
    assert not is_password(PASSWORD, None)
    assert not is_password(PASSWORD + "x" * 80, hash_of((PASSWORD + "x" * 80)[:72]))
    assert not is_password("a\0b" * 6, HASH)
    for password in ("short", "é" * 40):
        with pytest.raises(ValueError, match=r"has to have|may have"):
            hash_of(password)


def test_a_viewer_changes_nothing() -> None:
    with query_api() as api:
        api.log_in("bob")
        for method, path, body in (
            ("POST", STATE, {"state": "confirmed"}),
            ("PUT", "/api/pipeline/tunables/live_poll_seconds", {"value": 2}),
            ("GET", "/api/audit", None),
        ):
            answer = api.change(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "operator_only")


@pytest.mark.parametrize("token", [None, "", "x", "IngI.x", "\xe9"])
def test_a_change_without_the_token_of_its_session_is_refused(token: str | None) -> None:
    with query_api() as api:
        api.log_in()
        headers = {} if token is None else {"X-CSRFToken": token.encode("latin-1")}
        for path in (STATE, "/api/login", "/api/logout"):
            answer = api.client.post(path, json={"state": "open"}, headers=headers)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
        forged = api.client.post(STATE, data={"csrftoken": "x", "state": "open"})
        assert forged.json()["code"] == "csrf_failed"


def test_a_large_body_is_refused_before_it_is_kept() -> None:
    with query_api() as api:
        headers = {"X-CSRFToken": api.token(), "Content-Type": "application/json"}
        for body in (b"x" * 70_000, (b"x" * 1000 for _ in range(70))):
            answer = api.client.post("/api/login", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert api.client.post("/api/login", content=b"{", headers=headers).status_code == 422


def test_cookies_are_strict_signed_and_secure_where_browsers_come_by_tls() -> None:
    with query_api("https://shop.example", api_public_origin="https://shop.example") as api:
        given = api.client.get("/api/session").headers["set-cookie"]
        assert "SameSite=Strict" in given
        assert "Secure" in given
        session = api.log_in().headers["set-cookie"].lower()
        assert all(word in session for word in ("httponly", "samesite=strict", "secure"))
    with query_api() as api:
        assert "secure" not in api.log_in().headers["set-cookie"].lower()


def test_cookies_of_other_programs_on_the_machine_do_no_harm() -> None:
    with query_api() as api:
        api.log_in()
        own = "; ".join(f"{name}={value}" for name, value in api.client.cookies.items())
        headers = {"Cookie": f"a/b=1; {own}; \xe9=2".encode("latin-1")}
        assert api.client.get("/api/live/catalog", headers=headers).status_code == 200  # type: ignore[arg-type]


def test_the_doors_for_events_know_neither_session_nor_token() -> None:
    with query_api() as api:
        api.log_in()
        headers = {"X-API-Key": api.key}
        reading = {"device_id": "s-1", "temperature": 20.5, "humidity": 40}
        answer = api.client.post("/api/data", json=reading, headers=headers)
        assert answer.status_code == 202
        assert "set-cookie" not in answer.headers
        assert "content-security-policy" not in answer.headers


def test_a_socket_of_another_origin_is_closed() -> None:
    with query_api() as api:
        api.log_in()
        for origin, code in (("https://evil.example", 4403), ("null", 4403)):
            with api.client.websocket_connect("/ws/live", headers={"Origin": origin}) as socket:
                with pytest.raises(WebSocketDisconnect) as closed:
                    socket.receive_text()
                assert closed.value.code == code
        with api.client.websocket_connect("/ws/live", headers={"Origin": "http://testserver"}) as socket:
            assert socket.receive_json()["type"] == "snapshot"
