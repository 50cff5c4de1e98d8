from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0015_updates_in_place'),
    ]

    operations = [
        # Digests of wiped codes, keyed with SECRET_KEY: whoever has that finds the code by trying.
        migrations.RunSQL(
            """
            UPDATE notifications_notification SET content_digest = ''
            WHERE content_digest <> '' AND (is_secret OR wiped & 1 = 1)
            """,
            migrations.RunSQL.noop,
        ),
    ]
