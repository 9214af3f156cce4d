"""The ingest API of a pipeline, as a process of its own, and its keys."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
import yaml

from kafka.feeds.settings import DECLARATIONS
from tests.pipeline import Pipeline, eventually
from utilities.bootstrap.kafka import prepare_local_kafka

READY_SECONDS = 60


class RunningApi:
    """Started at once; ready when it says so. `sensors` is the topic of the feed sensor-readings."""

    def __init__(self, pipeline: Pipeline, directory: Path) -> None:
        self.pipeline, self.sensors = pipeline, f"{pipeline.topic}-sensors"
        pipeline.environment["FEEDS_DIRECTORY"] = str(self._declarations(directory))
        pipeline.environment["API_PORT"] = str(free_port())
        with patch.dict(os.environ, pipeline.environment):
            prepare_local_kafka(pipeline.servers.secrets)
        self.key = self.new_key("--feed", "*")
        self.process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.pipeline.environment['API_PORT']}"

    def start(self) -> None:
        """Start it, and wait until it takes events for both feeds."""
        self.process = self.pipeline.start("serving")
        eventually(self._is_ready, READY_SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def new_key(self, *options: str) -> str:
        """A key, made as an operator makes it."""
        limits = ("--rate", "1000000", "--burst", "1000000")
        return self.pipeline.run("utilities.api_keys", "make", "--name", "test", *limits, *options).strip()

    def post(self, feed: str, events: Any, key: str | None = None) -> httpx2.Response:
        """Post one event or a list."""
        headers = {"X-API-Key": key or self.key}
        return httpx2.post(f"{self.address}/api/events/{feed}", json=events, headers=headers, timeout=60)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
        try:
            feeds = httpx2.get(f"{self.address}/ready").json()["feeds"]
        except httpx2.TransportError:
            time.sleep(0.2)
            return False
        return [feeds.get(name) for name in ("product_views", "sensor-readings")] == ["ready", "ready"]

    def _declarations(self, directory: Path) -> Path:
        """The main feed's, and that of the sensors with topics of this pipeline."""
        directory.mkdir()
        for name in ("product_views", "sensor-readings"):
            told = yaml.safe_load((DECLARATIONS / f"{name}.yaml").read_text())
            for note in told["customProperties"]:
                places = {"topic": self.sensors, "deadLetterTopic": f"{self.sensors}-dead"}
                if name == "sensor-readings" and note["property"] in places:
                    note["value"] = places[note["property"]]
            (directory / f"{name}.yaml").write_text(yaml.safe_dump(told))
        return directory


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
