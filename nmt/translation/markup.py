"""Inline markup of a line: tags, comments, placeholders and character references, taken out and kept.

What is what:

- A tag is `<name ...>`, `</name>` or `<name .../>`, with `>` in quotes; names are compared without case. A closing tag
  and the last opening one of its name before it are a pair; tags in between that have no partner there stand alone, so
  that pairs never cross. Comments, declarations, processing instructions and CDATA stand alone.
- A placeholder is a balanced group of braces without `<`, such as `{name}`, `{0}`, `{{x}}`, `${x}`, `%{x}`, `#{x}`.
- `&amp;`, `&#39;` and their like are read as the characters that they stand for.
- All else is text, also a `<`, `{` or `&` that begins none of these.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

_TAG = re.compile(r"""</?(?P<name>[A-Za-z_][\w:.-]*)(?=[\s/>])(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPECIAL = re.compile(r"[<&{]|[$%#@]\{")
_DECLARATION = re.compile("<[!?][A-Za-z][^<>]*>")
_ENCLOSED = (("<!--", "-->"), ("<![CDATA[", "]]>"))
_BREAKS = frozenset({"br", "hr", "p", "div", "li", "td", "th"})
"""Elements of HTML between which words do not touch, also without a space."""


@dataclass(frozen=True)
class Tag:
    """A pair of tags around some text, or something that stands alone.

    Attributes:
        opening: the opening tag; or all that stands alone at this place, a pair without text in it included.
        closing: the closing tag; None for what stands alone.
        start: first character in the plain text that a pair holds, or the place of what stands alone.
        end: character after the last one that a pair holds, or after the spaces within what stands alone.
        children: what lies in a pair, in order.
    """

    opening: str
    closing: str | None
    start: int
    end: int
    children: tuple["Tag", ...] = ()


@dataclass(frozen=True)
class Marked:
    """A line without its markup, and the markup.

    Attributes:
        plain: the text alone.
        tags: outermost pairs and what stands alone outside of them, in order.
        references: how characters are written that the line has as references, by code point.
    """

    plain: str
    tags: tuple[Tag, ...]
    references: dict[int, str]


class _Token(NamedTuple):
    """A part of the line: its place, its kind, and the text it stands for or the name of its tag."""

    start: int
    end: int
    kind: str
    value: str = ""


@dataclass
class _Frame:
    """A pair that is being read: its opening token, where its text starts, what it holds so far and where that is."""

    token: _Token | None
    start: int
    children: list[Tag] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


def parse(line: str) -> Marked:
    """Takes the markup out of a line; never fails."""
    tokens = list(_tokens(line))
    partners = _partners(tokens)
    reader = _Reader(line)
    for place, token in enumerate(tokens):
        if token.kind == "text":
            reader.text(token)
            continue
        if token.value in _BREAKS and place + 1 < len(tokens) and tokens[place + 1].kind == "text":
            reader.part()
        partner = partners.get(place)
        if partner is None:
            reader.stand_alone(token.start, token.end, len(reader.plain))
        elif partner > place:
            reader.frames.append(_Frame(token, len(reader.plain)))
        else:
            reader.close(token)
    return Marked(reader.plain, tuple(reader.frames[0].children), reader.references)


class _Reader:
    """What has been read of a line."""

    def __init__(self, line: str) -> None:
        self.line, self.plain, self.frames = line, "", [_Frame(None, 0)]
        self.references: dict[int, str] = {}

    def text(self, token: _Token) -> None:
        """Adds text, and remembers how it was written if that was as a reference."""
        written = self.line[token.start : token.end]
        self.plain += token.value
        if written != token.value and not (token.value.isascii() and (token.value.isalnum() or token.value == " ")):
            self.references.setdefault(ord(token.value), written)

    def part(self) -> None:
        """Lets what comes not touch what was before."""
        if self.plain and not self.plain[-1].isspace():
            self.plain += " "

    def close(self, token: _Token) -> None:
        """Ends the innermost pair; one without text becomes a thing that stands alone."""
        frame = self.frames.pop()
        assert frame.token is not None
        if not self.plain[frame.start :].strip():
            self.stand_alone(frame.token.start, token.end, frame.start)
            return
        opening, closing = (self.line[one.start : one.end] for one in (frame.token, token))
        self.frames[-1].children.append(Tag(opening, closing, frame.start, len(self.plain), tuple(frame.children)))
        self.frames[-1].places.append(frame.token.start)

    def stand_alone(self, start: int, end: int, place: int) -> None:
        """Adds what stands alone; to what does so just before, if there are only spaces between them."""
        frame = self.frames[-1]
        last = frame.children[-1] if frame.children else None
        if last is not None and last.closing is None and not self.plain[last.start :].strip():
            start, place = frame.places.pop(), frame.children.pop().start
        frame.children.append(Tag(self.line[start:end], None, place, len(self.plain)))
        frame.places.append(start)


def _tokens(line: str) -> Iterator[_Token]:
    """Yields the parts of a line, in order and without gaps."""
    braces, done, at = _braces(line), 0, 0
    while special := _SPECIAL.search(line, at):
        found = _markup(line, special.start(), braces)
        if found is None:
            at = special.start() + 1
            continue
        if done < found.start:
            yield _Token(done, found.start, "text", line[done : found.start])
        yield found
        done = at = found.end
    if done < len(line):
        yield _Token(done, len(line), "text", line[done:])


def _markup(line: str, at: int, braces: dict[int, int]) -> _Token | None:
    """Returns the markup that begins at a place, if there is any."""
    if line[at] == "&":
        return _reference(line, at)
    if line[at] != "<":
        end = braces.get(at if line[at] == "{" else at + 1)
        return None if end is None else _Token(at, end, "alone")
    for opening, closing in _ENCLOSED:
        if line.startswith(opening, at):
            end = line.find(closing, at + len(opening))
            return None if end < 0 else _Token(at, end + len(closing), "alone")
    if declaration := _DECLARATION.match(line, at):
        return _Token(at, declaration.end(), "alone")
    tag = _TAG.match(line, at)
    if tag is None:
        return None
    closes = line[at + 1] == "/"
    kind = "closing" if closes else "alone" if tag[0].endswith("/>") else "opening"
    return _Token(at, tag.end(), kind, tag["name"].lower())


def _reference(line: str, at: int) -> _Token | None:
    """Returns the single character that a reference stands for; any white space is a space."""
    found = _REFERENCE.match(line, at)
    if found is None:
        return None
    value = unescape(found[0])
    if len(value) != 1 or not (value.isprintable() or value.isspace()):
        return None
    return _Token(at, found.end(), "text", " " if value.isspace() else value)


def _braces(line: str) -> dict[int, int]:
    """Returns the end of each balanced group of braces by its start."""
    ends, opened = dict[int, int](), list[int]()
    for found in re.finditer("[{}<]", line):
        if found[0] == "{":
            opened.append(found.start())
        elif found[0] == "<":
            opened.clear()
        elif opened:
            ends[opened.pop()] = found.end()
    return ends


def _partners(tokens: Sequence[_Token]) -> dict[int, int]:
    """Returns the other place of each tag that is half of a pair."""
    partners, opened, waiting = dict[int, int](), list[int](), dict[str, int]()
    for place, token in enumerate(tokens):
        if token.kind == "opening":
            opened.append(place)
            waiting[token.value] = waiting.get(token.value, 0) + 1
        elif token.kind == "closing" and waiting.get(token.value):
            while True:
                other = opened.pop()
                waiting[tokens[other].value] -= 1
                if tokens[other].value == token.value:
                    break
            partners[place], partners[other] = other, place
    return partners
