"""One lane for each endpoint: how many attempts at once, how many a second, and when none.

A lane's state is one row that all worker processes share. What may not start yet is parked: its task
sleeps, without using up an attempt, until the lane has room and wakes it. A slow or dead endpoint so
costs a bounded number of places, and the others do not notice it.
"""
