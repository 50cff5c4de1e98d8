"""Instants of every kind that a caller may hand over, for hypothesis."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo) | st.builds(
    timezone, st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59))
)
ends_of_the_calendar = st.sampled_from(
    [datetime.min, datetime.max, datetime.min + timedelta(1), datetime.max - timedelta(1)]  # noqa: DTZ901
)
near = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1))  # noqa: DTZ001

instants = st.builds(
    lambda at, zone: at.replace(tzinfo=zone), ends_of_the_calendar | near | st.datetimes(), zones
)
"""Aware, of all years and zones; every third near the present, every third at an end of the calendar."""

OFTEN = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
