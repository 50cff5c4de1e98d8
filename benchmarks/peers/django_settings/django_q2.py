"""Django settings of django-q2."""

from benchmarks.peers.django_settings import *  # noqa: F403

INSTALLED_APPS = ["django.contrib.contenttypes", "django_q"]
Q_CLUSTER = {
    "name": "bench",
    "orm": "default",
    "workers": 2,
    "bulk": 10,
    "timeout": 60,
    "retry": 120,
    "ack_failures": True,
    # The default keeps 250 results and locks and loads all of them for every task: a third of this
    # rate.
    "save_limit": 0,
    "log_level": "WARNING",
}
