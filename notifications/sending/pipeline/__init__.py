"""From an accepted notification to its end: schedule, render, deliver, each a platform task.

Every step moves its row with one conditional UPDATE and enqueues the next in the same transaction,
so running a step again changes nothing.
"""
