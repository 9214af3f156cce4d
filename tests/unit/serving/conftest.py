"""The API of the unit tests."""

from collections.abc import Iterator

import pytest

from tests.unit.serving.parts import Api, FakeBus, make_api


@pytest.fixture
def api() -> Iterator[Api]:
    """An API that is ready."""
    made = make_api(FakeBus())
    with made.client:
        yield made
