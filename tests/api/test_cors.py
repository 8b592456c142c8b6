"""Pages of other origins: refused unless a setting lets them in."""

import pytest
import websockets

from tests.support.world import World

ORIGIN = "https://ops.example.org"


async def test_origins(world: World) -> None:
    """A listed origin passes the preflight and may open a socket; any other gets neither."""
    url = await world.start_api(TOCSIN_CORS_ORIGINS=f'["{ORIGIN}"]')
    client = await world.client(url=url)
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    listed = await client.http.options("/graphql", headers={"Origin": ORIGIN, **ask})
    assert listed.status_code == 200
    assert listed.headers["access-control-allow-origin"] == ORIGIN
    foreign = await client.http.options("/graphql", headers={"Origin": "https://evil.example", **ask})
    assert foreign.status_code == 400
    assert "access-control-allow-origin" not in foreign.headers

    address = url.replace("http", "ws") + "/graphql"
    protocol = [websockets.Subprotocol("graphql-transport-ws")]
    async with websockets.connect(address, subprotocols=protocol, origin=websockets.Origin(ORIGIN)):
        pass
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(address, subprotocols=protocol, origin=websockets.Origin("https://evil.example"))


async def test_no_origin_by_default(world: World) -> None:
    """Without the setting no other origin is let in."""
    client = await world.client()
    answer = await client.http.post("/graphql", json={"query": "{ viewer { role } }"}, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
