"""Login and logout. A session is a signed cookie that names account, credential and beginning: no server keeps it."""

import asyncio
import logging
import time

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from serving.accounts.password import is_password
from serving.accounts.store import Account, known
from serving.problem import Code, Problem
from serving.query.parameters import answer
from serving.query.parts import Parts, Query

logger = logging.getLogger(__name__)
router = APIRouter(tags=["login"])


class Login(BaseModel):
    """What a person types."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account": "ada", "password": "as it was set"}]})

    account: str = Field(max_length=200)
    password: str = Field(max_length=1000)


@router.get("/api/session", summary="Who is logged in, and the token that changes have to name")
async def get_session(request: Request, parts: Parts) -> Response:
    """Never refused: without a login, `account` is null. The token is sent back as X-CSRFToken."""
    return _session(request, parts, parts.account(request))


@router.post("/api/login", summary="Log in")
async def log_in(request: Request, parts: Parts, login: Login) -> Response:
    """Wrong name and wrong password are one answer, in one time; beyond a few attempts there is 429."""
    name = login.account.strip().lower()
    address = request.client.host if request.client else ""
    if wait := parts.attempts.take(address, name):
        raise Problem(Code.RATE_LIMITED, "too many attempts", (), wait)
    account = known(parts.accounts).get(name)
    kept = account.password_hash if account else None
    is_right = await asyncio.get_running_loop().run_in_executor(parts.passwords, is_password, login.password, kept)
    if account is None or not is_right:
        logger.warning("a login is refused address=%s", address)
        raise Problem(Code.LOGIN_REFUSED, "account or password is wrong")
    request.session.clear()
    told = {"account": account.name, "credential": str(account.credential_id), "at": int(time.time())}
    request.session.update(told)
    return _session(request, parts, account)


@router.post("/api/logout", summary="Log out", status_code=204)
async def log_out(request: Request) -> Response:
    """The browser forgets the session; to end all sessions of an account, set its password anew."""
    request.session.clear()
    return Response(status_code=204)


def _session(request: Request, parts: Query, account: Account | None) -> Response:
    return answer(
        {
            "account": account and account.name,
            "role": account and account.role,
            "csrf_token": request.scope["csrftoken"](),
            "expires_at": request.session["at"] + parts.session_seconds if account else None,
        }
    )
