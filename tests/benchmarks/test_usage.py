"""CPU and memory of process trees."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.gauge import Gauge
from benchmarks.usage import usages

BURN = """
import subprocess, sys, time
if sys.argv[1:]:
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.3: pass"])
print("ready", flush=True)
hold = bytearray(50_000_000)
sys.stdin.read()
"""


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", BURN, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def test_children_that_have_ended_count_too() -> None:
    with program("with a child") as process:
        spent = usages({"it": process.pid})["it"].cpu_seconds
    assert 0.3 <= spent < 5


def test_the_tree_below_a_process_is_part_of_it() -> None:
    with program() as process:
        alone = usages({"it": process.pid})["it"].resident_bytes
        with_us = usages({"we": os.getpid()})["we"].resident_bytes
    assert with_us > alone


def test_a_process_that_is_gone_uses_nothing() -> None:
    with program() as process:
        pid = process.pid
    usage = usages({"gone": pid})["gone"]
    assert (usage.cpu_seconds, usage.resident_bytes) == (0, 0)


def test_cpu_between_two_instants_is_interpolated() -> None:
    with Gauge(lambda: 5) as gauge:
        gauge.watch("us", os.getpid())
        first = gauge.sample()
        deadline = time.process_time() + 0.2
        while time.process_time() < deadline:
            pass
        last = gauge.sample()
    whole = gauge.cpu_seconds("us", first.at, last.at)
    middle = (first.at + last.at) / 2
    half = gauge.cpu_seconds("us", first.at, middle)
    assert whole >= 0.15
    assert half + gauge.cpu_seconds("us", middle, last.at) == whole
    assert gauge.peak_broker_bytes() == 5
    assert gauge.peak_resident("us") > 0
