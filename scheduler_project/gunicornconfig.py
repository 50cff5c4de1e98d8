"""gunicorn's configuration: it logs as Django does, also before a worker has loaded the application."""

import logging
import os

from scheduler_project import log_format
from scheduler_project.configuration import load
from tasks_core import logs

_configuration = load(os.environ)
logging.captureWarnings(True)
logs.hide_everywhere(*_configuration.secrets())
logconfig_dict = log_format.configure(level=_configuration.log_level, json=_configuration.logs_json)
