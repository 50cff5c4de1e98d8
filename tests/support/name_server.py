"""A real name server on loopback that answers as it is told, or not at all."""

import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Answers = Callable[[str], list[str] | None]
"""The addresses of a name, which ends in a dot; none if there is no such name; None says nothing at all."""


class NameServer:
    """Answers queries for addresses; ``asked`` are the names, once for each lookup.

    A lookup asks for an address of IPv4 first, and with that the answer to both of its queries is drawn.
    """

    def __init__(self, answers: Answers, *, seconds_to_live: int = 0) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.port = 0
        self._seconds_to_live = seconds_to_live
        self._queries: dict[str, int] = {}
        self._drawn: defaultdict[str, list[str] | None] = defaultdict(list)

    def answer(self, wire: bytes) -> bytes | None:
        """Answer one query: with addresses of the kind that it is for."""
        query = dns.message.from_wire(wire)
        [question] = query.question
        name = question.name.to_text()
        if question.rdtype == dns.rdatatype.A:
            self._draw(name, query.id)
        found = self._drawn[name]
        if found is None:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        wanted = 4 if question.rdtype == dns.rdatatype.A else 6
        fitting = [address for address in found if ip_address(address).version == wanted]
        if fitting:
            kind = dns.rdatatype.to_text(question.rdtype)
            response.answer.append(
                dns.rrset.from_text(question.name, self._seconds_to_live, "IN", kind, *fitting)
            )
        else:
            response.set_rcode(dns.rcode.NOERROR if found else dns.rcode.NXDOMAIN)
            start = f"ns.example. nobody.example. 1 1 1 1 {self._seconds_to_live}"
            response.authority.append(
                dns.rrset.from_text(question.name, self._seconds_to_live, "IN", "SOA", start)
            )
        return response.to_wire()

    def _draw(self, name: str, query: int) -> None:
        """Draw an answer for a query, unless it is one that is asked again."""
        if self._queries.get(name) != query:
            self._queries[name] = query
            self.asked.append(name)
            self._drawn[name] = self.answers(name)


@contextmanager
def running_name_server(answers: Answers, *, seconds_to_live: int = 0) -> Iterator[NameServer]:
    """Run one in a thread of its own."""
    server = NameServer(answers, seconds_to_live=seconds_to_live)
    stop = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.02)
        server.port = listening.getsockname()[1]

        def serve() -> None:
            while not stop.is_set():
                try:
                    wire, client = listening.recvfrom(4_096)
                except TimeoutError:
                    continue
                if (reply := server.answer(wire)) is not None:
                    listening.sendto(reply, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            stop.set()
            thread.join()
