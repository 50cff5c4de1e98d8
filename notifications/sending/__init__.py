"""From a stored notification to its receiver: the pipeline, the channels, and what carries them."""
