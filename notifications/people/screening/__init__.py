"""May this message go out now: conditions, preferences, the suppression list, quiet hours.

``subject`` loads what is asked about, ``known`` what the answer depends on, ``judge`` answers, and ``screen``
puts them together for many messages at once. Nothing here changes a row.
"""
