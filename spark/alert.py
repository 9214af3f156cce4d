"""What people are told of at once, above all a run that failed: one JSON document, posted to a webhook."""

import html
import json
import logging
import urllib.request
from collections.abc import Mapping
from email.message import Message
from enum import Enum
from http.client import HTTPException
from types import TracebackType
from typing import IO, Annotated, Any, Self
from urllib.error import HTTPError
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from config.settings import Settings

logger = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 1.0
LONGEST_REASON = 1_000
TOO_MANY_REQUESTS = 429
OF_THE_DOCUMENT = (400, 413, 422)
"""Answers that say something of the document, and nothing of the address or of who asks."""


class Posted(Enum):
    """What came of a document."""

    TAKEN = "taken"
    REFUSED = "refused"
    """As it is, the webhook never takes it."""
    NOT_YET = "not yet"


class AlertSettings(Settings):
    """Where a failed run is reported to; without an address, only the log and the ledger say it."""

    alert_webhook_url: SecretStr = SecretStr("")
    """Receives a JSON document for each failed run (`text` as Slack and Mattermost read it); its path is the secret."""
    alert_timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    """How long one of the three attempts to post an alert waits for the webhook."""

    @field_validator("alert_webhook_url")
    @classmethod
    def _is_a_web_address(cls, value: SecretStr) -> SecretStr:
        address = value.get_secret_value()
        if address and not _is_web_address(address):
            raise ValueError("must be an http or https address")
        return value


class FailureAlert:
    """Posts one alert when the block ends with an error, which goes on; an interruption by the user is none.

    `run_id` is the run under way, None between runs. `silent` errors are not worth waking anybody.
    """

    def __init__(self, settings: AlertSettings, silent: type[Exception] | tuple[type[Exception], ...] = ()) -> None:
        self.run_id: int | None = None
        self._settings = settings
        self._silent = silent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, self._silent):
            alert_failure(self._settings, self.run_id, str(error) or type(error).__name__)


def alert_failure(settings: AlertSettings, run_id: int | None, reason: str) -> bool:
    """Post that a run failed, as `post` does: an alert that fails must not hide the error it is about."""
    return post(settings, document(run_id, reason))


def post(settings: AlertSettings, told: Mapping[str, Any]) -> bool:
    """As `offer`: whether the webhook took it."""
    return offer(settings, told) is Posted.TAKEN


def offer(settings: AlertSettings, told: Mapping[str, Any]) -> Posted:
    """Post a document, three times at most, 1 and 2 s apart. Never raises; without a webhook nothing takes it."""
    address = settings.alert_webhook_url.get_secret_value()
    if not address:
        return Posted.NOT_YET
    request = urllib.request.Request(
        address, json.dumps(told).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    attempts = Retrying(
        retry=retry_if_exception(_may_pass),
        wait=wait_exponential(multiplier=FIRST_WAIT_SECONDS),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    try:
        attempts(_post, request, settings.alert_timeout_seconds)
    except Exception as error:
        # The host alone: whoever knows the path of a webhook may post to it.
        detail = " ".join(f"{type(error).__name__} {error}".split())[:200]
        logger.warning("the alert could not be posted host=%s error=%s", urlsplit(address).hostname, detail)
        is_refused = isinstance(error, HTTPError) and error.code in OF_THE_DOCUMENT
        return Posted.REFUSED if is_refused else Posted.NOT_YET
    logger.info("the alert was posted host=%s", urlsplit(address).hostname)
    return Posted.TAKEN


def document(run_id: int | None, reason: str) -> dict[str, str | int | None]:
    """What is posted: `text` for people, and the same as fields; `run` is null where no run had begun.

    Slack reads `&`, `<` and `>` in a text as markup (formatting guide, "Escaping text"); the fields are as they are.
    """
    shown = " ".join(reason.split())[:LONGEST_REASON]
    what = "the ETL failed before a run began" if run_id is None else f"run {run_id} of the ETL failed"
    text = f"Millrace: {what}: {html.escape(shown, quote=False)}"
    return {"text": text, "run": run_id, "status": "failed", "reason": shown}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without the alert, and still look like a success."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def _post(request: urllib.request.Request, timeout: float) -> None:
    """One attempt; raises HTTPError for any answer but a 2xx, another OSError where none comes."""
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout):
        pass


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, HTTPError):
        error.close()
        return error.code == TOO_MANY_REQUESTS or error.code >= 500
    return isinstance(error, OSError | HTTPException)


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and address.isascii() and address.isprintable()
