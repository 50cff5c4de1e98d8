"""What code may change in its session of the database, and how the session is seen from within."""

from typing import Any

from django.db import connection

NOBODY = "pg_monitor"
"""A role that every server has, and that may not look into a table of ours."""

CHANGES = {
    "search path": ["SET search_path TO pg_catalog"],
    "no search path": ["SELECT set_config('search_path', '', false)"],
    "read only": ["SET default_transaction_read_only = on"],
    "role": [f"SET ROLE {NOBODY}"],
    "another's session": [f"SET SESSION AUTHORIZATION {NOBODY}"],
    "all discarded": ["DISCARD ALL"],
    "nothing prepared": ["DEALLOCATE ALL"],
    "left prepared": ["PREPARE mine AS SELECT 1"],
    "encoding": ["SET client_encoding TO latin1"],
    "temporary table": ["CREATE TEMPORARY TABLE tasks_core_task (id bigint)"],
    "temporary function": [
        "CREATE FUNCTION pg_temp.now() RETURNS text LANGUAGE sql AS $$ SELECT 'never' $$",
        "SET search_path TO pg_temp, public",
    ],
    "lock": ["SELECT pg_advisory_lock(4711)"],
    "short statements": ["SET statement_timeout = '1ms'"],
    "open cursor": ["DECLARE left_open CURSOR WITH HOLD FOR SELECT 1"],
    "tenant": ["SELECT set_config('app.tenant', 'acme', false)"],
    "format of times": ["SET DateStyle TO 'German'", "SET IntervalStyle TO 'iso_8601'"],
    "time zone": ["SET TIME ZONE 'Asia/Tokyo'"],
}

STATE = """
SELECT current_setting('search_path'), current_setting('default_transaction_read_only'),
    current_user::text, session_user::text, current_setting('client_encoding'),
    to_regclass('pg_temp.tasks_core_task')::text,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
    current_setting('statement_timeout'), (SELECT count(*) FROM pg_cursors WHERE is_holdable),
    COALESCE(current_setting('app.tenant', true), ''), current_setting('DateStyle'),
    current_setting('IntervalStyle'), current_setting('TimeZone')
"""


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def session_state() -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
