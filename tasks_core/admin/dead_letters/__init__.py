"""Dead letters: found, replayed, discarded."""
