"""What is stored and cannot be used here: another release, a backup or somebody's SQL may have left it."""
