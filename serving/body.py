"""Reading a request's body within limits of type, size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from serving.problem import Code, Problem


def check_type(request: Request, wanted: str) -> None:
    """Raises Problem unless the body is of the type `wanted`, in UTF-8 and not compressed."""
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    if kind != wanted:
        raise Problem(Code.MEDIA_TYPE, f"Content-Type has to be {wanted}", close=True)
    if any(each.startswith("charset=") and each[8:].strip('"') != "utf-8" for each in parameters):
        raise Problem(Code.MEDIA_TYPE, "the charset has to be utf-8", close=True)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(Code.MEDIA_TYPE, "the body must not be compressed", close=True)


def announced_size(request: Request, limit: int) -> int:
    """Bytes that the body will have at most; raises Problem where the client announces more than `limit`."""
    told = request.headers.get("content-length")
    if told is None:
        return limit
    if not told.isascii() or not told.isdigit() or len(told) > 20 or int(told) > limit:
        raise _too_large(limit)
    return int(told)


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The body; raises Problem where it is larger than `limit` or takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, limit)
    except TimeoutError:
        raise Problem(Code.TOO_SLOW, f"not here after {seconds:g} s; nothing was taken", close=True) from None
    except ClientDisconnect:
        raise Problem(Code.TOO_SLOW, "the client has gone", close=True) from None


async def _read(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(Code.TOO_LARGE, f"at most {limit:,} bytes; nothing was taken", close=True)
