"""The bare endpoint that the ingest API is compared with: it produces what it gets, and awaits the acknowledgement.

A script of its own: no key, no declaration, no limit. BARE_ENDPOINT holds, as JSON: `client` (properties), `topic` and
`port`.
"""

import asyncio
import json
import os
from threading import Thread
from typing import Any

import orjson
import uvicorn
from confluent_kafka import KafkaError, Message, Producer
from fastapi import FastAPI, Request
from starlette.responses import Response

# As the API's own: only what it does besides is to be measured.
PRODUCER = {"compression.type": "lz4", "enable.idempotence": True, "acks": "all", "linger.ms": 2}


def application(client: dict[str, Any], topic: str) -> FastAPI:
    """One endpoint."""
    app, producer = FastAPI(), Producer({**client, **PRODUCER})
    Thread(target=lambda: [producer.poll(0.1) for _ in iter(int, 1)], daemon=True).start()

    @app.post("/events")
    async def post(request: Request) -> Response:
        events = orjson.loads(await request.body())
        loop = asyncio.get_running_loop()
        done, left = loop.create_future(), len(events)

        def delivered(error: KafkaError | None, _: Message) -> None:
            nonlocal left
            left -= error is None
            if not left:
                loop.call_soon_threadsafe(done.set_result, None)

        for event in events:
            producer.produce(topic, orjson.dumps(event), event["device_id"].encode(), on_delivery=delivered)
        await done
        return Response(status_code=202)

    return app


if __name__ == "__main__":
    told = json.loads(os.environ["BARE_ENDPOINT"])
    served = application(told["client"], told["topic"])
    uvicorn.run(served, host="127.0.0.1", port=told["port"], access_log=False, log_level="warning")
