"""Fixtures of the whole suite: the shared servers, and a pipeline of its own for each test."""

import itertools
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pipeline import Pipeline
from tests.server_stack import running_stack
from utilities.local_servers.stack import Stack

CAPTURE_VARIABLE = "MILLRACE_CAPTURE"
CAPTURE_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "product_views_capture.jsonl.gz"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast first: unit tests, then integration, then end to end, whatever order the files were given in."""
    stages = ("unit", "integration", "end_to_end")

    def stage(item: pytest.Item) -> int:
        return next((i for i, name in enumerate(stages) if f"{os.sep}{name}{os.sep}" in str(item.path)), 0)

    items.sort(key=stage)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that runs in the test's own process logs to a stream that is closed with the test."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real servers, one set for the whole run."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with ExitStack() as ending:
        # A minute without a sign of life otherwise: pytest keeps what a fixture says to itself.
        with capture.global_and_fixture_disabled():
            print("\nmillrace: starting the servers of the tests", file=sys.stderr)
            stack = ending.enter_context(running_stack(tmp_path_factory.mktemp("servers")))
        yield stack


@pytest.fixture
def pipeline(servers: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    """Topics, a raw collection and a warehouse that no other test uses."""
    with Pipeline.create(servers, tmp_path, f"t{os.getpid()}n{next(_numbers)}") as pipeline:
        yield pipeline


@pytest.fixture
def forgetting(pipeline: Pipeline) -> Pipeline:
    """The pipeline, for a test that forgets a visitor: another test may have one of the same id."""
    return pipeline.with_own_list()


@pytest.fixture
def capture() -> Path:
    """The capture of real shopping behaviour: where MILLRACE_CAPTURE says, else beside the checkout, else skipped."""
    named = os.environ.get(CAPTURE_VARIABLE)
    if named is None and not CAPTURE_BESIDE.exists():
        pytest.skip(f"the shared capture is not here; {CAPTURE_VARIABLE} names it")
    return Path(named) if named else CAPTURE_BESIDE
