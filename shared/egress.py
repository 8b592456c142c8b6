"""Where requests to addresses that people typed in may go: nowhere inside.

A name is resolved once, every address that it has must be permitted, and the connection goes to an address
that was checked, under the name's own Host and TLS name. Checking a name and then connecting to the name
would ask the DNS twice, and the second answer may be another one (DNS rebinding). What is sent, and what an
answer means, is not known here. Source: OWASP, "Server-Side Request Forgery Prevention Cheat Sheet", case 2.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx2

Address = IPv4Address | IPv6Address
Permit = Callable[[Address], bool]
Resolve = Callable[[str, int], Awaitable[list[str]]]

UNICAST_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
RELAYS_6TO4 = IPv4Network("192.88.99.0/24")
PORTS = {"http": 80, "https": 443}


class Forbidden(Exception):
    """A host that may not be connected to; the text names it and nothing else of the URL."""


def anywhere(address: Address) -> bool:
    """Permits every address: for installations whose receivers are inside."""
    return True


def public(address: Address) -> bool:
    """Permits what anybody on the internet may reach: no loopback, private, link-local or multicast address.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is permitted when the one inside is.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in RELAYS_6TO4
    inner = _carried(address)
    if inner is not None:
        return public(inner)
    return address.is_global and address in UNICAST_V6


def literal(host: str) -> Address | None:
    """The address that `host` spells out, if it is one and not a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, in the order to try them in. Raises httpx2.ConnectError when it has none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise httpx2.ConnectError("its name cannot be resolved") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 to permitted addresses only, one connection a request; proxies of the environment are ignored.

    A connection that was kept would be known to the pool by its address alone: it could carry the request for
    one name over the certificate of another.
    """

    def __init__(self, permit: Permit, resolve: Resolve = resolve) -> None:
        unlimited = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        super().__init__(trust_env=False, limits=unlimited)
        self._permit = permit
        self._resolve = resolve

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request. Raises Forbidden, or httpx2.TransportError, as when no address can be connected to."""
        host = request.url.raw_host.decode("ascii")
        failure: httpx2.TransportError = httpx2.ConnectError("it has no address")
        for address in await self._checked(host, request.url.port or PORTS[request.url.scheme]):
            try:
                return await super().handle_async_request(_aimed(request, address, host))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _checked(self, host: str, port: int) -> list[str]:
        addresses = await self._resolve(host, port)
        if not all(self._permit(ip_address(address)) for address in addresses):
            raise Forbidden(f"{host} leads to an address that is not public.")
        return addresses


def _aimed(request: httpx2.Request, address: str, host: str) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers={**request.headers, "connection": "close"},
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
