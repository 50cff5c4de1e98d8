"""The names of the task types and of the queue of scheduled triggers."""

DELIVER = "trigger.deliver"
TICK = "trigger.tick"

QUEUE = "triggers"
