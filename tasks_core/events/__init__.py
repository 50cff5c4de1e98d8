"""The events of tasks: where they are kept, who gets them, and what they prove."""
