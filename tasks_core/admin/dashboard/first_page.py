"""The first page of the admin: is it going well?"""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from tasks_core import clock, conf
from tasks_core.admin.dashboard import figures
from tasks_core.admin.dashboard.activity import activity_table
from tasks_core.admin.toolkit.badges import TONES
from tasks_core.admin.toolkit.moments import moment, relative, span
from tasks_core.admin.toolkit.places import list_url
from tasks_core.admin.toolkit.tile import Tile, added_tiles
from tasks_core.engine.states import FINAL, State
from tasks_core.models import Worker

LATE = timedelta(seconds=10)
"""A tick that nobody settles for so long is a bad sign, as another beat takes over sooner; so is a task."""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the context of the first page what its reader may see."""
    now = clock.now()
    user = request.user
    context["flower_url"] = conf.current().flower_url
    if user.has_perm("tasks_core.view_task"):
        lanes, is_reachable = figures.lanes()
        context["tiles"] = [_oldest_due(lanes, now), *_states(now)]
        context["lanes"] = [_lane_row(lane, now) for lane in lanes]
        context["broker_is_reachable"] = is_reachable
        context["activity"] = activity_table(request.GET.get("span", ""), now)
    health = []
    if user.has_perm("tasks_core.view_deadletter"):
        health.append(_dead_letters())
    if user.has_perm("tasks_core.view_schedule"):
        health.append(_first_tick(now))
    if user.has_perm("tasks_core.view_worker"):
        alive = figures.alive(now)
        health += [_processes(alive, role) for role in (Worker.Role.WORKER, Worker.Role.BEAT)]
        health.append(_leader())
        context["workers"] = alive
        context["now"] = now
    context["health"] = [*health, *added_tiles(request, now)]
    return context


def _states(now: datetime) -> list[Tile]:
    counts = figures.count_states(now)
    return [_state(state, counts[state]) for state in State]


def _state(state: State, count: figures.Count) -> Tile:
    is_final = state in FINAL
    filters = {"state__exact": state.value} | ({"when": "hour"} if is_final else {})
    return Tile(
        label=state.capitalize(),
        figure=str(count),
        note="in the last hour" if is_final else "now",
        url=list_url("tasks_core_task", **filters),
        tone=TONES[state] if count.value else "muted",
    )


def _oldest_due(lanes: list[figures.LaneFigures], now: datetime) -> Tile:
    due = [at for lane in lanes if (at := lane.first_run_after) is not None and at <= now]
    late = now - min(due) if due else timedelta(0)
    is_run = figures.is_any_worker_alive(now)
    note = "late" if due else "nothing is late"
    return Tile(
        label="Oldest due task",
        figure=span(late) if due else "none",
        note=note if is_run else f"{note}, and no worker is alive",
        url=list_url("tasks_core_task", when="overdue"),
        tone="bad" if not is_run else "warning" if late >= LATE else "good",
    )


def _dead_letters() -> Tile:
    count = figures.count_open_dead_letters()
    return Tile(
        label="Open dead letters",
        figure=str(count),
        note="wait for a person" if count.value else "nothing waits for a person",
        url=list_url("tasks_core_deadletter"),
        tone="bad" if count.value else "good",
    )


def _processes(alive: list[Worker], role: Worker.Role) -> Tile:
    found = [worker for worker in alive if worker.role == role]
    ill = sum(worker.is_ill for worker in found)
    note = f"{ill:,} not well: see their pages" if ill else "heard of lately"
    return Tile(
        label=f"{role.label}s alive",
        figure=str(len(found)),
        note=note if found else f"start a {role.label.lower()}",
        url=list_url("tasks_core_worker", life="alive", role__exact=role.value),
        tone="bad" if not found or ill == len(found) else "warning" if ill else "good",
    )


def _first_tick(now: datetime) -> Tile:
    at = figures.first_tick()
    is_late = at is not None and now - at > LATE
    return Tile(
        label="Next tick",
        figure="none" if at is None else relative(at, now),
        note="late: does a beat run?" if is_late else "of all schedules",
        url=list_url("tasks_core_schedule"),
        tone="bad" if is_late else "good" if at else "muted",
    )


def _leader() -> Tile:
    leader = figures.leader()
    return Tile(
        label="Leading beat",
        figure=f"no. {leader.fence:,}" if leader else "none",
        note=leader.holder.rpartition(":")[0] if leader else "nobody fires schedules",
        url=list_url("tasks_core_worker", life="alive", role__exact=Worker.Role.BEAT.value),
        tone="good" if leader else "bad",
    )


def _lane_row(lane: figures.LaneFigures, now: datetime) -> dict[str, object]:
    at = lane.first_run_after
    return {
        "name": lane.name,
        "messages": "?" if lane.messages is None else f"{lane.messages:,}",
        "due": moment(at, now),
        "is_late": at is not None and at < now,
    }
