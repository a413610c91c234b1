"""Reading pages as a person would: text without tags, tables by their labels."""

import html
import re
from html.parser import HTMLParser


def text_of(markup: str) -> str:
    """The words of some HTML, on one line."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", markup))
    return re.sub(r"\s+([.;,])", r"\1", " ".join(text.split()))


def rows(answer) -> list[str]:
    """The recording ids of the table on a call's page, from top to bottom."""
    return re.findall(r'<tr id="row-([^"]+)"', answer.text)


def notice(answer) -> str:
    """The words of the warning above a call's recordings."""
    found = re.search(
        r'<p class="notice notice-warning" role="status">(.*?)</p>', answer.text, re.DOTALL
    )
    return text_of(found[1]) if found else ""


def elements(markup: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element of a page as a browser sees it: its name and its attributes."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(markup)
    return found
