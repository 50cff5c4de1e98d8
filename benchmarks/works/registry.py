"""All works, in the order of the report. To add one: a file beside this and a line here."""

from benchmarks.works import (
    crowded,
    enqueue,
    enqueue_many,
    eventless,
    flood,
    idle,
    live,
    long_transaction,
    mails,
    noop,
    occupied,
    rendering,
    schedule_burst,
    schedule_flood,
    schedule_idle,
    schedule_seconds,
    scheduled,
    scheduled_later,
    scrape,
    webhooks,
    webhooks_hanging,
)

TASKS = {
    module.WORK.name: module.WORK
    for module in (
        noop,
        eventless,
        enqueue,
        enqueue_many,
        live,
        scheduled,
        scheduled_later,
        occupied,
        crowded,
        long_transaction,
        scrape,
        flood,
        idle,
        schedule_burst,
        schedule_flood,
        schedule_seconds,
        schedule_idle,
    )
}
MESSAGES = {
    module.WORK.name: module.WORK
    for module in (
        webhooks,
        webhooks_hanging,
        mails,
        rendering,
    )
}
WORKS = {**TASKS, **MESSAGES}
