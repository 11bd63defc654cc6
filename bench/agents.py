#!/usr/bin/env python3
"""Times the lifecycle of agents on one machine, with Chowder, with one `docker run` (the baseline) and with `openclaw fleet`.
Each round runs all three, in another order each time, so that other load on the machine affects all alike. Uses only
public interfaces: Chowder's REST, the docker command, the openclaw command."""

import argparse
import http.client
import json
import math
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.parse

QUESTION = "Reply with exactly: ready"
ANSWER = "ready"
# The default limits of a cell of `openclaw fleet` and of a sandbox of Chowder. The baseline has the same limits.
LIMITS = ["--memory", "2g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "512"]
PORT = 18789
STEP_SECONDS = 240
POLL_SECONDS = 0.02


def main():
    options = arguments()
    os.makedirs(options.scratch, mode=0o700, exist_ok=True)
    chowder = Chowder(options)
    sides = [chowder, Bare(options), Fleet(options)]
    table = {}
    # The agent that scripts/up created would disturb the measurement.
    chowder.remove(options.first_instance)
    for round_number in range(options.rounds):
        turn = round_number % len(sides)
        for side in sides[turn:] + sides[:turn]:
            lifecycle(side, table, round_number)
    overhead(chowder, table, options)
    report(table, options)
    return verdicts(table)


def lifecycle(side, table, round_number):
    """Runs one agent from creation to removal. It is removed even after a failure."""

    def note(what, seconds):
        table.setdefault((what, side.name), []).append(seconds)

    began = time.monotonic()
    agent = None
    try:
        agent = side.create(note)
        note("create to ready", time.monotonic() - began)
        if side.answers:
            asked = time.monotonic()
            side.ask(agent)
            note("first answer after ready", time.monotonic() - asked)
            note("create to first answer", time.monotonic() - began)
        for verb in ("stop", "start"):
            at = time.monotonic()
            getattr(side, verb)(agent)
            note(verb, time.monotonic() - at)
    finally:
        side.remove(agent)
    say(f"round {round_number + 1}: {side.name} took {time.monotonic() - began:.1f} s")


class Chowder:
    """Chowder, through Envoy."""

    name = "chowder"
    answers = True

    def __init__(self, options):
        self.rest = urllib.parse.urlsplit(options.rest)
        with open(options.key_file, encoding="ascii") as file:
            self.headers = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection(self.rest.hostname, self.rest.port, timeout=STEP_SECONDS)

    def call(self, method, path, body=None, expect=(200, 201, 202, 204)):
        payload = None if body is None else json.dumps(body)
        self.connection.request(method, path, payload, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in expect:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else {}

    def create(self, note):
        began = time.monotonic()
        made = self.call("POST", "/v1/instances", {"name": "bench", "model_provider": "custom"})
        note("POST /v1/instances", time.monotonic() - began)
        self.await_running(made["id"])
        return made["id"]

    def await_running(self, agent):
        watch = http.client.HTTPConnection(self.rest.hostname, self.rest.port, timeout=STEP_SECONDS)
        watch.request("GET", f"/v1/instances/{agent}/watch", headers=self.headers)
        stream = watch.getresponse()
        try:
            for line in stream:
                if not line.startswith(b"data: "):
                    continue
                seen = json.loads(line[len(b"data: "):])
                if seen["status"] == "running":
                    return
                if seen["status"] in ("error", "terminated"):
                    raise RuntimeError(f"{agent}: {seen['status']}: {seen.get('error_message')}")
        finally:
            watch.close()
        raise RuntimeError(f"{agent}: the watch ended before the agent was running")

    def ask(self, agent):
        expect_answer(self.call("POST", f"/v1/instances/{agent}/responses", {"input": QUESTION}))

    def stop(self, agent):
        expect_status(self.call("POST", f"/v1/instances/{agent}/stop?wait=120"), "stopped")

    def start(self, agent):
        expect_status(self.call("POST", f"/v1/instances/{agent}/start?wait=120"), "running")

    def remove(self, agent):
        if agent is None:
            for left in self.call("GET", "/v1/instances").get("instances", []):
                self.remove(left["id"])
            return
        self.call("DELETE", f"/v1/instances/{agent}")
        wait_for("no container of " + agent, lambda: not docker("ps", "-aq", "--filter", f"label=dev.chowder.instance={agent}"))


class Bare:
    """The baseline: one `docker run` of the same image, which runs the onboarding and then the gateway."""

    name = "baseline"
    answers = True
    # Onboards only once, so that a later `docker start` of the same container only boots the gateway.
    script = (
        "if [ ! -e .onboarded ]; then mkdir -p -m 700 .openclaw"
        ' && printf \'{"gateway":{"http":{"endpoints":{"responses":{"enabled":true}}}}}\' > .openclaw/openclaw.json'
        " && openclaw onboard --non-interactive --accept-risk --mode local --auth-choice custom-api-key"
        ' --custom-base-url "$1" --custom-model-id demo --custom-api-key none --custom-compatibility openai'
        f' --gateway-port {PORT} --gateway-bind lan --gateway-auth token --gateway-token "$2"'
        " --skip-channels --skip-skills --skip-health --skip-daemon --skip-ui --skip-search --skip-hooks --json"
        " && touch .onboarded || exit 1; fi; exec openclaw gateway run"
    )

    def __init__(self, options):
        self.options = options
        self.token = secrets.token_urlsafe(32)

    def create(self, note):
        name = "chowder-bench-" + secrets.token_hex(4)
        docker("volume", "create", name)
        docker(
            "run", "-d", "--name", name, "-v", f"{name}:/home/node", "-p", f"127.0.0.1::{PORT}", *LIMITS,
            "-w", "/home/node", self.options.image, "sh", "-c", self.script, "sh", self.options.model, self.token,
        )
        await_ready(host_port(name))
        return name

    def ask(self, agent):
        expect_answer(ask_gateway(host_port(agent), self.token))

    def stop(self, agent):
        docker("stop", "-t", "60", agent)

    def start(self, agent):
        docker("start", agent)
        await_ready(host_port(agent))

    def remove(self, agent):
        for left in [agent] if agent else docker("ps", "-aq", "--filter", "name=chowder-bench-").split():
            docker("rm", "-f", "-v", left)
            docker("volume", "rm", "-f", left)


class Fleet:
    """OpenClaw's own `openclaw fleet`. Its cells have no model, so they are timed until they are ready."""

    name = "openclaw fleet"
    answers = False

    def __init__(self, options):
        self.options = options
        self.made = ""
        self.home = os.path.join(options.scratch, "fleet")
        shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(self.home, mode=0o700)

    def fleet(self, *words):
        folder = self.options.openclaw
        command = [f"{folder}/bin/node", f"{folder}/node_modules/openclaw/openclaw.mjs", "fleet", *words]
        environment = {"HOME": self.home, "PATH": os.environ["PATH"], "OPENCLAW_HIDE_BANNER": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openclaw fleet {words[0]}: exit code {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def create(self, note):
        name = self.made = "bench-" + secrets.token_hex(4)
        self.fleet("create", name, "--image", self.options.image, "--json")
        await_ready(host_port("openclaw-cell-" + name))
        return name

    def stop(self, agent):
        self.fleet("stop", agent)

    def start(self, agent):
        self.fleet("start", agent)
        await_ready(host_port("openclaw-cell-" + agent))

    def remove(self, agent):
        # A create that failed leaves its cell behind.
        self.fleet("rm", agent or self.made, "--force")


def overhead(chowder, table, options):
    """Measures the time that Envoy and Chowder add to a call of the same gateway. A request that the gateway rejects at
    once shows it without the noise of an agent's turn. Complete turns follow for comparison."""
    agent = chowder.create(lambda *_: None)
    try:
        container = docker("ps", "-q", "--filter", f"label=dev.chowder.instance={agent}")
        port = host_port(container)
        token = chowder.call("GET", f"/v1/instances/{agent}/gateway")["gateway_token"]
        chowder.ask(agent)
        direct = http.client.HTTPConnection("127.0.0.1", port, timeout=STEP_SECONDS)
        kinds = [("rejected call", {"model": "openclaw/main", "input": 5}, options.calls), ("turn", {"model": "openclaw/main", "input": QUESTION}, options.turns)]
        for kind, body, count in kinds:
            for number in range(count + 5):
                pair = {
                    "chowder": lambda: timed(chowder.connection, f"/v1/instances/{agent}/responses", body, chowder.headers),
                    "baseline": lambda: timed(direct, "/v1/responses", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"}),
                }
                for name in sorted(pair, reverse=number % 2 == 0):
                    seconds, status = pair[name]()
                    if (status == 400) != (kind == "rejected call"):
                        raise RuntimeError(f"{kind} by {name}: {status}")
                    # The first five are warm-up.
                    if number >= 5:
                        table.setdefault((f"/responses, {kind}", name), []).append(seconds)
    finally:
        chowder.remove(agent)


def timed(connection, path, body, headers):
    began = time.monotonic()
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return time.monotonic() - began, answer.status


def ask_gateway(port, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STEP_SECONDS)
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    connection.request("POST", "/v1/responses", json.dumps({"model": "openclaw/main", "input": QUESTION}), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the gateway returned {answer.status}: {text[:300]!r}")
    return json.loads(text)


def await_ready(port):
    def ready():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    wait_for(f"/readyz on port {port}", ready)


def wait_for(what, condition):
    deadline = time.monotonic() + STEP_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"timed out after {STEP_SECONDS} s: {what}")
        time.sleep(POLL_SECONDS)


def docker(*words):
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"docker {words[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def host_port(container):
    return int(docker("port", container, f"{PORT}/tcp").splitlines()[0].rsplit(":", 1)[1])


def expect_answer(answer):
    text = "".join(part.get("text", "") for item in answer.get("output", []) for part in item.get("content", []))
    if ANSWER not in text:
        raise RuntimeError(f"answer: must contain {ANSWER}; got {json.dumps(answer)[:300]}")


def expect_status(instance, status):
    if instance.get("status") != status:
        raise RuntimeError(f"status: must be {status}; got {instance.get('status')}")


def report(table, options):
    """Prints Markdown. Times are in seconds, those of single calls in milliseconds."""
    print(f"{processor()}, {os.cpu_count()} cores, {memory_gib()} GiB; Docker {docker('version', '--format', '{{.Server.Version}}')}; "
          f"{options.rounds} rounds; {time.strftime('%Y-%m-%d', time.gmtime())}\n")
    print("| operation | system | n | min | p50 | max | p50 / baseline |\n|---|---|---|---|---|---|---|")
    for (what, who), values in sorted(table.items(), key=lambda row: (ORDER.index(row[0][0]), row[0][1])):
        unit, scale = ("ms", 1000) if what.startswith(("POST", "/")) else ("s", 1)
        baseline = table.get((what, "baseline"))
        ratio = "" if not baseline or who == "baseline" else f"{percentile(values, 50) / percentile(baseline, 50):.2f}"
        cells = [f"{v * scale:.1f} {unit}" for v in (min(values), percentile(values, 50), max(values))]
        print(f"| {what} | {who} | {len(values)} | {' | '.join(cells)} | {ratio} |")


ORDER = ["POST /v1/instances", "create to ready", "first answer after ready", "create to first answer", "stop", "start",
         "/responses, rejected call", "/responses, turn"]


def verdicts(table):
    """Prints the targets and returns the exit code: 0 if all are reached."""
    def p50(what, who="chowder"):
        return percentile(table[(what, who)], 50)

    baseline = "baseline"
    added = (p50("/responses, rejected call") - p50("/responses, rejected call", baseline)) * 1000
    checks = [
        ("POST's response, p50", p50("POST /v1/instances") * 1000, 30, "ms"),
        ("create to ready / baseline", p50("create to ready") / p50("create to ready", baseline), 1.1, "times"),
        ("start / create", p50("start") / p50("create to ready"), 0.7, "times"),
        ("start, p50", p50("start"), 15, "s"),
        ("added to a /responses call, p50", added, 10, "ms"),
    ]
    print("\n| target | measured | at most | reached |\n|---|---|---|---|")
    for what, got, limit, unit in checks:
        print(f"| {what} | {got:.2f} {unit} | {limit} {unit} | {'yes' if got <= limit else 'NO'} |")
    return 0 if all(got <= limit for _, got, limit, _ in checks) else 1


def percentile(values, percent):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "processor unknown")


def memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds; each runs all three (default: 15)")
    parser.add_argument("--calls", type=int, default=200, help="pairs of rejected calls (default: 200)")
    parser.add_argument("--turns", type=int, default=15, help="pairs of complete turns (default: 15)")
    for name in ("rest", "key-file", "first-instance", "image", "openclaw", "scratch", "model"):
        parser.add_argument("--" + name, required=True, help="set by scripts/bench")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
