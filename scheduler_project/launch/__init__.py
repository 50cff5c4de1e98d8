"""Start the whole platform on one machine: the processes of the Procfile, watched and restarted.

For development, the demo and tests. In production systemd, Kubernetes or the like do this.
"""

from scheduler_project.launch.platform import Platform
from scheduler_project.launch.preparation import Login, prepare

__all__ = ["Login", "Platform", "prepare"]
