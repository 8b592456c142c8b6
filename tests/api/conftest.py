"""One world with an API process for all tests of a module, because they only ask."""

from collections.abc import AsyncIterator, Iterator

import pytest_asyncio

from services.cli.stack.launcher import Stack
from shared.domain.catalog import Role, Step
from tests.support.graphql import Client
from tests.support.world import ADA, BO, World, new_world


@pytest_asyncio.fixture(scope="module")
async def served(stack: Stack, vhosts: Iterator[str]) -> AsyncIterator[World]:
    """An API, no worker; Ada and Bo, and the service checkout."""
    async with new_world(stack.servers, next(vhosts)) as world:
        await world.add_person(ADA, "Ada", "log", "terminal")
        await world.add_person(BO, "Bo", "log", "terminal")
        await world.add_service(1, (Step((ADA,), 60),))
        await world.client()
        yield world
        world.stop_all()
        assert world.error_lines() == [], "the API logged an error"


@pytest_asyncio.fixture(scope="module")
async def client(served: World) -> AsyncIterator[Client]:
    """Ada, who may do everything."""
    yield await served.client()


@pytest_asyncio.fixture(scope="module")
async def viewer(served: World) -> AsyncIterator[Client]:
    """Bo, who may only look."""
    yield await served.client(BO, Role.VIEWER)


@pytest_asyncio.fixture(scope="module")
async def bo(served: World) -> AsyncIterator[Client]:
    """Bo, who works on incidents too."""
    yield await served.client(BO, Role.RESPONDER)
