"""`python -m services.worker [name ...]`: the named handlers, or all. `--list` prints what there is."""

import sys

import uvloop

from services.worker.app import run
from services.worker.handlers import UnknownHandler, discover
from shared import crashpoints, telemetry
from shared.broker.topology import TopologyMismatch
from shared.domain.errors import Unavailable
from shared.settings import SettingsError, read
from shared.store.client import UnfitServer


def main(arguments: list[str]) -> int:
    """Exit code: 0 after a stop that was asked for; 2 bad arguments or settings; 3 unfit servers."""
    if "--list" in arguments:
        for handler in discover():
            print(handler.name, *(fact.name for fact in handler.hears))
        return 0
    try:
        settings = read()
        telemetry.configure(settings.log_level, settings.log_format)
        if settings.crash_at:
            crashpoints.arm(settings.crash_at)
        uvloop.run(run(settings, tuple(arguments)))
    except (SettingsError, UnknownHandler) as error:
        print(error, file=sys.stderr)
        return 2
    except (UnfitServer, Unavailable) as error:
        print(error, file=sys.stderr)
        return 3
    except ExceptionGroup as group:
        mismatch, rest = group.split(TopologyMismatch)
        if mismatch is None or rest is not None:
            raise
        print(_first(mismatch), file=sys.stderr)
        return 3
    return 0


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
