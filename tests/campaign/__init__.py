"""A campaign of faults: real servers and processes under load, judged from outside.

``python -m tests.campaign`` runs all of it on servers of its own (some 20 minutes), ``--only NAME`` a part,
``--list`` shows what there is. Handlers write a journal into a file, and the caller keeps its own book of
what was committed; after each fault both are compared with what the platform says. Exit status 1 if
anything is not as it must be.
"""
