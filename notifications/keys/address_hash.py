"""What stands for an address where nobody needs to read it."""

from notifications.keys import keyring
from notifications.rules.addresses import normal_form

LENGTH = 32
_KEY = "address-hash"


def address_hash(channel: str, address: str) -> str:
    """Return the keyed hash of an address's normal form: 32 hexadecimal digits.

    It is keyed because addresses can be guessed: without the key nobody can ask who is on a list.
    """
    return keyring.digest(_KEY, f"{channel}:{normal_form(channel, address)}")[:LENGTH]
