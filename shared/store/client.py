"""The only import of the driver, and the terms on which we talk to the server.

Motor reaches its end in May 2027 (critical fixes only until then); its successor ships inside its own
dependency. So everything else takes the driver's names from here.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, MongoClient, ReturnDocument, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.uri_parser import parse_uri

from shared.domain.errors import Unavailable
from shared.settings import Settings

__all__ = (
    "ASCENDING",
    "DESCENDING",
    "BulkWriteError",
    "DuplicateKeyError",
    "IndexModel",
    "InsertOne",
    "OperationFailure",
    "PyMongoError",
    "ReturnDocument",
    "UpdateOne",
    "check_promises",
    "connect",
    "initiate_replica_set",
    "is_crossed",
    "is_full",
    "is_transient",
    "parse_uri",
    "transaction",
    "unavailable",
)

OLDEST_SERVER = (6, 0)
TIMEOUT_MS = 5000
PRIMARY_WITHIN = 45

# BSONObjectTooLarge, and the codes of an update that would make one
TOO_LARGE = {10334, 17419, 17420}

# AlreadyInitialized, NotYetInitialized, ConfigurationInProgress, InterruptedDueToReplStateChange
PASSING = {23, 94, 109, 11602}


class UnfitServer(Exception):
    """The server cannot keep our promises; the text says why and what to do."""


def connect(settings: Settings, role: str) -> Any:
    """A client with the durable settings: majority and journal for writes, majority for reads, and a time
    limit on every operation (without one an insert into a stopped server hangs for a minute).
    """
    return AsyncIOMotorClient(
        settings.mongo_url.get_secret_value(),
        appname=f"tocsin-{role}",
        w="majority",
        journal=True,
        readConcernLevel="majority",
        retryWrites=True,
        retryReads=True,
        timeoutMS=TIMEOUT_MS,
        serverSelectionTimeoutMS=TIMEOUT_MS,
        maxPoolSize=50,
        tz_aware=True,
    )


def database(client: Any, settings: Settings) -> Any:
    """The database that the URL names; `tocsin` when it names none."""
    name = parse_uri(settings.mongo_url.get_secret_value())["database"] or "tocsin"
    return client.get_database(name)


async def check_promises(client: Any) -> None:
    """Raise UnfitServer when this server cannot keep our promises, Unavailable when there is none."""
    try:
        hello = await client.admin.command("hello")
        build = await client.admin.command("buildInfo")
    except PyMongoError as error:
        raise unavailable(error) from None
    if "setName" not in hello:
        raise UnfitServer(
            "MongoDB runs as a standalone server, without majority writes or transactions. "
            "Start it with --replSet and initiate the set; one member is enough."
        )
    if tuple(build["versionArray"][:2]) < OLDEST_SERVER:
        raise UnfitServer(f"MongoDB {build['version']} is older than 6.0, the oldest that Tocsin supports.")


def is_transient(error: PyMongoError) -> bool:
    """Whether the same operation may succeed later, and whether it may have happened after all."""
    kinds = (
        AutoReconnect,
        ConnectionFailure,
        ServerSelectionTimeoutError,
        NetworkTimeout,
        WTimeoutError,
        ExecutionTimeout,
    )
    return isinstance(error, kinds) or bool(error.timeout) or error.has_error_label("RetryableWriteError")


def is_full(error: PyMongoError) -> bool:
    """Whether the document would grow beyond what the server keeps in one (16 MB)."""
    return isinstance(error, OperationFailure) and error.code in TOO_LARGE


def is_crossed(error: PyMongoError) -> bool:
    """Whether a transaction met another one and was undone: it can be tried again at once."""
    return error.has_error_label("TransientTransactionError")


@asynccontextmanager
async def transaction(collection: Any) -> AsyncIterator[Any]:
    """A session whose reads see one moment and whose writes all happen, or none; committed at the end.

    The driver's own `with_transaction` is not used: it tries again whatever its body raises.
    """
    async with await collection.database.client.start_session() as session:
        async with session.start_transaction():
            yield session


def unavailable(error: PyMongoError) -> Unavailable:
    """The caller's sentence for a database that does not answer; the driver's text stays in the log."""
    return Unavailable(f"The database does not answer ({type(error).__name__}). Nothing is lost; try again.")


def initiate_replica_set(url: str) -> None:
    """Make the mongod at `url` ("mongodb://127.0.0.1:<port>") a one-member replica set named tocsin.

    It may have been configured with another port before. Waits until it takes writes; raises RuntimeError.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(url, directConnection=True, serverSelectionTimeoutMS=10_000)
    host = url.removeprefix("mongodb://").partition("/")[0]
    deadline = time.monotonic() + PRIMARY_WITHIN
    try:
        while not _is_primary(client, host):
            if time.monotonic() > deadline:
                raise RuntimeError(f"The mongod at {host} did not become primary within {PRIMARY_WITHIN} seconds.")
            time.sleep(0.02)
    except PyMongoError as error:
        raise RuntimeError(f"The mongod at {host} could not be made a replica set: {error}.") from None
    finally:
        client.close()


def _is_primary(client: "MongoClient[dict[str, Any]]", host: str) -> bool:
    """Whether the member takes writes under the name `host`; it is configured on the way.

    A mongod closes its connections when it changes its state, and for a moment after its start it denies
    having a configuration: both mean, ask again.
    """
    try:
        hello = client.admin.command("hello")
        if hello.get("me") == host:
            return bool(hello.get("isWritablePrimary"))
        _configure_member(client, host)
    except AutoReconnect:
        return False
    except OperationFailure as error:
        if error.code not in PASSING:
            raise
    return False


def _configure_member(client: "MongoClient[dict[str, Any]]", host: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != 94:  # NotYetInitialized
            raise
        members = [{"_id": 0, "host": host}]
        client.admin.command("replSetInitiate", {"_id": "tocsin", "members": members})
        return
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
