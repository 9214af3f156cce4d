"""Whether the live side has something to show, and where."""

import urllib.request

from config.errors import MillraceError
from serving.settings import ServingSettings
from utilities.psql import ReaderSettings
from utilities.stores.warehouse import warehouse_connection

ANSWER_SECONDS = 5.0
LAST_BATCH = """
SELECT coalesce(
    greatest((SELECT max(batch_id) FROM live.window_total), (SELECT max(batch_id) FROM live.window_metric)), 0
)
"""
# Past any proxy of the system's: the API is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Readiness:
    """Asks the API whether it takes events, and the warehouse whether the stream has counted since this began."""

    def __init__(self) -> None:
        self._reader = ReaderSettings.load()
        self._batch_before = self._last_batch()
        serving = ServingSettings.load()
        host = "127.0.0.1" if serving.api_bind in ("0.0.0.0", "::", "[::]") else serving.api_bind
        self.address = f"http://{host}:{serving.api_port}"

    def missing(self) -> str | None:
        """What is not there yet; None where all is."""
        if not self._api_is_ready():
            return "the API"
        return None if self._stream_has_counted() else "a window that the stream has counted"

    def what_to_do_now(self) -> list[str]:
        """How to look at the live side, and how to end it."""
        return [
            "",
            f"the shop as it happens: {self.address}/live",
            "log in as operator; the password: API_OPERATOR_PASSWORD in .env",
            f"events of your own: {self.address}/openapi.json, docs/ingest-api.md",
            "Ctrl-C stops generators and stages",
        ]

    def _api_is_ready(self) -> bool:
        try:
            with _opener.open(f"{self.address}/ready", timeout=ANSWER_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _stream_has_counted(self) -> bool:
        return (self._last_batch() or 0) > (self._batch_before or 0)

    def _last_batch(self) -> int | None:
        """The last batch that changed a window of any feed; None where the warehouse does not answer."""
        reader = self._reader
        try:
            with warehouse_connection(reader, reader.postgres_bi_user, reader.postgres_bi_password) as connection:
                (batch,) = connection.execute(LAST_BATCH).fetchone() or (0,)
                return int(batch)
        except MillraceError:
            return None
