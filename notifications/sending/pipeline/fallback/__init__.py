"""Fallback ladders: one notification, and other channels if the first does not reach its receiver.

Steps are chosen and checked when the notification is accepted (``intake.fallback``). Whoever ends or moves a
delivery looks at the ladder (``settling``); a step is begun by a task (``advancing``), and each is begun
once, by a conditional UPDATE, whoever asks for it.
"""
