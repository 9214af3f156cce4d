"""Loading saved objects into Kibana by its import, which replaces those of the same ids."""

import base64
import json
import ssl
import uuid
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from config.errors import AccessError, TerminalError, UnavailableError
from utilities.kibana.settings import KibanaSettings

MADE_FOR = "8.19"
SECONDS = 60
_SHOWN_PROBLEMS = 5


def load(settings: KibanaSettings, lines: str) -> int:
    """Import the objects; how many Kibana took.

    Raises UnavailableError where it does not answer, AccessError where it refuses the login, and TerminalError where it
    is of another version or refuses an object.
    """
    _check_version(settings)
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="millrace.ndjson"\r\n'
    body = f"{head}Content-Type: application/ndjson\r\n\r\n{lines}\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    answer = _ask(settings, "/api/saved_objects/_import?overwrite=true", body, kind)
    if not answer.get("success"):
        problems = [f"{each.get('type')} {each.get('id')}: {_why(each)}" for each in answer.get("errors", [])]
        raise TerminalError(
            f"Kibana at {settings.kibana_url} refuses {len(problems)} objects: {'; '.join(problems[:_SHOWN_PROBLEMS])}"
        )
    return int(answer.get("successCount", 0))


def _why(problem: dict[str, Any]) -> str:
    told = problem.get("error") or {}
    return str(told.get("message") or told.get("reason") or told.get("type") or "no reason given")


def _check_version(settings: KibanaSettings) -> None:
    version = (_ask(settings, "/api/status").get("version") or {}).get("number", "")
    if ".".join(str(version).split(".")[:2]) != MADE_FOR:
        raise TerminalError(
            f"{settings.kibana_url} is {f'Kibana {version}' if version else 'no Kibana'}, and the objects are made for"
            f" {MADE_FOR}: write them with --output and import the file there by hand (docs/kibana.md)"
        )


def _ask(settings: KibanaSettings, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
    login = f"{settings.elasticsearch_analyst_user}:{settings.elasticsearch_analyst_password.get_secret_value()}"
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}", "kbn-xsrf": "true"}
    request = Request(f"{settings.kibana_url}{path}", body, headers | ({"Content-Type": kind} if kind else {}))
    file = settings.kibana_ca_file
    trusted = ssl.create_default_context(cafile=str(file) if file else None) if settings.kibana_tls else None
    try:
        with urlopen(request, timeout=SECONDS, context=trusted) as reply:
            answer = json.load(reply)
    except HTTPError as error:
        raise _refusal(settings, error) from None
    except (URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        where = f"Kibana at {settings.kibana_url} (KIBANA_HOST, KIBANA_PORT)"
        raise UnavailableError(f"{where} does not answer: {reason}") from error
    except ValueError:
        raise TerminalError(f"what answers at {settings.kibana_url} is no Kibana") from None
    return answer if isinstance(answer, dict) else {}


def _refusal(settings: KibanaSettings, error: HTTPError) -> Exception:
    where, user = f"Kibana at {settings.kibana_url}", settings.elasticsearch_analyst_user
    if error.code == HTTPStatus.UNAUTHORIZED:
        return AccessError(f"{where} refuses user {user}: check ELASTICSEARCH_ANALYST_PASSWORD")
    if error.code == HTTPStatus.FORBIDDEN:
        return AccessError(f"{where} refuses user {user} a permission: it needs all of the default space")
    words = error.read(300).decode("utf-8", "replace")
    if error.code in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.BAD_GATEWAY, HTTPStatus.TOO_MANY_REQUESTS):
        return UnavailableError(f"{where} is not ready yet ({error.code})")
    return TerminalError(f"{where} answers {error.code}: {words}")
