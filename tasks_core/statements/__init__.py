"""The hot path in SQL: each statement in one place, each writing its events with its change."""
