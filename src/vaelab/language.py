"""The language of everything that `vaelab` shows: one function to choose it, one to translate."""

import gettext
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
_translations = gettext.NullTranslations()
_language = "en"


def languages():
    """Codes of the languages that `set_language` accepts; English needs no catalogue."""
    return sorted({"en", *(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/vaelab.mo"))})


def set_language(code):
    """Choose the language of labels, readouts and errors. Raises ValueError for an unknown code."""
    global _translations, _language
    if code not in languages():
        raise ValueError(
            tr("Unknown language {code!r}. Choose one of: {known}.").format(code=code, known=", ".join(languages()))
        )
    _language = code
    _translations = (
        gettext.NullTranslations() if code == "en" else gettext.translation("vaelab", LOCALE, languages=[code])
    )


def current_language():
    """Code of the language in use, such as "en"."""
    return _language


def tr(message):
    """Translate one message into the language in use; format it afterwards, as in tr("{n} epochs").format(n=3)."""
    return _translations.gettext(message)
