"""What the broker does."""

import json
import random
import time
from contextlib import suppress

from tasks_core.broker.redis_client import key
from tests.campaign.faults.registry import fault
from tests.campaign.stage import Stage

NONSENSE = ("", "no json", "[]", "{}", json.dumps({"body": "bm9uc2Vuc2U=", "properties": {}}))


@fault
def flush_broker(stage: Stage) -> None:
    """Delete everything in the broker, five times."""
    with stage.redis() as client:
        for _ in range(5):
            client.flushall()
            time.sleep(0.7)


@fault
def chaotic_broker(stage: Stage) -> None:
    """Drop messages, repeat them, and put nonsense between them."""
    rng = random.Random(1)
    deadline = time.monotonic() + 5
    lanes = [key(f"{queue}.normal") for queue in ("default", "waiting")]
    with stage.redis() as client:
        while time.monotonic() < deadline:
            lane = rng.choice(lanes)
            message = client.rpop(lane)
            if isinstance(message, bytes) and (copies := rng.randint(0, 3)):
                client.lpush(lane, *[message] * copies)
            if rng.random() < 0.005:  # each costs a worker its connection
                client.lpush(lane, rng.choice(NONSENSE))
            time.sleep(0.005)


@fault
def kill_broker_clients(stage: Stage) -> None:
    """End all connections of the broker from inside, five times."""
    with stage.redis() as client:
        for _ in range(5):
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            time.sleep(0.7)


@fault
def pause_broker(stage: Stage) -> None:
    """Let the broker answer nobody for six seconds."""
    with stage.redis() as client:
        client.execute_command("CLIENT", "PAUSE", "6000", "ALL")
    time.sleep(6)


@fault
def read_only_broker(stage: Stage) -> None:
    """Make the broker a replica of nothing, which refuses writes, and a primary again."""
    with stage.redis() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        time.sleep(10)
        client.execute_command("REPLICAOF", "NO", "ONE")


@fault
def full_broker(stage: Stage) -> None:
    """Let the broker be out of memory."""
    with stage.redis() as client:
        client.config_set("maxmemory", "1mb")
        time.sleep(6)
        client.config_set("maxmemory", "0")


@fault
def busy_broker(stage: Stage) -> None:
    """Let a script keep the broker busy."""
    with stage.redis() as client, suppress(Exception):
        client.eval(
            "local t = redis.call('TIME')[1] + 5; while redis.call('TIME')[1] + 0 < t do end", 0
        )
    time.sleep(1)
