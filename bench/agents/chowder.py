"""Chowder, through Envoy's REST."""

import http.client
import json
import re
import time
import urllib.parse

from agents.tools import QUESTION, STEP_SECONDS, call, docker, expect_answer, wait_for

# Longest wait that a call of a verb accepts.
WAIT_SECONDS = 120
# How long the memory of a stopped agent may take to reach swap, with the setting of scripts/bench.
PAGE_OUT_SECONDS = 60
# How long a pool member may take to boot, also after one that failed.
MEMBER_SECONDS = 180
# Maximum age of the counts in the metrics.
METRIC_SECONDS = 5
POOLED = re.compile(r'^chowder_instances\{status="pooled"\} (\S+)$', re.M)


class Chowder:
    """Whether a stop freezes is found out by a probe, because versions and hosts differ."""

    name = "chowder"

    def __init__(self, options):
        self.options = options
        self.rest = urllib.parse.urlsplit(options.rest)
        with open(options.key_file, encoding="ascii") as file:
            self.headers = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}
        self.freezes = False
        self.pages = False
        self.pools = False

    def call(self, method, path, body=None):
        status, text = call(self.rest.hostname, self.rest.port, method, path, body, self.headers)
        if status not in (200, 201, 202, 204):
            raise RuntimeError(f"{method} {path}: {status} {text[:300]!r}")
        return json.loads(text) if text else {}

    def post(self, config=None):
        """Creates an agent and returns the response of the API."""
        return self.call("POST", "/v1/instances", {"name": "bench", "model_provider": "custom", **({"openclaw_config": config} if config else {})})

    def create(self):
        """Creates an agent, waits until it is running, and returns its id and how it was served."""
        made = self.post()
        return made["id"], self.created(made)

    def created(self, made):
        """Waits until a new agent is running, and removes it if it does not become so. Returns how it was served."""
        if made["status"] == "running":
            return made.get("served_by")
        try:
            return self.await_running(made["id"])
        except BaseException:
            self.remove(made["id"])
            raise

    def await_running(self, agent):
        """Returns how the agent was served, as soon as the watch reports it as running."""
        watch = http.client.HTTPConnection(self.rest.hostname, self.rest.port, timeout=STEP_SECONDS)
        try:
            watch.request("GET", f"/v1/instances/{agent}/watch", headers=self.headers)
            for line in watch.getresponse():
                if not line.startswith(b"data: "):
                    continue
                seen = json.loads(line[len(b"data: "):])
                if seen["status"] == "running":
                    return seen.get("served_by")
                if seen["status"] in ("error", "terminated"):
                    raise RuntimeError(f"{agent}: {seen['status']}: {seen.get('error_message')}")
        finally:
            watch.close()
        raise RuntimeError(f"{agent}: the watch ended before the agent was running")

    def ask(self, agent):
        """Never repeats the call: `running` means that a turn is admitted."""
        expect_answer(self.call("POST", f"/v1/instances/{agent}/responses", {"input": QUESTION}))

    def stop(self, agent):
        stopped = self.call("POST", f"/v1/instances/{agent}/stop?wait={WAIT_SECONDS}")
        if stopped.get("status") != "stopped":
            raise RuntimeError(f"{agent}: must be stopped after {WAIT_SECONDS} s; got {stopped.get('status')}")

    def start(self, agent):
        """Starts the agent and returns how it was served. Ten boots at once take longer than the longest wait."""
        started = self.call("POST", f"/v1/instances/{agent}/start?wait={WAIT_SECONDS}")
        return started.get("served_by") if started.get("status") == "running" else self.await_running(agent)

    def freeze(self, agent):
        self.stop(agent)

    def thaw(self, agent):
        return self.start(agent)

    def level(self, agent):
        """Returns the level of sleep of a stopped agent: `frozen`, `paged_out` or `off`. Versions that do not freeze report none."""
        return self.call("GET", f"/v1/instances/{agent}").get("sleep_level", "off")

    def await_page_out(self, agent):
        """Waits for a limited time until the memory of a frozen agent is in swap. Returns whether it is."""
        deadline = time.monotonic() + PAGE_OUT_SECONDS
        while self.level(agent) == "frozen" and time.monotonic() < deadline:
            time.sleep(1)
        return self.level(agent) == "paged_out"

    def end_gateway(self, agent):
        """Ends the gateway of a frozen agent: a file written below it does so."""
        if self.level(agent) != "off":
            self.call("PUT", f"/v1/instances/{agent}/files/content", {"path": "bench.txt", "content": "written while stopped\n"})
            wait_for(f"the gateway of {agent} ends", lambda: self.level(agent) == "off")

    def boot(self, agent):
        return self.start(agent)

    def probe(self, paged):
        """Finds out whether a stop freezes, and whether the memory then goes to swap within PAGE_OUT_SECONDS if `paged` is true.
        Returns how the start after it was served."""
        agent, _ = self.create()
        try:
            self.ask(agent)
            self.stop(agent)
            if paged:
                self.await_page_out(agent)
            served_by = self.start(agent)
            self.freezes = served_by in ("thaw", "page_in")
            self.pages = served_by == "page_in"
            return served_by
        finally:
            self.remove(agent)

    def probe_pool(self):
        """Creates an agent, so that its organization gets a pool member. Returns whether a member can be claimed in time."""
        agent, _ = self.create()
        self.remove(agent)
        try:
            self.await_member()
        except TimeoutError:
            return False
        self.pools = True
        return True

    def await_member(self):
        """Waits until a pool member can be claimed. The API does not show members, the metrics count them."""
        # The count may be this old, so it may still include a member that was just claimed.
        time.sleep(METRIC_SECONDS)
        deadline = time.monotonic() + MEMBER_SECONDS
        while not self.pooled():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no pool member after {MEMBER_SECONDS} s")
            time.sleep(1)

    def pooled(self):
        monitoring = urllib.parse.urlsplit(self.options.monitoring)
        with open(self.options.operator_token_file, encoding="ascii") as file:
            headers = {"Authorization": "Bearer " + file.read().strip()}
        status, text = call(monitoring.hostname, monitoring.port, "GET", "/metrics", None, headers)
        if status != 200:
            raise RuntimeError(f"GET /metrics: {status} {text[:300]!r}")
        found = POOLED.search(text.decode())
        return bool(found) and float(found[1]) >= 1

    def container(self, agent):
        """Returns the container of the gateway; empty if there is none."""
        return docker("ps", "-q", "--filter", f"label=dev.chowder.instance={agent}").split("\n")[0]

    def remove(self, agent):
        wait_for(f"{agent} is deleted", lambda: self.delete(agent))
        wait_for("no container of " + agent, lambda: not docker("ps", "-aq", "--filter", f"label=dev.chowder.instance={agent}"))

    def delete(self, agent):
        """Returns false while the server cannot be reached. An agent that stays would affect all later samples."""
        status, text = call(self.rest.hostname, self.rest.port, "DELETE", f"/v1/instances/{agent}", None, self.headers)
        if status not in (200, 204, 404, 503):
            raise RuntimeError(f"DELETE of {agent}: {status} {text[:300]!r}")
        return status != 503

    def remove_all(self):
        while True:
            left = self.call("GET", "/v1/instances?page_size=100").get("instances", [])
            for agent in left:
                self.remove(agent["id"])
            if not left:
                return
