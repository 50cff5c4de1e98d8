"""Measures Bellringer and its peers side by side, on this machine, in one run: `python -m
benchmarks`.
"""
