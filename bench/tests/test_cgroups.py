import pathlib
import tempfile
import unittest

from agents import cgroups


class CgroupsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")

    def of_process(self):
        return cgroups.of_process("7", self.root / "cg", self.root / "proc")

    def test_version_1(self):
        self.put("proc/7/cgroup", "9:memory:/docker/abc\n8:cpu,cpuacct:/docker/abc\n0::/system\n")
        self.put("cg/memory/docker/abc/memory.usage_in_bytes", "300\n")
        self.put("cg/memory/docker/abc/memory.stat", "total_inactive_file 60\ntotal_rss 200\ntotal_swap 50\n")
        self.put("cg/cpuacct/docker/abc/cpuacct.usage", "1500000000\n")
        self.assertEqual(self.of_process(), {"resident": 240, "anonymous": 200, "swap": 50, "cpu": 1.5})

    def test_version_1_without_accounting_of_swap(self):
        self.put("proc/7/cgroup", "9:memory:/docker/abc\n8:cpuacct:/docker/abc\n")
        self.put("cg/memory/docker/abc/memory.usage_in_bytes", "300\n")
        self.put("cg/memory/docker/abc/memory.stat", "total_inactive_file 60\ntotal_rss 200\n")
        self.put("cg/cpuacct/docker/abc/cpuacct.usage", "0\n")
        self.assertEqual(self.of_process()["swap"], 0)

    def test_version_2(self):
        self.put("proc/7/cgroup", "0::/system.slice/docker-abc.scope\n")
        group = "cg/system.slice/docker-abc.scope"
        self.put(f"{group}/memory.current", "300\n")
        self.put(f"{group}/memory.stat", "anon 200\nfile 100\ninactive_file 60\n")
        self.put(f"{group}/memory.swap.current", "50\n")
        self.put(f"{group}/cpu.stat", "usage_usec 2500000\nuser_usec 1\n")
        self.assertEqual(self.of_process(), {"resident": 240, "anonymous": 200, "swap": 50, "cpu": 2.5})

    def test_the_host_s_swap_and_the_memory_of_zram(self):
        self.put("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 40 kB\nSwapTotal: 30 kB\nSwapFree: 10 kB\n")
        self.put("sys/block/zram0/mm_stat", "9000 5000 7000 0 8000 0 0 0 0\n")
        self.assertEqual(cgroups.host(self.root / "proc", self.root / "sys"), {"available": 40960, "swap_used": 20480, "zram": 7000})
