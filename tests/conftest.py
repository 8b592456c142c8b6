"""The servers of the test session, and a world of its own for each test that asks."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.cli.stack.launcher import Stack
from tests.support.receivers import WebhookReceiver
from tests.support.world import World, new_world

VHOSTS_AT_ONCE = 32
"""Making one takes as long as making many."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A real MongoDB and a real RabbitMQ, started for this session."""
    data: Path = tmp_path_factory.mktemp("stack")
    with Stack(data, lambda what, seconds: None, mongo_url=os.environ.get("TOCSIN_MONGO_URL")) as running:
        yield running


@pytest.fixture(scope="session")
def vhosts(stack: Stack) -> Iterator[str]:
    """Virtual hosts that nobody has used yet, made as they are needed."""

    def made() -> Iterator[str]:
        for first in itertools.count(0, VHOSTS_AT_ONCE):
            names = [f"test-{number}" for number in range(first, first + VHOSTS_AT_ONCE)]
            stack.add_vhosts(names)
            yield from names

    return made()


@pytest_asyncio.fixture
async def world(request: pytest.FixtureRequest, stack: Stack, vhosts: Iterator[str]) -> AsyncIterator[World]:
    """An isolated Tocsin without processes yet. What its processes said is printed when the test fails."""
    failed_before = request.session.testsfailed
    async with new_world(stack.servers, next(vhosts)) as fresh:
        yield fresh
        fresh.stop_all()
        if request.session.testsfailed > failed_before:
            print(fresh.log_text())
        else:
            assert fresh.error_lines() == [], "a process logged an error"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    """A real HTTP server that pages arrive at."""
    async with WebhookReceiver() as listening:
        yield listening
