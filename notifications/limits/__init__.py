"""How much may be sent: to a person, for a requester, to a country, for how much money.

Counted in PostgreSQL, in the transaction that stores the notification: exact however many callers
there are, and given back when that transaction rolls back.
"""
