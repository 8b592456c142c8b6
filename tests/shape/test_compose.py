"""The container files say what the code says. No engine is needed: this reads them, and starts nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.api.__main__ import GRACE
from services.cli.stack.mongodb import MONGO_IMAGE
from services.cli.stack.rabbitmq import RABBIT_IMAGE
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
EXAMPLE = ROOT / ".env.example"
FILE: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = ("api", "worker")
WORKER_SECONDS = 10
"""How long a worker that was asked to stop goes on with what it had begun (shared/broker/consumer.py)."""


def seconds(text: str) -> int:
    """A duration of the compose file; all of them are in whole seconds."""
    return int(text.removesuffix("s"))


def image_check() -> list[str]:
    """The command of the Dockerfile's HEALTHCHECK."""
    found = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    assert found, "the Dockerfile has no HEALTHCHECK in exec form"
    command: list[str] = json.loads(found[1])
    return command


@pytest.mark.parametrize("path", [COMPOSE, DOCKERFILE, EXAMPLE], ids=lambda path: path.name)
def test_every_variable_is_a_setting(path: Path) -> None:
    """A renamed setting would otherwise be set under its old name, and silently do nothing."""
    known = {f"TOCSIN_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bTOCSIN_[A-Z0-9_]+", path.read_text()))
    assert named, f"{path.name} names no setting"
    assert named <= known


def test_what_the_example_offers_is_used() -> None:
    """Every line of .env.example, commented out or not, is a variable that the compose file asks for."""
    offered = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    passed_on = {name for name, value in FILE["x-settings"].items() if value is None}
    assert offered == asked | passed_on


def test_no_password_is_given() -> None:
    """The broker's has to be chosen: without it compose stops with a sentence."""
    assert re.search(r"^RABBITMQ_PASSWORD=$", EXAMPLE.read_text(), re.MULTILINE)
    assert not re.search(r"RABBITMQ_PASSWORD(?!:\?)", COMPOSE.read_text())


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_and_comes_back(name: str) -> None:
    """A health check in exec form, quick while it starts, and a restart unless somebody stopped it."""
    service = SERVICES[name]
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert seconds(check["start_interval"]) < seconds(check["interval"])
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]


def test_who_waits_for_whom() -> None:
    """Both wait for a database that takes writes; the API can do without the broker, and does not wait."""
    healthy = {"condition": "service_healthy"}
    assert SERVICES["api"]["depends_on"] == {"mongo": healthy}
    assert SERVICES["worker"]["depends_on"] == {"mongo": healthy, "rabbitmq": healthy}


def test_the_servers_are_those_of_the_development_stack() -> None:
    """The same major versions; their patches come by themselves."""
    assert SERVICES["mongo"]["image"] == MONGO_IMAGE == "mongo:8"
    assert SERVICES["rabbitmq"]["image"] == RABBIT_IMAGE == "rabbitmq:4"


def test_the_replica_set_has_one_name() -> None:
    """In the server's command, in the check that initiates it, and in the address."""
    mongo = SERVICES["mongo"]
    url = FILE["x-settings"]["TOCSIN_MONGO_URL"]
    found = re.fullmatch(r"mongodb://(.+)/tocsin\?replicaSet=(\w+)", url)
    assert found
    host, name = found.groups()
    assert mongo["command"][mongo["command"].index("--replSet") + 1] == name
    assert f"_id: '{name}'" in mongo["healthcheck"]["test"][-1]
    assert f"host: '{host}'" in mongo["healthcheck"]["test"][-1]


def test_ports_are_for_this_machine_only() -> None:
    """Nothing listens beyond loopback, and the database, which has no password, not even there."""
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in SERVICES["mongo"]


def test_one_image_built_once() -> None:
    """Two builds of one tag at the same time can fail; and nobody else's image of that name is fetched."""
    assert {SERVICES[name]["image"] for name in OURS} == {"tocsin:0.1.0"}
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["api"]
    assert all(SERVICES[name]["pull_policy"] == "never" for name in OURS)


def test_our_processes_can_be_reached_and_probed() -> None:
    """The image listens on every address of its container; the checks ask the port that each process has."""
    worker = SERVICES["worker"]["environment"]
    api = SERVICES["api"]["environment"]
    assert "TOCSIN_HTTP_HOST=0.0.0.0" in DOCKERFILE.read_text()
    assert all("TOCSIN_HTTP_HOST" not in environment for environment in (api, worker))
    assert int(worker["TOCSIN_WORKER_PORT"]) > 0
    assert "TOCSIN_WORKER_PORT" not in api
    port = Settings.model_fields["http_port"].get_default()
    assert SERVICES["api"]["ports"][0].endswith(f":{port}")
    for name in OURS:
        ready = SERVICES[name]["healthcheck"]["test"][1:]
        assert "'/readyz'" in ready[-1]
        assert [part.replace("/readyz", "/livez") for part in ready] == image_check()
    assert f"or {port};" in image_check()[-1]


def test_our_processes_have_time_to_stop() -> None:
    """Longer than they give themselves, or they would be killed in the middle of it."""
    assert seconds(SERVICES["api"]["stop_grace_period"]) > GRACE
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > WORKER_SECONDS


def test_our_processes_have_no_privileges() -> None:
    """Not root, a file system that cannot be written to, and no way to gain rights."""
    assert re.search(r"^USER 10001:10001$", DOCKERFILE.read_text(), re.MULTILINE)
    for name in OURS:
        assert SERVICES[name]["read_only"] is True
        assert "no-new-privileges:true" in SERVICES[name]["security_opt"]


def test_every_dependency_of_the_image_has_a_hash() -> None:
    """Whatever the Dockerfile installs comes with hashes, or from the wheel that it has just built."""
    installs = re.findall(r"\bpip (?:--python \S+ )?install (.*)", DOCKERFILE.read_text())
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert re.search(r"^setuptools==", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
