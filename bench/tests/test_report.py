import os
import re
import tempfile
import unittest

from agents import charts, report, rows
from agents.table import Table
from agents.targets import verdicts
from fakes import conditions, line, sample


def table(*lines):
    return Table([conditions(), *lines])


class ReportTest(unittest.TestCase):
    def test_a_row_has_percentiles_and_the_ratio_to_the_baseline(self):
        lines = [sample("start-frozen-60.running", "chowder", seconds) for seconds in (0.1, 0.2, 0.3)]
        text = report.times(table(*lines, sample("start-frozen-60.running", "baseline", 0.4)))
        self.assertIn("| start, frozen 60 s: until `running` | chowder | 3 | 200 ms | 300 ms | 300 ms | 0.50 |", text)
        self.assertIn("| start, frozen 60 s: until `running` | baseline | 1 | 400 ms | 400 ms | 400 ms |  |", text)

    def test_rows_are_in_the_order_of_their_operations_and_idle_times(self):
        shown = ["stop-off.done", "start-frozen-600.running", "create-cold.answer", "start-frozen-5.running", "create-cold.running"]
        text = report.times(table(*(sample(row, "chowder", 1) for row in shown)))
        found = re.findall(r"^\| ([a-z].*?) \| chowder", text, re.M)
        self.assertEqual(found, [rows.title(row) for row in ("create-cold.running", "create-cold.answer", "start-frozen-5.running", "start-frozen-600.running", "stop-off.done")])

    def test_a_row_with_an_unknown_name_is_an_error(self):
        for row in ("create-warm.running", "create-cold", "create-cold.soon"):
            with self.subTest(row), self.assertRaises(ValueError):
                rows.title(row)

    def test_rows_that_could_not_be_measured_are_named_with_the_reason(self):
        lines = [line("skipped", row="start-frozen", system="chowder", reason="a start is served by `boot`"), line("failed", unit="calls", error="refused")]
        text = report.markdown(table(*lines))
        self.assertIn("- Not measured: start-frozen of chowder, because a start is served by `boot`.", text)
        self.assertIn("- Failed: calls: refused", text)

    def test_a_later_run_makes_up_for_a_failure_and_a_skipped_row(self):
        lines = [
            line("skipped", row="start-frozen", system="chowder", reason="x"), line("failed", unit="calls", error="refused"),
            line("done", run=2, unit="calls"), sample("start-frozen-5.running", "chowder", 1, run=2),
        ]
        self.assertEqual(report.missing(table(*lines)), "")

    def test_both_machines_of_a_resumed_run_are_named_once(self):
        found = Table([conditions(), conditions(2), conditions(3, processor="Other")])
        self.assertEqual(len(report.conditions(found).splitlines()), 2)

    def test_memory_is_the_mean_of_the_agents(self):
        values = [{"resident": n * 2**20, "anonymous": 0, "swap": 0, "cpu_seconds": 0.002, "seconds": 60, "zram": 0} for n in (40, 60)]
        text = report.sleepers(table(*(sample("sleeper-frozen", "chowder", unit=str(n), values=each) for n, each in enumerate(values))))
        self.assertIn("| frozen | chowder | 2 | 50 MiB | 0 MiB | 2 ms in 60 s |", text)


    def test_densities(self):
        values = {"frozen": 1, "paged_out": 18, "off": 1, "running": 9, "woken": 0, "available": 2**30, "swap_used": 2**20, "zram": 0, "limit": "agent 30: full"}
        text = report.densities(table(sample("density-20-10", "chowder", values=values)))
        self.assertIn("| 20 + 10 | 1 | 18 | 1 | 9 | 0 | 1024 MiB | 1 MiB | 0 MiB | agent 30: full |", text)


class TargetsTest(unittest.TestCase):
    def verdict(self, figure, *lines):
        return next(found for found in verdicts(table(*lines)) if found.figure.startswith(figure))

    def test_a_target_without_samples_is_not_reached_and_not_missed(self):
        self.assertEqual({found.reached for found in verdicts(table())}, {None})

    def test_every_percentile_of_a_target_must_be_reached(self):
        fast, slow = [[sample("start-frozen-5.running", "chowder", s) for s in times] for times in ([0.1] * 30, [0.1] * 29 + [0.5])]
        idle = sample("awake-5.answer", "chowder", 1)
        self.assertTrue(self.verdict("start to `running`, frozen 5 s", idle, *fast).reached)
        self.assertFalse(self.verdict("start to `running`, frozen 5 s", idle, *slow).reached)

    def test_a_cold_create_is_compared_with_the_baseline_without_onboarding(self):
        lines = [sample("create-cold.running", "chowder", 10.6), sample("create-cold.running", "baseline", 10), sample("create-cold.running", "baseline, onboarding", 16)]
        found = self.verdict("create to `running`, cold", *lines)
        self.assertEqual((found.measured, found.reached), ("1.06 times (10.60 s / 10.00 s)", False))

    def test_a_first_answer_is_compared_with_an_awake_gateway_that_idled_as_long(self):
        lines = [sample("awake-5.answer", "chowder", 0.4), sample("awake-600.answer", "chowder", 4), sample("start-frozen-600.answer", "chowder", 5)]
        self.assertTrue(self.verdict("start to first answer, frozen 600 s", *lines).reached)

    def test_a_pool_hit_is_compared_with_a_claimed_agent_that_idled_as_long(self):
        lines = [sample("awake-5.answer", "chowder", 9), sample("pool-awake-5.answer", "chowder", 0.4), sample("create-pool.answer", "chowder", 0.7)]
        found = self.verdict("create to first answer, pool hit", *lines)
        self.assertEqual((found.measured, found.reached), ("1.75 times (0.70 s / 0.40 s)", False))

    def test_agents_whose_gateway_ended_do_not_count_as_asleep(self):
        values = {"frozen": 1, "paged_out": 18, "off": 1, "running": 10, "woken": 3, "available": 0, "swap_used": 0, "zram": 0, "limit": ""}
        self.assertFalse(self.verdict("density, zram", sample("density-20-10", "chowder", values=values)).reached)
        self.assertTrue(self.verdict("density, zram", sample("density-20-10", "chowder", values={**values, "paged_out": 19, "off": 0})).reached)


class ChartsTest(unittest.TestCase):
    def test_charts_follow_the_theme_and_use_no_other_files(self):
        values = {"resident": 2**20, "anonymous": 0, "swap": 2**20, "cpu_seconds": 0, "seconds": 60, "zram": 0}
        lines = [sample("create-cold.running", "chowder", 10), sample("create-cold.answer", "baseline", 12), sample("sleeper-frozen", "chowder", values=values)]
        with tempfile.TemporaryDirectory() as folder:
            charts.write(table(*lines), folder)
            self.assertEqual(sorted(os.listdir(folder)), ["agents-answer.svg", "agents-memory.svg", "agents-running.svg"])
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    drawn = file.read()
                self.assertIn("prefers-color-scheme:dark", drawn)
                self.assertNotRegex(drawn, charts.INK + "|" + charts.PAPER + "|" + charts.GRID)
                self.assertNotRegex(drawn, r"@font-face|<image|url\((?!#)|<script")

    def test_the_same_results_give_the_same_files(self):
        lines = [sample("create-cold.running", "chowder", 10)]
        drawn = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                charts.write(table(*lines), folder)
                with open(os.path.join(folder, "agents-running.svg"), encoding="utf-8") as file:
                    drawn.append(file.read())
        self.assertEqual(*drawn)
