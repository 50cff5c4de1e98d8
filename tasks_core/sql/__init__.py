"""The hot path in SQL: each statement in one place, each writing its events with its change.

Where a statement is given ids, it compares ``state || ''`` instead of ``state``: so the planner must find
the rows by primary key. It would else like the small partial indexes (all QUEUED, all RUNNING rows), whose
size it cannot know, and read thousands of rows to find a few.

None of them waits for a row that somebody else has locked: callers and handlers may keep a row locked for as
long as their transaction lasts, and two statements that want the same rows in another order would wait for
each other. They lock what is free (``FOR NO KEY UPDATE SKIP LOCKED``) and change what they have locked, by
an array: a subquery behind ``IN``, or a join, the planner may run once for each row. What is skipped is
unknown: a lease stays ours, a claim and a finish are tried again. Where skipping makes no sense, the wait has
an end (``tasks_core/database/bounded_locks.py``).
"""
