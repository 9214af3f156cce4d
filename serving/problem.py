"""Every refusal as application/problem+json (RFC 9457): a stable code, and event and field where it is about one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import orjson
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of the event at `index` of the request; `field` is empty for the whole event."""

    index: int
    field: str
    code: str
    detail: str


class Code(Enum):
    """Status and title of each kind of refusal; its name in lower case is the code that clients may rely on."""

    NOT_JSON = 400, "The body is not JSON"
    NO_EVENTS = 400, "The body is neither an event nor a list of events"
    KEY_UNKNOWN = 401, "The key is missing, unknown or revoked"
    LOGIN_REQUIRED = 401, "Nobody is logged in"
    LOGIN_REFUSED = 401, "There is no such account with this password"
    FORBIDDEN = 403, "The key is not for this"
    OPERATOR_ONLY = 403, "Only an operator may do this"
    CSRF_FAILED = 403, "The request does not name the token of its session"
    NOT_FOUND = 404, "There is nothing here"
    METHOD_NOT_ALLOWED = 405, "The method is not for this address"
    TOO_SLOW = 408, "The body took too long to arrive"
    CURSOR_OUTDATED = 409, "What the cursor goes on with has changed"
    TOO_LARGE = 413, "The body is too large"
    TOO_MANY_EVENTS = 413, "The list has too many events"
    MEDIA_TYPE = 415, "The body is not of a type that is taken here"
    INVALID_EVENT = 422, "No event is valid"
    INVALID_PARAMETER = 422, "A parameter is not as it has to be"
    RATE_LIMITED = 429, "There were too many"
    INTERNAL = 500, "The API is at fault"
    OVERLOADED = 503, "Too much is under way"
    BUS_UNAVAILABLE = 503, "The bus has not confirmed every event"
    KEYS_UNAVAILABLE = 503, "The keys cannot be checked"
    STORE_UNAVAILABLE = 503, "A store does not answer"
    QUERY_TOO_SLOW = 503, "The answer would have taken too long"
    NOT_READY = 503, "The API is not ready"

    @property
    def code(self) -> str:
        """As it stands in the answer."""
        return self.name.lower()


class Problem(Exception):  # noqa: N818  (it is an answer, not a fault of ours)
    """Ends a request with a refusal.

    `retry_seconds` becomes Retry-After; `more` are members of the answer beside the standard ones; `close` ends the
    connection, because the rest of the body is not read.
    """

    def __init__(
        self,
        code: Code,
        detail: str,
        errors: Sequence[FieldError] = (),
        retry_seconds: float | None = None,
        more: Mapping[str, object] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors = code, detail, errors
        self.retry_seconds, self.more, self.close = retry_seconds, more or {}, close

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.code.value[0])

    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        found = {}
        if self.retry_seconds is not None:
            found["Retry-After"] = str(max(1, math.ceil(self.retry_seconds)))
        if self.code is Code.KEY_UNKNOWN:
            found["WWW-Authenticate"] = 'ApiKey realm="millrace"'
        if self.close:
            found["Connection"] = "close"
        return found

    def response(self) -> Response:
        """The answer."""
        body: dict[str, object] = {
            "type": f"/problems#{self.code.code}",
            "title": self.code.value[1],
            "status": self.status,
            "code": self.code.code,
            "detail": self.detail,
            **self.more,
        }
        if self.errors:
            body["errors"] = self.errors
        return Response(orjson.dumps(body), self.status, self.headers(), PROBLEM_JSON)
