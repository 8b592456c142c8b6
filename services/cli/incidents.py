"""Incidents from the command line, through the API."""

from services.cli.api_client import ApiClient, ApiError
from shared.settings import Settings

LATEST = "{ incidents(filter: {open: true}, orderBy: NEWEST, first: 1) { nodes { id } } }"
BY_NUMBER = "query($number: Int!) { incident(by: {number: $number}) { id } }"
ACKNOWLEDGE = """mutation($input: AcknowledgeIncidentInput!) { acknowledgeIncident(input: $input) {
  ... on AcknowledgeIncidentSuccess { changed incident { reference title } } ... on UserError { message } } }
              """


async def acknowledge(settings: Settings, which: str) -> str:
    """Acknowledge `INC-1042`, `1042` or the `latest` open incident; a sentence about it. Raises ApiError."""
    path = settings.data_dir / "token"
    if not path.exists():
        raise ApiError(f"There is no token in {path}; start the development stack with `make run`.")
    async with ApiClient(f"http://{settings.http_host}:{settings.http_port}", path.read_text().strip()) as api:
        result = await api.mutate(ACKNOWLEDGE, {"id": await _find(api, which)})
    incident = result["incident"]
    done = "acknowledged" if result["changed"] else "was acknowledged already"
    return f"{incident['reference']} ({incident['title']}) {done}"


async def _find(api: ApiClient, which: str) -> str:
    if which == "latest":
        nodes = (await api.ask(LATEST))["incidents"]["nodes"]
        if not nodes:
            raise ApiError("There is no open incident.")
        return str(nodes[0]["id"])
    digits = which.upper().removeprefix("INC-")
    found = (await api.ask(BY_NUMBER, {"number": int(digits)}))["incident"] if digits.isdecimal() else None
    if found is None:
        raise ApiError(f"There is no incident {which!r}.")
    return str(found["id"])
