"""In which encoding the lines of a text table are written, as their bytes show."""

from __future__ import annotations

#: Letters with accents in the code page of DOS (850), as bytes; Windows-1252 has signs there.
_DOS = frozenset(
    b"\x80\x81\x82\x83\x84\x85\x87\x88\x89\x8a\x8b\x8c\x8d\x90\x93\x94\x95\x96\x97\x99\x9a\xa0\xa1\xa2\xa3\xa4\xa5"
)


def unicode_of(head: bytes) -> str:
    """UTF-16 or UTF-32, with or without a mark at the start; "" for a text of single bytes."""
    if head[:4] in {b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"}:
        return "utf-32"
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    sample = head[: len(head) // 2 * 2][:4096]
    if len(sample) < 8:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return ""


class Legacy:
    """Tells whether lines are UTF-8, and if not, which code page they are in."""

    def __init__(self) -> None:
        self.utf8 = self.other = self.dos = self.windows = 0

    def look(self, block: bytes) -> None:
        if block.isascii():
            return
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            for line in block.splitlines():
                self._line(line)
        else:
            self.utf8 += 1

    def _line(self, line: bytes) -> None:
        if line.isascii():
            return
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            self.other += 1
            for before, byte in zip(b" " + line, line, strict=False):
                # Only inside a word: quotes and dashes of Windows stand between words.
                if byte >= 0x80 and (chr(before).isalpha() or before >= 0x80):
                    self.windows += byte >= 0xC0
                    self.dos += byte in _DOS
        else:
            self.utf8 += 1

    def verdict(self) -> tuple[str, bool]:
        if not self.other:
            return "", False
        return ("cp850" if self.dos > self.windows else "windows-1252"), bool(self.utf8)
