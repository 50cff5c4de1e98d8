"""What the figures were measured on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Pair


@dataclass(frozen=True)
class Machine:
    """Hardware, system and server versions, as text for the report."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    postgres: str
    valkey: str


def this_machine(pair: Pair) -> Machine:
    """Look at this machine and ask the servers."""
    with pair.administer() as session:
        row = session.execute("SHOW server_version").fetchone()
    with pair.broker() as broker:
        server = broker.info("server")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 0,
        memory_gb=round(memory / 2**30),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgres=str(row[0]) if row else "unknown",
        valkey=str(server.get("valkey_version") or f"Redis {server['redis_version']}"),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
