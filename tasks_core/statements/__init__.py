"""The hot path in SQL: each statement in one place, each writing its events with its change.

Where a statement is given ids, it compares ``state || ''`` instead of ``state``: so the planner must find
the rows by primary key. It would else like the small partial indexes (all QUEUED, all RUNNING rows), whose
size it cannot know, and read thousands of rows to find a few.
"""
