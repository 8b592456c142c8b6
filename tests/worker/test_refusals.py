"""A worker refuses servers on which its promises cannot be kept: one sentence, exit code 3."""

import asyncio
import subprocess
import sys
from pathlib import Path

import aio_pika
import psutil

from shared.store.client import connect, database
from tests.support.world import ROOT, World, accepts, free_port, until


def refused(world: World, **more: str) -> tuple[int, str]:
    """A worker's exit code and its last line."""
    command = [sys.executable, "-m", "services.worker"]
    ended = subprocess.run(
        command, cwd=ROOT, env=world.environment(**more), capture_output=True, text=True, check=False, timeout=30
    )
    return ended.returncode, ended.stderr.strip().splitlines()[-1]


def mongod() -> str:
    """The program that the session's MongoDB runs."""
    return next(process.exe() for process in psutil.process_iter(["name"]) if process.info["name"] == "mongod")


async def test_a_standalone_mongod(world: World, tmp_path: Path) -> None:
    """Without a replica set there are no majority writes: it says so, and what to do."""
    port = free_port()
    options = ["--port", str(port), "--dbpath", str(tmp_path), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    server = subprocess.Popen([mongod(), *options], stdout=subprocess.DEVNULL)
    try:
        await until(lambda: accepts(port), "the standalone server listens")
        url = f"mongodb://127.0.0.1:{port}/tocsin"
        code, said = await asyncio.to_thread(refused, world, TOCSIN_MONGO_URL=url)
    finally:
        server.terminate()
        server.wait()
    assert code == 3
    assert said.startswith("MongoDB runs as a standalone server")
    assert "--replSet" in said


async def test_a_queue_of_another_make(world: World) -> None:
    """A queue of our name with other properties is not consumed, and not mended silently."""
    async with await aio_pika.connect(world.settings.amqp_url.get_secret_value()) as connection:
        await (await connection.channel()).declare_queue("tocsin.triage.high", durable=True)
    code, said = await asyncio.to_thread(refused, world)
    assert code == 3
    assert said.startswith("RabbitMQ has a queue or exchange that differs from what this version declares")


async def test_documents_of_another_layout(world: World) -> None:
    """A database that an older (or newer) version wrote is left alone, instead of failing on each document."""
    raw = connect(world.settings, "test")
    try:
        await database(raw, world.settings).layout.update_one({"_id": "layout"}, {"$set": {"version": 1}})
    finally:
        raw.close()
    code, said = await asyncio.to_thread(refused, world)
    assert code == 3
    assert "has the layout 1, and this version of Tocsin needs 2" in said
