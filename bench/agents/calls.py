"""The time that Envoy and Chowder add to a call of the same gateway. A request that the gateway rejects at once shows it without the
noise of an agent's turn. Complete turns follow for comparison."""

import http.client
import json

from agents.tools import QUESTION, STEP_SECONDS, Stopwatch, docker, host_port

WARM_UP = 5


def measure(bench):
    if bench.chowder:
        bench.unit("calls", lambda unit: one(bench, unit))


def one(bench, unit):
    system = bench.chowder
    agent, _ = system.create()
    try:
        container = docker("ps", "-q", "--filter", f"label=dev.chowder.instance={agent}")
        token = system.call("GET", f"/v1/instances/{agent}/gateway")["gateway_token"]
        system.ask(agent)
        # Both keep their connection, as clients do.
        through = http.client.HTTPConnection(system.rest.hostname, system.rest.port, timeout=STEP_SECONDS)
        direct = http.client.HTTPConnection("127.0.0.1", host_port(container), timeout=STEP_SECONDS)
        ways = {
            "chowder": lambda body: timed(through, f"/v1/instances/{agent}/responses", body, system.headers),
            "baseline": lambda body: timed(direct, "/v1/responses", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"}),
        }
        for row, content, count in (("call-rejected.done", 5, bench.options.calls), ("call-turn.done", QUESTION, bench.options.turns)):
            for number in range(count + WARM_UP):
                for name in sorted(ways, reverse=number % 2 == 0):
                    seconds, status = ways[name]({"model": "openclaw/main", "input": content})
                    if (status == 400) != (row == "call-rejected.done"):
                        raise RuntimeError(f"{row} by {name}: {status}")
                    if number >= WARM_UP:
                        bench.results.sample(unit, row, name, seconds)
    finally:
        system.remove(agent)


def timed(connection, path, body, headers):
    began = Stopwatch()
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return began.seconds(), answer.status
