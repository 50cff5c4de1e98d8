"""Names and subjects as people write them, each with a character that is not printable to Python."""

OF_ALL_LANGUAGES = [
    "Combien\u00a0? 1\u202f000\u00a0€",  # French: no-break spaces
    "می\u200cکنید",  # Persian: zero-width non-joiner
    "ශ්\u200dරී ලංකා",  # Sinhala: zero-width joiner
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",  # emoji: zero-width joiners
    "שלום\u200f!",  # Hebrew: right-to-left mark
    "\u2068علي\u2069 paid",  # an isolated name
    "Don\u00adau\u00addampf",  # German: soft hyphens
    "東京\u3000三菱",  # Japanese: ideographic space
    "new \U0001fae9\U0001fadf emoji",  # unknown to older tables
]
