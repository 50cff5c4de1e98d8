"""System checks: a wrong installation says so at start."""
