"""Write the entries of Celery's ``beat_schedule`` as periodic tasks, as django-celery-beat does."""

import logging

from celery import current_app
from django_celery_beat.schedulers import ModelEntry

from tasks_core.database.errors import is_healed_by_savepoint, is_servers_fault

logger = logging.getLogger(__name__)


def adopt_settings_entries() -> int:
    """Create or renew a periodic task for each entry of ``CELERY_BEAT_SCHEDULE``; return how many.

    What the settings say wins over an edit in the admin, as with django-celery-beat's own scheduler. An entry
    that is no longer there stays as a periodic task, for its admin to remove.
    """
    adopted = 0
    for name, entry in current_app.conf.beat_schedule.items():
        try:
            ModelEntry.from_entry(name, app=current_app, **entry)
        except Exception as error:
            if is_servers_fault(error) and not is_healed_by_savepoint(error):
                raise
            logger.exception("the entry %r of CELERY_BEAT_SCHEDULE cannot be read", name)
        else:
            adopted += 1
    return adopted
