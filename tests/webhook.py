"""A webhook on loopback: a real HTTP server that keeps what is posted to it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Webhook:
    """Where to post, the statuses still to answer with (then 200), and the documents that came."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Method and content type of each request."""
    documents: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook(statuses: Sequence[int] = ()) -> Iterator[Webhook]:
    """Listen on a free port until the block ends."""
    received = Webhook(statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.requests.append(f"{self.command} {self.headers['Content-Type']}")
            received.documents.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(received.statuses.pop(0) if received.statuses else 200)

        def do_GET(self) -> None:
            received.requests.append("GET")
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/services/hidden-path"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
