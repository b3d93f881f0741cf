"""What a person asked for and does not get, said in English and in Chinese."""

from __future__ import annotations


class Refused(Exception):
    """Why not: the text is English, `zh` the same in Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh

    def text(self, language: str) -> str:
        """Return it in `zh`, else in English."""
        return self.zh if language == "zh" else str(self)
