"""What Django has no words for: what the database deletes by itself, room on pages, and the first category."""

from django.db import migrations

# Constraints of the database's own, so that rows go together also when they are removed by hand.
REFERENCES = """
ALTER TABLE notifications_triggerevent
    ADD CONSTRAINT notifications_triggerevent_trigger
    FOREIGN KEY (trigger_id) REFERENCES notifications_crontrigger (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE notifications_triggerevent
    ADD CONSTRAINT notifications_triggerevent_redelivery
    FOREIGN KEY (redelivery_of_id) REFERENCES notifications_triggerevent (id)
    ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE notifications_triggerinvocation
    ADD CONSTRAINT notifications_triggerinvocation_event
    FOREIGN KEY (event_id) REFERENCES notifications_triggerevent (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""

NO_REFERENCES = """
ALTER TABLE notifications_triggerinvocation
    DROP CONSTRAINT notifications_triggerinvocation_event;
ALTER TABLE notifications_triggerevent
    DROP CONSTRAINT notifications_triggerevent_redelivery,
    DROP CONSTRAINT notifications_triggerevent_trigger;
"""

ROOM = """
-- Written with every batch of attempts: room on the page keeps that cheap.
ALTER TABLE notifications_endpointlane SET (fillfactor = 50);
-- A row of the log is written before the call and completed after it: with room on its page, the second
-- touches no index.
ALTER TABLE notifications_deliveryattempt SET (fillfactor = 60);
-- Room on the page for what the beginning of an attempt makes of the row: it then touches no index.
ALTER TABLE notifications_delivery SET (fillfactor = 50);
"""

NO_ROOM = """
ALTER TABLE notifications_endpointlane RESET (fillfactor);
ALTER TABLE notifications_deliveryattempt RESET (fillfactor);
ALTER TABLE notifications_delivery RESET (fillfactor);
"""

# One-time codes: critical in the code as well, so the row only makes them seen.
CATEGORY = """
INSERT INTO notifications_category
    (key, name, description, is_critical, quiet_hours, default_channels, digest_template, is_built_in,
     created_at)
VALUES ('otp', 'One-time codes', 'Codes for logging in and for confirming.', true, 'send', '{}', '', true,
        now())
ON CONFLICT (key) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [
        migrations.RunSQL(REFERENCES, NO_REFERENCES),
        migrations.RunSQL(ROOM, NO_ROOM),
        migrations.RunSQL(CATEGORY, migrations.RunSQL.noop),
    ]
