"""The full-text index of each kind of database, for migrations (`RunPython`)."""

BEGINNING = "«"
"""What PostgreSQL's index has before the first two letters of a longer word; part of no word."""

# Ready words come separated by spaces (services/search_words.py); "ascii" takes every other
# character beyond ASCII as part of a word. Which calls hold a word is all that is asked, so
# neither places nor sizes are kept. Beginnings of two and three letters have lists of their
# own, as joining those of all their words takes too long.
_SQLITE = (
    """CREATE VIRTUAL TABLE recordings_search USING fts5(
        facts, spoken, content='recordings_searchdocument', content_rowid='session_id',
        tokenize="ascii tokenchars '%_'", prefix='2 3', detail='none', columnsize=0)""",
    """CREATE TRIGGER recordings_search_new AFTER INSERT ON recordings_searchdocument BEGIN
        INSERT INTO recordings_search (rowid, facts, spoken)
        VALUES (new.session_id, new.facts, new.spoken);
    END""",
    """CREATE TRIGGER recordings_search_gone AFTER DELETE ON recordings_searchdocument BEGIN
        INSERT INTO recordings_search (recordings_search, rowid, facts, spoken)
        VALUES ('delete', old.session_id, old.facts, old.spoken);
    END""",
    """CREATE TRIGGER recordings_search_other AFTER UPDATE ON recordings_searchdocument BEGIN
        INSERT INTO recordings_search (recordings_search, rowid, facts, spoken)
        VALUES ('delete', old.session_id, old.facts, old.spoken);
        INSERT INTO recordings_search (rowid, facts, spoken)
        VALUES (new.session_id, new.facts, new.spoken);
    END""",
    "INSERT INTO recordings_search (recordings_search) VALUES ('rebuild')",
)
_SQLITE_BACK = (
    "DROP TRIGGER recordings_search_new",
    "DROP TRIGGER recordings_search_gone",
    "DROP TRIGGER recordings_search_other",
    "DROP TABLE recordings_search",
)
# The words are words already: no parser, dictionary or stemming of PostgreSQL may touch them.
# Without `fastupdate` a search never has to go through a list of unsorted news first.
_POSTGRESQL = (
    """ALTER TABLE recordings_searchdocument ADD COLUMN words tsvector NOT NULL
        GENERATED ALWAYS AS (array_to_tsvector(
            string_to_array(facts, ' ') || string_to_array(spoken, ' '))) STORED""",
    """CREATE INDEX recordings_search ON recordings_searchdocument
        USING gin (words) WITH (fastupdate = off)""",
)
_POSTGRESQL_BACK = ("ALTER TABLE recordings_searchdocument DROP COLUMN words",)
# The index tells where a call's row is, and only the row tells which call it is. Texts and words
# of all but the shortest calls stand apart from it, so that a hundred rows share a page. The
# column is made anew because that writes every row anew.
_POSTGRESQL_NARROW = (
    "ALTER TABLE recordings_searchdocument SET (toast_tuple_target = 128)",
    *_POSTGRESQL_BACK,
    *_POSTGRESQL,
)
_POSTGRESQL_WIDE = ("ALTER TABLE recordings_searchdocument RESET (toast_tuple_target)",)

# A beginning of two letters would mean going through thousands of words, so those are stored as
# well, where there is more of a word; not those of parts of ids and of numbers, which nobody types
# (services/search_words.py).
_TWO_LETTERS = (
    "string_to_array(regexp_replace({0}, '(^| )([^ §¶][^ ])[^ ]+', '\\1{1}\\2', 'g'), ' ')"
)
_POSTGRESQL_BEGINNINGS = (
    *_POSTGRESQL_BACK,
    # From before words were counted in bytes (services/searching.py): no call comes near it.
    # What is left must not end in a space: PostgreSQL takes no empty word.
    """UPDATE recordings_searchdocument
        SET facts = rtrim(left(facts, 50000)), spoken = rtrim(left(spoken, 80000))
        WHERE octet_length(facts) + octet_length(spoken) > 550000""",
    f"""ALTER TABLE recordings_searchdocument ADD COLUMN words tsvector NOT NULL
        GENERATED ALWAYS AS (array_to_tsvector(
            string_to_array(facts, ' ') || string_to_array(spoken, ' ')
            || {_TWO_LETTERS.format("facts", BEGINNING)}
            || {_TWO_LETTERS.format("spoken", BEGINNING)})) STORED""",
    _POSTGRESQL[1],
    # How frequent each word is; nobody would look for a while, as no row seems to have changed.
    "ANALYZE recordings_searchdocument",
)
# All words of the index; holds nothing itself.
_SQLITE_VOCABULARY = (
    "CREATE VIRTUAL TABLE recordings_vocabulary USING fts5vocab(recordings_search, 'row')",
)


def make(apps, schema_editor) -> None:
    """Make the index and fill it from what the table holds."""
    _execute(schema_editor, {"sqlite": _SQLITE, "postgresql": _POSTGRESQL})


def drop(apps, schema_editor) -> None:
    _execute(schema_editor, {"sqlite": _SQLITE_BACK, "postgresql": _POSTGRESQL_BACK})


def narrow(apps, schema_editor) -> None:
    """Let PostgreSQL tell quickly which calls its index finds."""
    _execute(schema_editor, {"sqlite": (), "postgresql": _POSTGRESQL_NARROW})


def widen(apps, schema_editor) -> None:
    _execute(schema_editor, {"sqlite": (), "postgresql": _POSTGRESQL_WIDE})


def add_beginnings(apps, schema_editor) -> None:
    """Let both find beginnings quickly: PostgreSQL those of two letters, SQLite longer ones."""
    _execute(schema_editor, {"sqlite": _SQLITE_VOCABULARY, "postgresql": _POSTGRESQL_BEGINNINGS})


def drop_beginnings(apps, schema_editor) -> None:
    back = (*_POSTGRESQL_BACK, *_POSTGRESQL)
    vocabulary = ("DROP TABLE recordings_vocabulary",)
    _execute(schema_editor, {"sqlite": vocabulary, "postgresql": back})


def _execute(schema_editor, statements) -> None:
    with schema_editor.connection.cursor() as cursor:
        for statement in statements[schema_editor.connection.vendor]:
            cursor.execute(statement)
