"""Static files under names that hold their digest, imports between our modules included."""

import re
from pathlib import PurePosixPath

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Of scripts ours alone: in those of others it would stumble over what looks like an import.
_OUR_MODULES = (
    "js/player/*.js",
    (
        (
            r"""(?P<matched>import (?P<names>[^;"']*?) from ["'](?P<url>\./[^"']+)["'];)""",
            """import %(names)s from "%(url)s";""",
        ),
        (r"""(?P<matched>import ["'](?P<url>\./[^"']+)["'];)""", """import "%(url)s";"""),
    ),
)
# As it stands in a collected file, whose imports have their hashed names.
_IMPORTED = re.compile(r"""^import (?:[^;"']* from )?["']\./([^"']+)["'];""", re.MULTILINE)


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """A module imports its neighbours by their plain names; here those become the hashed ones.

    So every file can be kept by browsers for ever, and a changed one is never mixed with old ones.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, _OUR_MODULES)

    def modules_of(self, name: str) -> list[str]:
        """The stored names of a module and all it imports, each after those that it imports."""
        found: dict[str, None] = {}

        def visit(stored: str) -> None:
            with self.open(stored) as file:
                text = file.read().decode()
            for imported in _IMPORTED.findall(text):
                neighbour = str(PurePosixPath(stored).with_name(imported))
                if neighbour not in found:
                    visit(neighbour)
            found[stored] = None

        visit(self.stored_name(name))
        return list(found)
