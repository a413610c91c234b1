"""What is said in the demo's calls.

A line is the speaker, the pause before it in seconds (negative: they talk over each other), the
words as spoken, and their translation into the other side's language.
"""

# The words are spelt as their languages spell them, one turn to a line however long.
# ruff: noqa: RUF001, E501
# fmt: off

from __future__ import annotations

from dataclasses import dataclass

A, C = "agent", "customer"


@dataclass(frozen=True)
class Voice:
    """A voice of espeak-ng, its words a minute and its pitch."""

    language: str
    name: str
    speed: int = 180
    pitch: int = 50


@dataclass(frozen=True)
class Script:
    """One dialogue."""

    name: str
    agent: Voice
    customer: Voice
    lines: tuple[tuple[str, float, str, str], ...]


SCRIPTS = (
    Script(
        "missing-parcel",
        Voice("en", "en-gb+f3", 170, 55),
        Voice("de", "de+m3", 165, 42),
        (
            (A, 0.0, "Customer support, this is Ana.", "Kundendienst, hier spricht Ana."),
            (C, 0.9, "Guten Tag, mein Paket ist nicht angekommen.", "Hello, my parcel has not arrived."),
            (A, 1.2, "I am sorry. What is the order number?", "Das tut mir leid. Wie lautet die Bestellnummer?"),
            (C, 0.8, "Vier sieben eins eins.", "Four seven one one."),
            (A, 2.3, "Thank you. It was left with a neighbour on Monday.", "Danke. Es wurde am Montag bei einem Nachbarn abgegeben."),
            (C, -0.5, "Bei welchem Nachbarn denn? Hier war niemand.", "With which neighbour? Nobody was here."),
            (A, 1.0, "With Mrs Schröder, number twelve.", "Bei Frau Schröder, Hausnummer zwölf."),
            (C, 0.9, "Ach so, die kenne ich. Vielen Dank!", "Oh, I know her. Thank you very much!"),
            (A, 0.5, "My pleasure. Goodbye.", "Sehr gern. Auf Wiederhören."),
        ),
    ),
    Script(
        "double-charge",
        Voice("en", "en-us+m7", 170, 45),
        Voice("es", "es+f2", 170, 58),
        (
            (A, 0.0, "Billing, you are speaking with Daniel.", "Facturación, le atiende Daniel."),
            (C, 0.8, "Buenos días. Me han cobrado dos veces este mes.", "Good morning. I was charged twice this month."),
            (A, 0.9, "Let me look at that. One moment, please.", "Déjeme mirarlo. Un momento, por favor."),
            (C, 2.9, "¿Sigue usted ahí?", "Are you still there?"),
            (A, 0.5, "Yes. I see two payments of forty nine euros.", "Sí. Veo dos pagos de cuarenta y nueve euros."),
            (C, -0.4, "Exactamente. Y yo solo tengo un contrato.", "Exactly. And I only have one contract."),
            (A, 1.0, "I will refund one of them today.", "Hoy mismo le devuelvo uno de ellos."),
            (C, 0.8, "¿Cuánto tarda la devolución?", "How long does the refund take?"),
            (A, 0.8, "Three to five working days.", "De tres a cinco días laborables."),
            (C, 0.7, "Perfecto, muchas gracias.", "Perfect, thank you very much."),
        ),
    ),
    Script(
        "late-arrival",
        Voice("en", "en-gb+f4", 165, 60),
        Voice("fr", "fr-fr+m1", 165, 45),
        (
            (A, 0.0, "Harbour Hotel reception, good evening.", "Réception de l'hôtel du Port, bonsoir."),
            (C, 0.9, "Bonsoir. Notre train a deux heures de retard.", "Good evening. Our train is two hours late."),
            (A, 1.0, "No problem. When will you arrive?", "Aucun problème. À quelle heure arriverez-vous ?"),
            (C, 0.9, "Vers minuit, je pense.", "Around midnight, I think."),
            (A, 0.9, "The night porter will let you in.", "Le veilleur de nuit vous ouvrira."),
            (C, 0.8, "Et pouvons-nous encore manger quelque chose ?", "And can we still get something to eat?"),
            (A, 1.6, "The kitchen closes at ten, but I can put sandwiches in your room.", "La cuisine ferme à dix heures, mais je peux mettre des sandwichs dans votre chambre."),
            (C, -0.6, "Ce serait formidable, merci infiniment.", "That would be wonderful, thank you so much."),
            (A, 0.7, "Have a safe journey.", "Bon voyage."),
        ),
    ),
    Script(
        "no-internet",
        Voice("en", "en-gb-scotland+m2", 170, 48),
        Voice("it", "it+f5", 170, 52),
        (
            (A, 0.0, "Technical support, Ewan speaking.", "Assistenza tecnica, sono Ewan."),
            (C, 0.8, "Buongiorno, da ieri sera internet non funziona.", "Good morning, the internet has been down since last night."),
            (A, 0.9, "Which lights are on at the router?", "Quali luci sono accese sul router?"),
            (C, 1.2, "Solo una, rossa, e lampeggia.", "Only one, red, and it is blinking."),
            (A, 0.8, "Please switch it off, and wait ten seconds.", "Per favore lo spenga e aspetti dieci secondi."),
            (C, 3.4, "Fatto. Adesso è verde.", "Done. Now it is green."),
            (A, -0.3, "Great, that means the line is back.", "Ottimo, significa che la linea è tornata."),
            (C, 0.8, "Sì, è vero, funziona di nuovo! Grazie mille.", "Yes, indeed, it works again! Many thanks."),
            (A, 0.7, "You are welcome.", "Prego."),
        ),
    ),
    Script(
        "warranty",
        Voice("de", "de+f2", 165, 55),
        Voice("pl", "pl+m4", 160, 45),
        (
            (A, 0.0, "Guten Tag, Serviceabteilung, Jana Öztürk.", "Dzień dobry, dział serwisu, Jana Öztürk."),
            (C, 0.9, "Dzień dobry, moja pralka przecieka.", "Guten Tag, meine Waschmaschine ist undicht."),
            (A, 1.0, "Wann haben Sie das Gerät gekauft?", "Kiedy kupił pan urządzenie?"),
            (C, 0.8, "W maju zeszłego roku.", "Im Mai letzten Jahres."),
            (A, 1.2, "Dann haben Sie noch Garantie.", "W takim razie ma pan jeszcze gwarancję."),
            (C, -0.4, "Czy ktoś może przyjechać w tym tygodniu?", "Kann diese Woche jemand kommen?"),
            (A, 2.1, "Am Donnerstag zwischen acht und zwölf Uhr.", "W czwartek między ósmą a dwunastą."),
            (C, 0.8, "Dobrze, będę w domu. Dziękuję.", "Gut, ich bin zu Hause. Danke."),
        ),
    ),
    Script(
        "new-password",
        Voice("en", "en-us+f1", 170, 56),
        Voice("pt", "pt-br+m5", 170, 44),
        (
            (A, 0.0, "Online banking help desk, how can I help?", "Suporte do banco on-line, como posso ajudar?"),
            (C, 0.8, "Bom dia, a minha conta está bloqueada.", "Good morning, my account is locked."),
            (A, 0.9, "Did you enter a wrong password?", "O senhor digitou uma senha errada?"),
            (C, 0.8, "Sim, três vezes. Foi culpa minha.", "Yes, three times. It was my fault."),
            (A, 0.9, "I have sent a code to your phone.", "Enviei um código para o seu celular."),
            (C, 2.5, "Recebi. Tenho que digitar agora?", "I have got it. Do I have to enter it now?"),
            (A, -0.3, "Yes, and please do not read it to me.", "Sim, e por favor não o leia para mim."),
            (C, 1.4, "Pronto, consegui entrar. Obrigado!", "There, I am in. Thank you!"),
        ),
    ),
    Script(
        "cancelled-flight",
        Voice("en", "en-gb+m5", 170, 45),
        Voice("nl", "nl+f3", 165, 58),
        (
            (A, 0.0, "Flight desk, good afternoon.", "Vluchtbalie, goedemiddag."),
            (C, 0.8, "Goedemiddag, onze vlucht naar Lissabon is geannuleerd.", "Good afternoon, our flight to Lisbon was cancelled."),
            (A, 0.9, "I can offer you tomorrow at seven.", "Ik kan u morgen om zeven uur aanbieden."),
            (C, 0.8, "Is er vandaag niets meer?", "Is there nothing left today?"),
            (A, 2.5, "There is one via Madrid tonight.", "Er is er vanavond een via Madrid."),
            (C, -0.4, "Die nemen we. Met zijn vieren.", "We will take that one. There are four of us."),
            (A, 1.2, "Booked. The hotel bill for the delay is ours.", "Geboekt. De hotelrekening is voor ons."),
            (C, 0.7, "Dat is netjes, dank u wel.", "That is decent of you, thank you."),
        ),
    ),
    Script(
        "wrong-size",
        Voice("en", "en-gb+f5", 170, 58),
        Voice("tr", "tr+m6", 160, 46),
        (
            (A, 0.0, "Hello, you have reached the shop.", "Merhaba, mağazaya ulaştınız."),
            (C, 0.8, "Merhaba, ceketin bedeni küçük geldi.", "Hello, the jacket turned out too small."),
            (A, 0.9, "Would you like a larger one?", "Daha büyüğünü ister misiniz?"),
            (C, 0.8, "Evet, bir beden büyük lütfen.", "Yes, one size larger, please."),
            (A, 2.0, "We have it in blue and in grey.", "Mavisi ve grisi var."),
            (C, -0.3, "Gri olsun. İade ücretli mi?", "Grey, please. Do I pay for the return?"),
            (A, 0.9, "No, the label is in your inbox.", "Hayır, etiket e-postanızda."),
            (C, 0.7, "Çok teşekkür ederim, kolay gelsin.", "Thank you very much, have a good day."),
        ),
    ),
)
