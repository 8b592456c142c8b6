"""The demo organisation, loaded through the same GraphQL API that everybody uses. Loading it twice changes
nothing.
"""

from dataclasses import dataclass

from services.cli.api_client import ApiClient

USERS = (("bo", "Bo Berg"), ("cy", "Cy Costa"))
STEP_SECONDS = 20

CREATE_USER = """mutation($input: CreateUserInput!) { createUser(input: $input) {
  ... on CreateUserSuccess { user { id } } ... on UserError { message } } }"""
ADD_CONTACT = """mutation($input: AddContactMethodInput!) { addContactMethod(input: $input) {
  ... on AddContactMethodSuccess { contactMethod { id } } ... on UserError { message } } }"""
CREATE_POLICY = """mutation($input: CreateEscalationPolicyInput!) { createEscalationPolicy(input: $input) {
  ... on CreateEscalationPolicySuccess { escalationPolicy { id } } ... on UserError { message } } }"""
CHOOSE_FALLBACK = """mutation($input: ChooseFallbackPolicyInput!) { chooseFallbackPolicy(input: $input) {
  ... on ChooseFallbackPolicySuccess { changed } ... on UserError { message } } }"""
CREATE_SERVICE = """mutation($input: CreateServiceInput!) { createService(input: $input) {
  ... on CreateServiceSuccess { service { id } } ... on UserError { message } } }"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the first commands need to name."""

    checkout_id: str


async def load(api: ApiClient) -> Demo:
    """Two people on call, one policy, three services that depend on one another."""
    people = [await _person(api, key, name) for key, name in USERS]
    steps = [{"userIds": [person], "delaySeconds": STEP_SECONDS} for person in people]
    policy = await api.mutate(
        CREATE_POLICY, {"name": "Demo on-call", "steps": steps, "repeat": 2, "idempotencyKey": "demo-policy"}
    )
    policy_id = policy["escalationPolicy"]["id"]
    await api.mutate(CHOOSE_FALLBACK, {"escalationPolicyId": policy_id})
    database = await _service(api, "payments database", 2, policy_id, [])
    checkout = await _service(api, "checkout", 1, policy_id, [database])
    await _service(api, "wiki", 3, None, [])
    return Demo(checkout)


async def _person(api: ApiClient, key: str, name: str) -> str:
    made = await api.mutate(
        CREATE_USER, {"name": name, "email": f"{key}@example.org", "idempotencyKey": f"demo-user-{key}"}
    )
    user_id = str(made["user"]["id"])
    contact = {
        "userId": user_id,
        "channel": "log",
        "address": "terminal",
        "idempotencyKey": f"demo-contact-{key}",
    }
    await api.mutate(ADD_CONTACT, contact)
    return user_id


async def _service(api: ApiClient, name: str, tier: int, policy_id: str | None, depends_on: list[str]) -> str:
    key = f"demo-service-{name}"
    asked = {"name": name, "tier": tier, "escalationPolicyId": policy_id, "dependsOn": depends_on}
    made = await api.mutate(CREATE_SERVICE, {**asked, "idempotencyKey": key})
    return str(made["service"]["id"])
