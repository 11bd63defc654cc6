"""Memory and processor time of a container, from its cgroup. Works with cgroup v1 and v2."""

import pathlib

from agents.tools import docker

ROOT = pathlib.Path("/sys/fs/cgroup")


def usage(container, root=ROOT, proc=pathlib.Path("/proc")):
    """Returns bytes and seconds of a container that has processes, also frozen ones:
    `resident` (memory without inactive files, as `docker stats` shows it), `anonymous` (the part without files), `swap`, `cpu`."""
    process = docker("inspect", "--format", "{{.State.Pid}}", container)
    return of_process(process, root, proc)


def of_process(process, root, proc):
    paths = {}
    for line in (proc / process / "cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path.lstrip("/")
    return version_1(root, paths) if "memory" in paths else version_2(root / paths[""])


def version_1(root, paths):
    memory = root / "memory" / paths["memory"]
    stat = fields(memory / "memory.stat")
    return {
        "resident": number(memory / "memory.usage_in_bytes") - stat["total_inactive_file"],
        "anonymous": stat["total_rss"],
        # Absent if the kernel does not account for swap.
        "swap": stat.get("total_swap", 0),
        "cpu": number(root / "cpuacct" / paths["cpuacct"] / "cpuacct.usage") / 1e9,
    }


def version_2(group):
    stat = fields(group / "memory.stat")
    return {
        "resident": number(group / "memory.current") - stat["inactive_file"],
        "anonymous": stat["anon"],
        "swap": number(group / "memory.swap.current") if (group / "memory.swap.current").exists() else 0,
        "cpu": fields(group / "cpu.stat")["usage_usec"] / 1e6,
    }


def number(file):
    return int(file.read_text(encoding="ascii"))


def fields(file):
    return {name: int(value) for name, value in (line.split() for line in file.read_text(encoding="ascii").splitlines())}


def host(proc=pathlib.Path("/proc"), sys=pathlib.Path("/sys")):
    """Returns bytes of the host: `available` memory, `swap_used`, and `zram`, the memory that compressed swap takes."""
    meminfo = {}
    for line in (proc / "meminfo").read_text(encoding="ascii").splitlines():
        name, value = line.split(":", 1)
        meminfo[name] = int(value.split()[0]) * 1024
    # The third figure of mm_stat is mem_used_total.
    zram = sum(int(file.read_text(encoding="ascii").split()[2]) for file in sys.glob("block/zram*/mm_stat"))
    return {"available": meminfo["MemAvailable"], "swap_used": meminfo["SwapTotal"] - meminfo["SwapFree"], "zram": zram}
