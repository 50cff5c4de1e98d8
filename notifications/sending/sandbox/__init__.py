"""Sandbox mode: everything runs, nothing leaves.

``passing`` is asked before every attempt of every channel, and ``connecting`` before every other HTTP
request (triggers, subscribers of events). Both read the settings at that moment.
"""
