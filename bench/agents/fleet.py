"""OpenClaw's own `openclaw fleet`, with the same model as the other systems."""

import json
import os
import secrets
import shutil
import subprocess

from agents import gateway_config
from agents.tools import STEP_SECONDS, ask_gateway, await_ready, docker, host_port

# The user of a cell, if root runs `openclaw fleet`.
CELL_USER = 1000


class Fleet:
    """Creates cells. `fleet create` has no option for a model, but it keeps a configuration that it finds in the folder of the
    cell's data, so the bench writes one there before."""

    name = "openclaw fleet"
    freezes = False
    pages = False

    def __init__(self, options):
        self.options = options
        self.home = os.path.join(options.scratch, "fleet")
        self.tokens = {}
        # Each `docker port` would count in a time.
        self.ports = {}

    def fleet(self, *words):
        folder = self.options.openclaw
        command = [f"{folder}/bin/node", f"{folder}/node_modules/openclaw/openclaw.mjs", "fleet", *words]
        environment = {"HOME": self.home, "PATH": os.environ["PATH"], "OPENCLAW_HIDE_BANNER": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openclaw fleet {words[0]}: exit code {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def create(self):
        name = "bench-" + secrets.token_hex(4)
        self.write_configuration(name)
        try:
            made = json.loads(self.fleet("create", name, "--image", self.options.image, "--json"))
            self.tokens[name] = made["token"]
            self.await_boot(name)
        except BaseException:
            # A cell that does not become healthy in time stays.
            self.remove(name)
            raise
        return name, None

    def write_configuration(self, cell):
        folder = os.path.join(self.home, ".openclaw", "fleet", "cells", cell)
        os.makedirs(folder, mode=0o700)
        path = os.path.join(folder, "openclaw.json")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(gateway_config.minimal(self.options.model), file)
        if os.geteuid() == 0:
            os.chown(folder, CELL_USER, CELL_USER)
            os.chown(path, CELL_USER, CELL_USER)

    def await_boot(self, agent):
        """Docker may assign another port at each start."""
        self.ports[agent] = host_port(self.container(agent))
        await_ready(self.container(agent), self.ports[agent])

    def ask(self, agent):
        ask_gateway(self.ports[agent], self.tokens[agent])

    def stop(self, agent):
        self.fleet("stop", agent)

    def level(self, agent):
        return "off"

    def end_gateway(self, agent):
        """Does nothing: `fleet stop` has ended it."""

    def boot(self, agent):
        self.fleet("start", agent)
        self.await_boot(agent)

    def container(self, agent):
        return "openclaw-cell-" + agent

    def remove(self, agent):
        self.fleet("rm", agent, "--force", "--purge-data")

    def remove_all(self):
        if os.path.isdir(self.home):
            for cell in json.loads(self.fleet("list", "--json"))["cells"]:
                self.remove(cell["tenant"])
            shutil.rmtree(self.home)
        os.makedirs(self.home, mode=0o700)
