"""What people say in made-up calls: some words all the time, most of them seldom."""

import random
from dataclasses import dataclass
from itertools import accumulate

RARE, RARE_TRANSLATED = "zeppelin", "Überweisungsrückläufer"
"""Said by few; one in each language."""
_ENGLISH = (
    "the you is it to have please yes invoice number account order we can month payment thank "
    "delivery address contract cancel price open morning question problem customer service call "
    "back again tomorrow line internet router technician appointment street name letter bank "
    "transfer refund warranty repair machine insurance claim damage doctor train ticket hotel"
)
_GERMAN = (
    "die Sie ist es und haben bitte ja Rechnung Nummer Konto Auftrag wir können Monat Zahlung "
    "danke Lieferung Anschrift Vertrag kündigen Preis öffnen Morgen Frage Störung Kunde Dienst "
    "Anruf zurück wieder übermorgen Leitung Internet Gerät Techniker Termin Straße Name Brief "
    "Bank Überweisung Erstattung Gewähr Reparatur Maschine Versicherung Schaden Arzt Zug Hotel"
)
_SYLLABLES = "ba ber cha dor el fin gar hol in ka lem mor nu or pel qui ras sto tur un vel wi zan"
_PHRASES, _SELDOM, _LENGTH = 20_000, 6_000, 9


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence, its translation, and the words that a call with it is found by."""

    text: str
    translation: str
    words: tuple[str, ...]


class Phrases:
    """A stock of sentences; their words for the search are made once and not per call."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        syllables = _SYLLABLES.split()
        seldom = ["".join(chance.choices(syllables, k=3)) for _ in range(_SELDOM)]
        speakers = [_Speaker(words.split(), seldom) for words in (_ENGLISH, _GERMAN)]
        self._stock = [
            _phrase(*(speaker.sentence(chance) for speaker in speakers)) for _ in range(_PHRASES)
        ]
        self.rare = _phrase(f"the {RARE} is back", f"die {RARE_TRANSLATED} ist da")

    def any(self, chance: random.Random) -> Phrase:
        return chance.choice(self._stock)


class _Speaker:
    def __init__(self, often: list[str], seldom: list[str]) -> None:
        self._often, self._seldom = often, seldom
        self._weights = list(accumulate(1 / place for place in range(1, len(often) + 1)))

    def sentence(self, chance: random.Random) -> str:
        count = chance.randrange(3, 7)
        words = chance.choices(self._often, cum_weights=self._weights, k=count)
        words += chance.choices(self._seldom, k=_LENGTH - count)
        chance.shuffle(words)
        return " ".join(words).capitalize() + "."


def _phrase(text: str, translation: str) -> Phrase:
    from recordings.services import search_words

    words = dict.fromkeys(w for t in (text, translation) for w in search_words.words_of_text(t))
    return Phrase(text, translation, tuple(words))
