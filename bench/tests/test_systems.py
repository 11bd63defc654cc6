import contextlib
import http.server
import io
import json
import os
import stat
import tempfile
import threading
import types
import unittest
from unittest import mock

from agents import bench, chowder, fleet, lifecycle, measure, pool
from agents import rows as row_titles
from agents.results import Results, read


class Api(http.server.BaseHTTPRequestHandler):
    """Chowder's REST with one simulated agent. `server.freezes` decides whether a stop freezes it, `server.pooled` is the number of pool
    members."""

    agent = {}

    def do_POST(self):
        verb = self.path.split("?")[0].split("/")[-1]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if verb == "instances":
            self.agent.clear()
            self.agent.update(id="a", status="running", served_by="pool" if self.server.pooled else "cold")
            if not self.server.pooled or "openclaw_config" in json.loads(body):
                # It runs by the time of the watch.
                return self.answer({"id": "a", "status": "provisioning"})
        elif verb == "stop":
            self.agent.update(status="stopped", sleep_level="frozen" if self.server.freezes else "off")
        elif verb == "start":
            self.agent.update(status="running", served_by={"frozen": "thaw", "paged_out": "page_in", "off": "boot"}[self.agent.pop("sleep_level")])
        elif verb == "responses":
            return self.answer({"output": [{"content": [{"text": "ready"}]}]})
        self.answer(self.agent)

    def do_GET(self):
        if self.path.endswith("/watch"):
            lines = [{**self.agent, "status": "provisioning"}, self.agent]
            return self.send("".join(f"event: x\ndata: {json.dumps(line)}\n\n" for line in lines).encode())
        if self.path == "/metrics":
            if self.headers["Authorization"] != "Bearer operator":
                return self.send(b"", 401)
            return self.send(f'chowder_instances{{status="running"}} 5.0\nchowder_instances{{status="pooled"}} {float(self.server.pooled)}\n'.encode())
        self.answer(self.agent)

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.agent["sleep_level"] = "off"
        self.answer({})

    def do_DELETE(self):
        if self.server.busy:
            self.server.busy -= 1
            return self.send(b"{}", 503)
        self.agent.clear()
        self.answer({})

    def answer(self, body):
        self.send(json.dumps(body).encode())

    def send(self, content, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class ChowderTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.freezes = True
        self.server.busy = 0
        self.server.pooled = 0
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.enterContext(mock.patch("agents.chowder.docker", lambda *_: ""))
        for module in ("lifecycle", "pool"):
            self.enterContext(mock.patch(f"agents.{module}.idle", lambda _: None))
        self.enterContext(mock.patch("agents.chowder.METRIC_SECONDS", 0))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.results_path = os.path.join(folder, "results.jsonl")
        key = os.path.join(folder, "key")
        with open(key, "w", encoding="ascii") as file:
            file.write("key\n")
        token = os.path.join(folder, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write("operator\n")
        address = f"http://127.0.0.1:{self.server.server_port}"
        self.options = types.SimpleNamespace(rest=address, key_file=key, monitoring=address, operator_token_file=token, phase="pool", n=1, idle=[5, 60, 600])
        self.system = chowder.Chowder(self.options)

    def lifecycle(self):
        return self.measured(lifecycle.measure)

    def measured(self, part):
        results = Results(self.results_path, False)
        self.addCleanup(results.file.close)
        part(bench.Bench(self.options, [self.system], results))
        lines = read(self.results_path)
        return {line["row"]: line.get("served_by") for line in lines if line["kind"] == "sample"}, [line for line in lines if line["kind"] == "failed"]

    def test_a_round_names_its_rows_by_what_the_api_reports(self):
        self.assertEqual(self.system.probe(False), "thaw")
        rows, failed = self.lifecycle()
        self.assertEqual(failed, [])
        self.assertEqual((rows["create-cold.running"], rows["start-frozen-5.running"], rows["start-boot.running"]), ("cold", "thaw", "boot"))
        self.assertIn("stop-frozen.done", rows)
        self.assertNotIn("stop-off.done", rows)

    def test_a_version_that_does_not_freeze_has_no_frozen_rows(self):
        self.server.freezes = False
        self.assertEqual(self.system.probe(False), "boot")
        rows, failed = self.lifecycle()
        self.assertEqual(failed, [])
        self.assertFalse([row for row in rows if "frozen" in row])
        self.assertIn("stop-off.done", rows)

    def test_an_agent_that_stopped_freezing_fails_instead_of_counting_as_a_thaw(self):
        self.system.probe(False)
        self.server.freezes = False
        rows, failed = self.lifecycle()
        self.assertIn("must be thaw", failed[0]["error"])
        self.assertFalse([row for row in rows if row.startswith("start-frozen")])

    def test_creates_that_claim_a_member_have_rows_for_each_idle_time_under_five_minutes(self):
        self.server.pooled = 1
        self.assertTrue(self.system.probe_pool())
        rows, failed = self.measured(pool.measure)
        self.assertEqual(failed, [])
        expected = [f"{name}.{end}" for name in ("create-pool", "create-pool-config", "create-pool-60") for end in ("running", "after", "answer", "post")]
        expected.append("pool-awake-5.answer")
        self.assertEqual(sorted(rows), sorted(expected))
        self.assertEqual({rows[f"{name}.answer"] for name in ("create-pool", "create-pool-config", "create-pool-60")}, {"pool"})
        for row in rows:
            self.assertTrue(row_titles.title(row))
        self.assertEqual(Api.agent, {})

    def test_a_create_that_was_not_served_by_the_pool_has_no_sample(self):
        self.server.pooled = 1
        self.assertTrue(self.system.probe_pool())
        # Another create claims the member after it was counted.
        self.enterContext(mock.patch.object(self.system, "await_member", lambda: setattr(self.server, "pooled", 0)))
        rows, failed = self.measured(pool.measure)
        self.assertEqual(rows, {})
        self.assertEqual(len(failed), 3)
        self.assertIn("served_by: must be pool for the state pool; got cold", failed[0]["error"])
        self.assertEqual(Api.agent, {})

    def test_without_a_member_the_rows_are_skipped_with_a_reason(self):
        self.enterContext(mock.patch("agents.chowder.MEMBER_SECONDS", -1))
        results = Results(self.results_path, False)
        self.addCleanup(results.file.close)
        benched = bench.Bench(self.options, [self.system], results)
        measure.probe(benched)
        pool.measure(benched)
        self.assertEqual([(line["kind"], line.get("row")) for line in read(self.results_path)], [("skipped", "create-pool")])

    def test_an_agent_is_removed_also_if_the_server_is_busy(self):
        agent, _ = self.system.create()
        self.server.busy = 2
        self.system.remove(agent)
        self.assertEqual((self.server.busy, Api.agent), (0, {}))

    def test_an_agent_whose_memory_is_in_swap_is_paged_out(self):
        agent, _ = self.system.create()
        self.system.stop(agent)
        Api.agent["sleep_level"] = "paged_out"
        self.assertTrue(self.system.await_page_out(agent))
        self.assertEqual(self.system.start(agent), "page_in")


class FleetTest(unittest.TestCase):
    def test_a_cell_finds_the_model_in_its_private_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            made = fleet.Fleet(types.SimpleNamespace(scratch=folder, model="http://model/v1"))
            with mock.patch("os.chown"):
                made.write_configuration("cell")
            path = os.path.join(folder, "fleet", ".openclaw", "fleet", "cells", "cell")
            with open(os.path.join(path, "openclaw.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["models"]["providers"]["custom"]["baseUrl"], "http://model/v1")
            modes = [stat.S_IMODE(os.stat(each).st_mode) for each in (path, os.path.join(path, "openclaw.json"))]
            self.assertEqual(modes, [0o700, 0o600])
