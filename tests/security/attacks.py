"""What nobody in particular sends to take a process down or to come in, and what it gets."""

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import httpx
import psutil

from ordercast.infra.local.processes import SERVICES
from ordercast.infra.local.system import System
from tests.security.findings import Finding
from tests.support.attacks import Heard, endless, send_until_closed

MIB: Final = 1_048_576
# What each attack would send if nobody stopped it, and what may get in, the buffers of both sockets included (bytes).
OFFERED_BYTES: Final = 64 * MIB
TAKEN_BYTES: Final = 32 * MIB
GROWTH_MIB: Final = 64
LONG: Final = b"a" * 16_384
START: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
ENDLESS: Final = {
    "header lines without end": (START, b"name: " + LONG + b"\r\n", 431),
    "an address without end": (b"GET /", LONG, 414),
}
ODD: Final = {
    "a request without Host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "a request with Host twice": (START + b"Host: y\r\n\r\n", 400),
    "a length and chunks at once": (START + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "headers that do not end for 10 s": (START, 408),
}
# More than one address may have (500).
CONNECTIONS: Final = 520
MOST_OF_ONE_ADDRESS: Final = 500


async def on_every_port(system: System) -> list[Finding]:
    """Bounds of what one connection may send, and of what a process grows by."""
    findings = []
    for name in SERVICES:
        port, process = system.plan.service_ports[name], psutil.Process(system.pid(name))
        before = process.memory_info().rss
        for what, (start, piece, status) in ENDLESS.items():
            heard = await asyncio.to_thread(send_until_closed, port, endless(start, piece, OFFERED_BYTES))
            findings.append(Finding.compared(f"{name}: {what}", [status], heard.statuses))
            findings.append(Finding.bounded(f"{name}: {what}, sent", heard.sent, TAKEN_BYTES, "bytes"))
        growth = max(0, process.memory_info().rss - before) // MIB
        findings.append(Finding.bounded(f"{name}: grows by it", growth, GROWTH_MIB, "MiB"))
    tries = [(name, *odd) for name in SERVICES for odd in ODD.items()]
    answers = await asyncio.gather(*(_sent(system.plan.service_ports[name], piece) for name, _, (piece, _) in tries))
    for (name, what, (_, status)), heard in zip(tries, answers, strict=True):
        findings.append(Finding.compared(f"{name}: {what}", [status], heard.statuses))
    return findings


async def connections(system: System) -> list[Finding]:
    """One address opens more connections to a relay than it may have; its work is not disturbed."""
    port = system.plan.service_ports["relay"]
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)))
    try:
        answers = await asyncio.gather(*(_first_status(*streams) for streams in opened))
    finally:
        for _, writer in opened:
            writer.close()
    let_in = sum(status == 200 for status in answers)
    refused = sum(status == 429 for status in answers)
    return [
        Finding.bounded(f"{CONNECTIONS} connections of one address, let in", let_in, MOST_OF_ONE_ADDRESS, "of them"),
        Finding.compared("and all others refused", f"{CONNECTIONS - let_in} by 429", f"{refused} by 429"),
    ]


async def bodies(http: httpx.AsyncClient, system: System, customer: Mapping[str, str]) -> list[Finding]:
    """Bodies that cost more than they weigh."""
    api, predictor = system.urls["order_api"], system.urls["predictor"]
    many = b"{" + b",".join(b'"f%d":1' % n for n in range(70_000)) + b"}"
    fewer = b"{" + b",".join(b'"f%d":1' % n for n in range(15_000)) + b"}"
    deep = b"[" * 20_000 + b"]" * 20_000
    twice = b'{"email":"a@example.com","email":"b@example.com"}'
    wide = "{}".encode("utf-16")
    views = json.dumps({"view_counts": [1] * 200_000}).encode()
    sent = (
        ("70,000 unknown fields in a sign-up", f"{api}/accounts", many, {413}),
        ("70,000 unknown fields in an order", f"{api}/orders", many, {413}),
        ("15,000 unknown fields in an order", f"{api}/orders", fewer, {422}),
        ("20,000 lists in each other", f"{api}/orders", deep, {400, 422}),
        ("a name twice in an object", f"{api}/accounts", twice, {400}),
        ("UTF-16", f"{api}/accounts", wide, {400}),
        ("200,000 view counts without a token", f"{predictor}/predictions", views, {413, 422}),
    )
    findings = []
    for what, url, body, wanted in sent:
        headers = {"Content-Type": "application/json", **(customer if url.endswith("/orders") else {})}
        answer = await http.post(url, content=body, headers=headers)
        got = answer.status_code
        findings.append(
            Finding(what, " or ".join(map(str, sorted(wanted))), str(got), "" if got in wanted else "not as wanted")
        )
        findings.append(Finding.bounded(f"{what}: the answer", len(answer.content), 65_536, "bytes"))
    return findings


async def pages(http: httpx.AsyncClient, system: System, customer: Mapping[str, str], product: int) -> list[Finding]:
    """Few requests for much, and lines without end."""
    api = system.urls["order_api"]
    order = {"items": [{"product_id": product, "quantity": 1}] * 1_000}
    for _ in range(3):
        (await http.post(f"{api}/orders", json=order, headers=customer)).raise_for_status()
    page = (await http.get(f"{api}/orders?limit=100", headers=customer)).raise_for_status().json()
    lines = sum(len(order["items"]) for order in page["data"])
    many = await http.get(f"{api}/orders?limit=100000", headers=customer)
    blank = await http.post(
        f"{api}/views/batch", content=b"\n" * 2_000, headers={"Content-Type": "application/x-ndjson", **customer}
    )
    other = await http.request("DELETE", f"{api}/orders", headers=customer)
    return [
        Finding.bounded("a page of orders of 1,000 lines each", lines, 2_000, "lines"),
        Finding.compared("a page of 100,000 orders", 422, many.status_code),
        Finding.compared("2,000 blank lines of views", 422, blank.status_code),
        Finding.compared("a method that there is not", (405, True), (other.status_code, "Allow" in other.headers)),
        Finding.compared(
            "may be kept or guessed at by browsers",
            "no-store, nosniff",
            f"{many.headers.get('Cache-Control')}, {many.headers.get('X-Content-Type-Options')}",
        ),
    ]


async def log_ins(http: httpx.AsyncClient, system: System, email: str, password: str) -> list[Finding]:
    """Guessing, and tokens that somebody made himself."""
    api = system.urls["order_api"]

    async def log_in(name: str, guess: str) -> httpx.Response:
        return await http.post(f"{api}/auth/token", data={"username": name, "password": guess})

    known, unknown = await log_in(email, "a wrong guess"), await log_in("nobody@example.com", "a wrong guess")
    told = {"status": known.status_code, **known.json()}
    findings = [
        Finding.compared(
            "a wrong password of an account, and of none: told apart",
            False,
            told != {"status": unknown.status_code, **unknown.json()},
        )
    ]
    guesses = [(await log_in("guessed@example.com", f"guess {n}")).status_code for n in range(12)]
    findings.append(Finding.compared("the 12th wrong password of an email in a minute", 429, guesses[-1]))
    findings.append(
        Finding.compared("another account's right password meanwhile", 200, (await log_in(email, password)).status_code)
    )
    claims = {"sub": "1", "role": "ADMIN", "exp": 4_102_444_800, "iss": "ordercast"}
    unsigned = ".".join((_base64({"alg": "none", "typ": "JWT"}), _base64(claims), ""))
    for what, token in (("unsigned (alg none)", unsigned), ("that is none", "x" * 1_000)):
        answer = await http.get(f"{api}/accounts/me", headers={"Authorization": f"Bearer {token}"})
        findings.append(Finding.compared(f"a token {what}", 401, answer.status_code))
    climbing = await http.get(f"{api}/docs/..%2f..%2f..%2fetc/passwd")
    findings.append(Finding.compared("a path that climbs out", 404, climbing.status_code))
    return findings


def _base64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def _sent(port: int, piece: bytes) -> Heard:
    return await asyncio.to_thread(send_until_closed, port, [piece])


async def _first_status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """0 where it is closed without a word."""
    with suppress(ConnectionError):
        writer.write(START + b"\r\n")
        line = (await reader.readline()).split()
        return int(line[1]) if len(line) > 1 else 0
    return 0
