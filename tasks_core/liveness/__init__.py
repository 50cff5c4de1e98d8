"""Does this worker, or this beat, still do its work? For whoever would restart it if not.

Each process reports on itself, in a small file on its own machine; `python -m tasks_core.liveness` reads it,
without Django, database or broker: what is down elsewhere must not get a process killed.
"""
