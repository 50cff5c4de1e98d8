"""Memory does not grow with the audience."""

from collections.abc import Iterator

import psutil
import pytest

from notifications.api import Receiver, create_broadcast
from notifications.models import BroadcastReceiver, TemplateVersion

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=16)]

MEGABYTE = 1_000_000


class People:
    """An audience that looks at the memory of this process while it is read."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.peak = 0

    def __iter__(self) -> Iterator[Receiver]:
        process = psutil.Process()
        for i in range(self._count):
            if i % 500 == 0:
                self.peak = max(self.peak, process.memory_info().rss)
            yield Receiver(to=f"u{i}@example.com", context={"name": f"N{i}", "more": "x" * 1000})


def peak_of(name: str, count: int) -> int:
    people = People(count)
    create_broadcast(name, "news", people, chunk_size=1000, hold=True)
    return people.peak


@pytest.mark.timeout(300)
def test_an_audience_of_50_000_takes_the_memory_of_one_of_5_000(news: TemplateVersion) -> None:
    small = peak_of("small", 5_000)
    large = peak_of("large", 50_000)
    assert BroadcastReceiver.objects.filter(broadcast__name="large").count() == 50_000
    assert large < small + 15 * MEGABYTE  # the entries alone would take 50 MB
