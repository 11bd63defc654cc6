import json
import os
import tempfile
import unittest

from agents.results import Results, counted_samples, read
from fakes import conditions, line, sample, write


class ResultsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "results.jsonl")

    def results(self, resume=False):
        found = Results(self.path, resume)
        self.addCleanup(found.file.close)
        return found

    def test_every_sample_is_in_the_file_at_once(self):
        self.results().sample("unit", "create-cold.running", "chowder", 1.23456789, served_by="cold")
        with open(self.path, encoding="utf-8") as file:
            stored = json.loads(file.read())
        self.assertEqual((stored["kind"], stored["run"], stored["seconds"], stored["served_by"]), ("sample", 1, 1.234568, "cold"))

    def test_a_new_run_does_not_continue_a_file(self):
        write(self.path, [conditions()])
        with self.assertRaises(FileExistsError):
            self.results()

    def test_a_resumed_run_knows_what_is_finished_and_repeats_what_failed(self):
        write(self.path, [conditions(), line("done", unit="a"), line("failed", unit="b", error="x"), sample("stop-off.done", "chowder", 1, unit="c")])
        resumed = self.results(resume=True)
        self.assertEqual([resumed.is_finished(unit) for unit in "abc"], [True, False, False])
        self.assertEqual(resumed.run, 2)

    def test_an_incomplete_last_line_is_ignored_also_after_a_resume(self):
        write(self.path, [conditions(), line("done", unit="a")])
        with open(self.path, "a", encoding="utf-8") as file:
            file.write('{"kind": "sam')
        self.assertEqual(len(read(self.path)), 2)
        resumed = self.results(resume=True)
        resumed.begin({"processor": "Test"})
        resumed.done("b")
        self.assertEqual([each["kind"] for each in read(self.path)], ["run", "done", "run", "done"])

    def test_a_damaged_line_elsewhere_is_an_error(self):
        for damaged in ("{", "5", "{}"):
            with self.subTest(damaged), open(self.path, "w", encoding="utf-8") as file:
                file.write(json.dumps(conditions()) + "\n" + damaged + "\n" + json.dumps(line("done", unit="a")) + "\n")
            with self.assertRaisesRegex(ValueError, "line 2"):
                read(self.path)

    def test_samples_of_a_repeated_unit_count_once(self):
        lines = [
            sample("stop-off.done", "chowder", 1, unit="a"), sample("stop-off.done", "chowder", 2, unit="b"),
            sample("stop-off.done", "chowder", 3, unit="b", run=2),
        ]
        self.assertEqual([each["seconds"] for each in counted_samples(lines)], [1, 3])
