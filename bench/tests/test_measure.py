import contextlib
import io
import os
import tempfile
import unittest
from unittest import mock

from agents import bench, bursts, density, lifecycle, measure, options, sleeps
from agents.results import Results, read
from fakes import FakeSystem, Options

REQUIRED = [word for name in ("rest", "key-file", "image", "openclaw", "scratch", "model", "monitoring", "operator-token-file") for word in (f"--{name}", "x")] + ["--phase", "frozen"]


class MeasureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "results.jsonl")
        # Idle times pass at once.
        self.now = 0.0
        for patched in (mock.patch("time.sleep", self.sleep), mock.patch("time.monotonic", lambda: self.now), contextlib.redirect_stderr(io.StringIO())):
            self.enterContext(patched)

    def sleep(self, seconds):
        self.now += seconds

    def bench(self, *systems, resume=False):
        results = Results(self.path, resume)
        self.addCleanup(results.file.close)
        return bench.Bench(Options(), list(systems), results)

    def samples(self):
        return [(each["row"], each["system"]) for each in read(self.path) if each["kind"] == "sample"]

    def kinds(self):
        return [each["kind"] for each in read(self.path)]

    def test_a_row_that_expects_a_thaw_fails_if_the_agent_booted(self):
        system = FakeSystem("chowder2", served_by="boot")
        sleeps.measure(self.bench_of_chowder(system))
        failed = [each for each in read(self.path) if each["kind"] == "failed"]
        self.assertIn("served_by: must be thaw for the state frozen; got boot", failed[0]["error"])
        self.assertFalse([row for row, _ in self.samples() if row.startswith("start-frozen")])

    def test_a_sleeper_that_booted_does_not_count_as_woken(self):
        self.enterContext(mock.patch("agents.cgroups.host", lambda: {}))
        for served_by, woken in (("page_in", 2), ("thaw", 2), ("boot", 0)):
            density.measure(self.bench_of_chowder(FakeSystem(served_by=served_by)))
            found = [each["values"]["woken"] for each in read(self.path) if each["kind"] == "sample"]
            self.assertEqual(found, [woken])
            os.remove(self.path)

    def bench_of_chowder(self, system):
        system.name = "chowder"
        return self.bench(system)

    def test_agents_idle_at_the_same_time_and_each_as_long_as_its_row_says(self):
        system = FakeSystem()
        sleeps.measure(self.bench(system))
        found = [each for each in read(self.path) if each["kind"] == "sample" and "slept" in each and each["row"].endswith(".answer")]
        self.assertEqual(sorted(each["row"] for each in found), ["awake-40.answer"] * 2 + ["start-frozen-40.answer"] * 2)
        for each in found:
            self.assertAlmostEqual(each["slept"], 40, delta=1)
        # Four times 40 s, with three agents at once.
        self.assertLess(self.now, 120)
        self.assertEqual(system.alive, set())

    def test_an_agent_that_fails_is_replaced_and_the_others_go_on(self):
        system = FakeSystem(fails={("thaw", 1)})
        sleeps.measure(self.bench(system))
        self.assertEqual(self.kinds().count("failed"), 1)
        self.assertEqual(self.kinds().count("done"), 3)
        self.assertEqual(system.alive, set())

    def test_a_resumed_run_measures_only_what_is_missing(self):
        sleeps.measure(self.bench(FakeSystem(fails={("thaw", 1)})))
        system = FakeSystem()
        sleeps.measure(self.bench(system, resume=True))
        self.assertEqual([verb for verb, _ in system.log], ["ask", "freeze", "thaw", "ask"])

    def test_a_round_measures_each_state_and_removes_the_agent(self):
        system = FakeSystem()
        measured = self.bench(system)
        measured.options.idle = [5, 60]
        measured.options.n = 1
        lifecycle.measure(measured)
        rows = [row for row, _ in self.samples()]
        for row in ("create-cold.running", "stop-frozen.done", "start-frozen-5.answer", "awake-5.answer", "stop-off.done", "start-boot.running"):
            self.assertIn(row, rows)
        self.assertFalse([row for row in rows if "60" in row])
        self.assertEqual(system.alive, set())

    def test_a_burst_measures_every_agent_and_the_last_one(self):
        system = FakeSystem()
        bursts.measure(self.bench(system))
        rows = [row for row, _ in self.samples()]
        for operation in ("burst-create-cold", "burst-start-frozen", "burst-start-boot"):
            self.assertEqual((rows.count(f"{operation}.running"), rows.count(f"{operation}.all")), (3, 1))
        self.assertEqual(system.alive, set())

    def test_a_run_whose_units_all_fail_ends(self):
        measured = self.bench(FakeSystem(fails={("ask", number) for number in range(1, 100)}))
        measured.options.n = 50
        with self.assertRaisesRegex(RuntimeError, "cannot continue"):
            lifecycle.measure(measured)
        self.assertEqual(self.kinds().count("failed"), bench.MAX_FAILURES_IN_A_ROW)

    def test_a_part_that_fails_does_not_end_the_run(self):
        measured = self.bench(FakeSystem())

        def fails(_):
            raise RuntimeError("no memory")

        measure.run(measured, "sleeps", fails)
        measure.run(measured, "bursts", lambda _: None)
        self.assertEqual([(each["kind"], each["unit"]) for each in read(self.path)], [("failed", "sleeps"), ("done", "bursts")])
        self.assertEqual(len(measured.results.failures), 1)

    def test_a_failed_probe_is_repeated(self):
        chowder = mock.Mock()
        chowder.probe.side_effect = [RuntimeError("busy"), "thaw"]
        self.assertEqual(measure.probed(chowder, False), "thaw")
        chowder.probe.side_effect = RuntimeError("busy")
        with self.assertRaisesRegex(RuntimeError, "busy"):
            measure.probed(chowder, False)

    def test_options(self):
        chosen = options.parse(REQUIRED + ["--only", "sleeps,calls", "--density", "20/10,60/8", "--idle", "5,600"])
        self.assertEqual((chosen.only, chosen.density, chosen.idle), (["sleeps", "calls"], [(20, 10), (60, 8)], [5, 600]))
        for wrong in (["--only", "sleep"], ["--density", "20"], ["--n", "0"], ["--out", "a", "--resume", "b"]):
            with self.subTest(wrong), self.assertRaises(SystemExit):
                options.parse(REQUIRED + wrong)
