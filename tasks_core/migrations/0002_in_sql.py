"""What Django has no words for: the partitioned table of events, and how often the tasks are vacuumed."""

from django.db import migrations

# Wide columns come first, so that none leaves a gap.
EVENTS = """
CREATE SEQUENCE tasks_core_taskevent_id_seq AS bigint;
CREATE TABLE tasks_core_taskevent (
    id bigint NOT NULL DEFAULT nextval('tasks_core_taskevent_id_seq'),
    task_id bigint NOT NULL,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL,
    duration double precision,
    attempt integer NOT NULL,
    kind varchar(16) NOT NULL,
    task_type varchar(200) NOT NULL,
    data jsonb
) PARTITION BY RANGE (at);
ALTER SEQUENCE tasks_core_taskevent_id_seq OWNED BY tasks_core_taskevent.id;
CREATE INDEX tasks_core_event_task ON tasks_core_taskevent (task_id, id);
CREATE INDEX tasks_core_event_id ON tasks_core_taskevent (id);
CREATE INDEX tasks_core_event_transaction ON tasks_core_taskevent (transaction_id, id);
CREATE INDEX tasks_core_event_search ON tasks_core_taskevent USING brin (
    at timestamptz_minmax_ops, task_type text_bloom_ops, kind text_bloom_ops
) WITH (pages_per_range = 32, autosummarize = on);
CREATE TABLE tasks_core_taskevent_default PARTITION OF tasks_core_taskevent DEFAULT;
"""

# One for each day (UTC), today and the next three; from then on beat makes them, in the same way.
DAYS = """
DO $$
DECLARE
    day date;
    partition text;
BEGIN
    FOR day IN SELECT (now() AT TIME ZONE 'UTC')::date + n FROM generate_series(0, 3) AS n LOOP
        partition := 'tasks_core_taskevent_' || to_char(day, 'YYYYMMDD');
        EXECUTE format('CREATE TABLE %I (LIKE tasks_core_taskevent INCLUDING DEFAULTS)', partition);
        EXECUTE format(
            'ALTER TABLE tasks_core_taskevent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC'
        );
    END LOOP;
END
$$
"""

# Every task leaves several dead rows and index entries. With a fifth of the table, PostgreSQL's own
# measure, millions of them would stand before the waiting tasks of a table that keeps a history.
VACUUM = """
ALTER TABLE tasks_core_task SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_limit = 2000,
    autovacuum_analyze_scale_factor = 0.02
)
"""

VACUUM_AS_USUAL = """
ALTER TABLE tasks_core_task RESET (
    autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_limit,
    autovacuum_analyze_scale_factor
)
"""


class Migration(migrations.Migration):
    dependencies = [("tasks_core", "0001_initial")]

    operations = [
        migrations.RunSQL(EVENTS, "DROP TABLE tasks_core_taskevent"),
        migrations.RunSQL(DAYS, migrations.RunSQL.noop),
        migrations.RunSQL(VACUUM, VACUUM_AS_USUAL),
    ]
