"""What is to come of a schedule, as a table: in its own zone and in UTC."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tasks_core import clock
from tasks_core.engine.schedule import TickOutcome
from tasks_core.exceptions import InvalidSchedule
from tasks_core.models import Occurrence, Schedule
from tasks_core.schedules.foresight import (
    ClockChange,
    Foresight,
    Line,
    foresee,
    remark,
    remark_on_change,
)

COUNT = 10
TEMPLATE = "admin/tasks_core/schedule/ticks.html"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    local: str
    utc: str
    remark: str
    is_change: bool = False
    is_withheld: bool = False


def tick_table(schedule: Schedule) -> SafeString:
    """Return the next ticks of a schedule, stored or not, or what is wrong with it."""
    try:
        foresight = foresee(schedule, count=COUNT, after=clock.now())
    except InvalidSchedule as error:
        return problems([str(error)])
    cancelled = _cancelled(schedule, foresight)
    context = {
        "zone": schedule.timezone,
        "soon": [_row(line, cancelled) for line in foresight.soon],
        "around_change": [_row(line, cancelled) for line in foresight.around_change],
    }
    return render_to_string(TEMPLATE, context)


def problems(messages: list[str]) -> SafeString:
    """Return what stands in the table's place where there can be none."""
    return render_to_string(TEMPLATE, {"problems": messages})


def _cancelled(schedule: Schedule, foresight: Foresight) -> Container[datetime]:
    """Return the ticks that were taken out of the ledger by hand."""
    if schedule._state.adding:
        return ()
    lines = [*foresight.soon, *foresight.around_change]
    dues = [line.due for line in lines if not isinstance(line, ClockChange)]
    rows = Occurrence.objects.filter(schedule=schedule, due__in=dues, outcome=TickOutcome.CANCELLED)
    return set(rows.values_list("due", flat=True))


def _row(line: Line, cancelled: Container[datetime]) -> Row:
    if isinstance(line, ClockChange):
        return Row("", f"{line.at:%Y-%m-%d %H:%M:%S}", remark_on_change(line), is_change=True)
    is_cancelled = line.due in cancelled
    return Row(
        local=f"{line.local:%a %Y-%m-%d %H:%M:%S}",
        utc=f"{line.due:%Y-%m-%d %H:%M:%S}",
        remark="cancelled" if is_cancelled else remark(line),
        is_withheld=is_cancelled or line.withheld is not None,
    )
