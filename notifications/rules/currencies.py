"""Currencies by their codes (ISO 4217), with the decimal places that their amounts have."""

from decimal import ROUND_CEILING, Decimal

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

DECIMAL_PLACES: dict[str, int] = {
    code: places
    for places, codes in ((2, _TWO), (0, _NONE), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""The decimal places of every currency in use, by its code."""


def in_currency(amount: Decimal, code: str) -> str:
    """Write an amount for people: ``1,250.00 EUR``, ``1,250 JPY``; without a code just ``1,250.00``.

    What lies between two amounts of the currency is rounded up, so that nothing spent reads as nothing.
    """
    smallest = Decimal(1).scaleb(-DECIMAL_PLACES.get(code, 2))
    return f"{amount.quantize(smallest, ROUND_CEILING):,f} {code}".rstrip()
