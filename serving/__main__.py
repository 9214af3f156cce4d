"""`python -m serving`: ingest API, query API and dashboard, until SIGTERM or SIGINT.

Then requests under way end, and nothing new begins.

A wrong password ends it at its start. A bus or a warehouse that is away does not: it answers 503 until they are there.
"""

import argparse
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from config.command_line import run_command
from config.errors import ConfigurationError, TerminalError
from serving.settings import ServingSettings

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 30


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="serve", description="Take events over HTTP, at API_BIND and API_PORT.")
    return run_command(parser, lambda _: serve(ServingSettings.load()), arguments)


def serve(settings: ServingSettings) -> None:
    """Serve until a signal; raises MillraceError where the address is taken or a login is refused."""
    # Not before the options are understood: web framework and bus client take a while to import.
    import uvicorn

    from serving.app import build_app
    from serving.assembly import check_logins, feeds_of, ingest_of
    from serving.query.assembly import query_of
    from serving.query.settings import QuerySettings

    with _listening(settings) as listening:
        query_settings = QuerySettings.load()
        check_logins(settings)
        ingest = ingest_of(settings, feeds_of(settings))
        query = query_of(query_settings, settings, ingest)
        slow_seconds, dropped = query_settings.api_slow_client_seconds, query.metrics.dropped.inc
        options = server_options(build_app(ingest, query), settings, slow_seconds, dropped)
        # uvicorn raises the signal that ended it once more: a stop that was asked for is no failure.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: None)
        uvicorn.Server(options).run(sockets=[listening])


def server_options(
    app: "ASGIApp", settings: ServingSettings, slow_seconds: float, on_dropped: Callable[[], None]
) -> "uvicorn.Config":
    """How it is served; `on_dropped` is called for each WebSocket client that reads nothing for so long."""
    import uvicorn

    from serving.http_protocol import patient_for
    from serving.socket_protocol import LARGEST_MESSAGE, patient_socket_for

    return uvicorn.Config(
        app,
        http=patient_for(settings.api_header_seconds),
        ws=patient_socket_for(slow_seconds, on_dropped),
        ws_max_size=LARGEST_MESSAGE,
        # Of small messages to many, compression is most of the cost.
        ws_per_message_deflate=False,
        # Whoever comes from this machine could name another address at each attempt to log in.
        proxy_headers=False,
        log_config=None,
        # One line a request would cost more than the request, and an address of a beacon has a key.
        access_log=False,
        server_header=False,
        limit_concurrency=settings.api_max_connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.api_drain_seconds,
    )


def _listening(settings: ServingSettings) -> socket.socket:
    host, port = settings.api_bind.strip("[]"), settings.api_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno in (13, 98, 99):
            raise ConfigurationError("API_PORT", f"{host}:{port} cannot be listened on: {error.strerror}") from None
        raise TerminalError(f"listening on {host}:{port} failed: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
