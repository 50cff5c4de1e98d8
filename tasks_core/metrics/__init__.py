"""What is counted: rollups of the events, samples of the tables, and how they are told."""
