"""The `tocsin` command: one line for each thing it can do. Every failure is one sentence and an exit code
that is not 0.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from services.cli import dead_letters, dev, doctor, generated, incidents, tokens
from services.cli.api_client import ApiError
from services.cli.dev import DevError
from services.cli.stack.errors import StackError
from shared.domain.catalog import Role
from shared.domain.errors import Failure
from shared.settings import SettingsError, read
from shared.store.catalog import page
from shared.store.client import UnfitServer
from shared.store.store import Store, open_store

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Tocsin.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens.")
letters_app = typer.Typer(no_args_is_help=True, help="Messages that could not be processed.")
app.add_typer(token_app, name="token")
app.add_typer(letters_app, name="dead-letters")


def _with_store(work: Callable[[Store], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_store(read(), "cli") as store:
            return await work(store)

    return asyncio.run(run())


@app.command("dev")
def run_dev() -> None:
    """Start everything on this machine, with a demo organisation; Ctrl-C stops it all."""
    settings = read()
    given = settings.model_fields_set
    mongo = settings.mongo_url.get_secret_value() if "mongo_url" in given else None
    amqp = settings.amqp_url.get_secret_value() if "amqp_url" in given else None
    dev.run(settings, mongo, amqp)


@app.command("api")
def run_api() -> None:
    """Start one API process."""
    os.execv(sys.executable, [sys.executable, "-m", "services.api"])


@app.command("worker")
def run_worker(
    names: Annotated[list[str] | None, typer.Argument(help="handlers; none means all")] = None,
) -> None:
    """Start one worker process."""
    os.execv(sys.executable, [sys.executable, "-m", "services.worker", *(names or [])])


@app.command("schema")
def schema(
    write: Annotated[bool, typer.Option(help="write the committed copies")] = False,
    check: Annotated[bool, typer.Option(help="fail when a committed copy is stale")] = False,
) -> None:
    """Print, write or check what is generated from the code: the GraphQL schema, and the tables of the
    documentation.
    """
    stale = generated.run(write=write, check=check)
    if stale:
        raise DevError(f"Stale: {', '.join(stale)}. Run `make schema` and commit what it writes.")


@app.command("acknowledge")
def acknowledge(which: Annotated[str, typer.Argument(help="INC-1042, 1042 or latest")] = "latest") -> None:
    """Acknowledge an incident through the API, with the token of the development stack."""
    print(asyncio.run(incidents.acknowledge(read(), which)))


@app.command("doctor")
def run_doctor() -> None:
    """Check the servers, and say what is wrong with them."""
    if not asyncio.run(doctor.examine(read())):
        raise typer.Exit(1)


@app.command("rebuild-measures")
def rebuild_measures() -> None:
    """Have a worker make all measures anew from the log: after a mended defect, or a changed time zone."""
    _with_store(lambda store: store.measures.begin_again())
    print("a worker makes the measures anew; asOf of incidentMeasures says how far it is")


@token_app.command("create")
def create_token(
    email: Annotated[str, typer.Option(help="the user's e-mail address; the user is created if need be")],
    name: Annotated[str, typer.Option(help="the user's name")] = "",
    role: Annotated[Role, typer.Option(help="what the token may do")] = Role.RESPONDER,
    label: Annotated[str, typer.Option(help="what it is for")] = "command line",
) -> None:
    """Create an API token and print it, this once."""
    print(_with_store(lambda store: tokens.issue(store, label, role, email, name or email)))


@token_app.command("list")
def list_tokens() -> None:
    """All tokens, without their texts."""
    for token in _with_store(lambda store: page(store.tokens, None, 1000)):
        state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "active"
        print(f"{token.id}  {token.role:9}  {state:18}  {token.label}")


@token_app.command("revoke")
def revoke_token(token_id: str) -> None:
    """End a token's power, within five seconds."""
    changed = _with_store(lambda store: tokens.revoke(store, token_id))
    print("revoked" if changed else "it was revoked already")


@letters_app.command("list")
def list_dead_letters() -> None:
    """What could not be processed, with its reason. Nothing is taken away."""
    for letter in asyncio.run(dead_letters.look(read())):
        print(letter)


@letters_app.command("replay")
def replay_dead_letters() -> None:
    """Give everything that could not be processed one more chance."""
    print(f"replayed {asyncio.run(dead_letters.replay(read()))} dead letters")


def main() -> None:
    """The entry point: expected failures become one sentence on standard error."""
    try:
        app()
    except (SettingsError, StackError, DevError, ApiError, UnfitServer, Failure) as error:
        print(f"tocsin: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"tocsin: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        sys.exit(1)
