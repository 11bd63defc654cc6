"""The baselines: one `docker run` of the same image, with and without OpenClaw's onboarding."""

import json
import secrets

from agents import gateway_config
from agents.tools import PORT, ask_gateway, await_ready, docker, host_port, is_paused

# The default limits of a sandbox of Chowder and of a cell of `openclaw fleet`.
LIMITS = ["--memory", "2g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "512"]


class Bare:
    """Creates agents with `docker run`, freezes them with `docker pause`, and stops them with `docker stop`."""

    freezes = True
    pages = False
    # Set by the subclasses: a name, and a script that prepares the home volume only once, so that a later `docker start` only boots
    # the gateway. $1 is the argument of the script; the token is in the environment.
    name = ""
    script = ""

    def __init__(self, options):
        self.options = options
        self.token = secrets.token_urlsafe(32)
        # Each `docker port` would count in a time.
        self.ports = {}

    def argument(self):
        raise NotImplementedError

    def create(self):
        """Creates an agent and waits until it is ready. Returns its name and None, because only Chowder reports `served_by`."""
        name = f"{self.options.prefix}-{secrets.token_hex(4)}"
        docker("volume", "create", name)
        try:
            docker(
                "run", "-d", "--name", name, "-v", f"{name}:/home/node", "-p", f"127.0.0.1::{PORT}", *LIMITS,
                "-e", f"OPENCLAW_GATEWAY_TOKEN={self.token}", "-w", "/home/node", self.options.image, "sh", "-c", self.script, "sh", self.argument(),
            )
            self.await_boot(name)
        except BaseException:
            self.remove(name)
            raise
        return name, None

    def await_boot(self, agent):
        """Docker assigns a port at each start."""
        self.ports[agent] = host_port(agent)
        await_ready(agent, self.ports[agent])

    def ask(self, agent):
        ask_gateway(self.ports[agent], self.token)

    def freeze(self, agent):
        docker("pause", agent)

    def thaw(self, agent):
        docker("unpause", agent)
        await_ready(agent, self.ports[agent])

    def stop(self, agent):
        docker("stop", "-t", "60", agent)

    def level(self, agent):
        return "frozen" if is_paused(agent) else "off"

    def end_gateway(self, agent):
        """Does nothing: `docker stop` has ended it."""

    def boot(self, agent):
        docker("start", agent)
        self.await_boot(agent)

    def container(self, agent):
        return agent

    def remove(self, agent):
        docker("rm", "-f", "-v", agent)
        docker("volume", "rm", "-f", agent)

    def remove_all(self):
        for agent in docker("volume", "ls", "-q", "--filter", f"name=^{self.options.prefix}-").split():
            self.remove(agent)


class Onboarded(Bare):
    """Runs OpenClaw's onboarding and then the gateway."""

    name = "baseline, onboarding"
    script = (
        "if [ ! -e .onboarded ]; then mkdir -p -m 700 .openclaw"
        ' && printf \'{"gateway":{"http":{"endpoints":{"responses":{"enabled":true}}}}}\' > .openclaw/openclaw.json'
        " && openclaw onboard --non-interactive --accept-risk --mode local --auth-choice custom-api-key"
        ' --custom-base-url "$1" --custom-model-id demo --custom-api-key none --custom-compatibility openai'
        f' --gateway-port {PORT} --gateway-bind lan --gateway-auth token --gateway-token "$OPENCLAW_GATEWAY_TOKEN"'
        " --skip-channels --skip-skills --skip-health --skip-daemon --skip-ui --skip-search --skip-hooks --json"
        " && touch .onboarded || exit 1; fi; exec openclaw gateway run"
    )

    def argument(self):
        return self.options.model


class Prepared(Bare):
    """Writes the final configuration once and runs the gateway, without an onboarding."""

    name = "baseline"
    script = (
        "if [ ! -e .openclaw/openclaw.json ]; then mkdir -p -m 700 .openclaw && (umask 077 && printf %s \"$1\" > .openclaw/openclaw.json) || exit 1; fi;"
        " exec openclaw gateway run"
    )

    def argument(self):
        return json.dumps(gateway_config.minimal(self.options.model))
