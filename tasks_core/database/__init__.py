"""The database of the platform: its connections and sessions, and how statements reach it."""

from tasks_core.database.connections import alias as alias
from tasks_core.database.connections import connection as connection
from tasks_core.database.connections import discard as discard
from tasks_core.database.connections import fetch as fetch
from tasks_core.database.connections import fetch_often as fetch_often
from tasks_core.database.connections import in_transaction as in_transaction
from tasks_core.database.connections import retried as retried
from tasks_core.database.connections import takes_writes as takes_writes
