"""The demonstration: a day of a payment gateway, sent through the whole platform in a minute."""
