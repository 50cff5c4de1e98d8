"""The configuration of an installation: read once from the environment, validated, then frozen."""

from scheduler_project.configuration.loading import load
from scheduler_project.configuration.model import Configuration

__all__ = ["Configuration", "load"]
