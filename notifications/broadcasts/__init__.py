"""Broadcasts: one template to a large audience, resumable, pausable, shaped by a rate.

The audience is copied into chunks of receivers. A platform task hands one chunk over to the
pipeline in one transaction, so running it again changes nothing; only a few chunks have a task at
any time.
"""
