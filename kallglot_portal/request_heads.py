"""Header fields that standard parsers take too long to read: refused or trimmed beforehand."""

from gunicorn.http.errors import InvalidHeader

# The time of Python's parsers grows with the square of what they get.
_MOST_CONTENT_TYPE_CHARS = 255
_MOST_BACKSLASHES = 100


def checked(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The header fields, names in capitals, that the application may see.

    A cookie with very many backslashes is left out: it is none of ours, but another application
    on the same domain may have set it. Raises InvalidHeader for a Content-Type that no client
    sends.
    """
    kept = []
    for name, value in headers:
        if name == "CONTENT-TYPE" and len(value) > _MOST_CONTENT_TYPE_CHARS:
            raise InvalidHeader(name)
        if name == "COOKIE" and value.count("\\") > _MOST_BACKSLASHES:
            pairs = value.split(";")
            value = ";".join(pair for pair in pairs if pair.count("\\") <= _MOST_BACKSLASHES)
        kept.append((name, value))
    return kept
