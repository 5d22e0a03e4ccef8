"""Reads Erlang terms from text, as ``file:consult/1`` does; ``dray.beam.term_writer`` writes them.

Covers all terms that have a text (``erl_parse:parse_term/1``), including based integers, character literals,
adjacent strings, bit syntax with sizes and UTF-8, triple-quoted strings and string sigils (OTP 27).

    parse_terms('{vsn, "1.0"}.') == [(Atom("vsn"), "1.0")]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from dray.core.term import Atom, Bitstring, ExternalFun, Map, make_list
from dray.errors import IntegrityError, Location

if TYPE_CHECKING:
    from dray.core.term import Term

_TOKEN = re.compile(
    r"""
    (?:[\s\x00-\x20\x80-\xa0]+|%[^\n]*)*
    (?:
      (?P<atom>[a-z\xdf-\xf6\xf8-\xff][\w@]*)
    | (?P<triple>~?[bBsS]?(?P<fence>"{3,})[^\n"]*\n(?:.*?\n)??[ \t]*(?P=fence)(?!"))
    | (?P<sigil>~[bBsS]?"(?:[^"\\]|\\.)*")
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<quoted>'(?:[^'\\]|\\.)*')
    | (?P<based>\d+\#[0-9a-zA-Z_]+)
    | (?P<float>\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?)
    | (?P<integer>\d[\d_]*)
    | (?P<char>\$(?:\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|\^.|[0-7]{1,3}|.)|[^\\]))
    | (?P<end>\.(?=[\s%]|\Z))
    | (?P<punctuation><<|>>|=>|\#\{|[\[\]{}(),|:/+\-])
    | (?P<eof>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ATOM_LIST = re.compile(r"\s*(?:[a-z][\w@]*|'[^'\\]*')(?:\s*,\s*(?:[a-z][\w@]*|'[^'\\]*'))*\s*\]")
_LISTED_ATOM = re.compile(r"[a-z][\w@]*|'[^'\\]*'")
_ESCAPE = re.compile(r"\\(?:x(\{[0-9a-fA-F]+\}|[0-9a-fA-F]{2})|\^(.)|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROL = dict(zip("abdefnrstv", "\a\b\x7f\x1b\f\n\r \t\v", strict=True)) | {"0": "\0"}
_CODING = re.compile(r"coding[:=]\s*([-\w]+)")

_MAX_SEGMENT = 1 << 20


def decode_source(data: bytes, *, file: str) -> str:
    """Return the text of an Erlang source file.

    Args:
        data: The file's bytes: UTF-8, or Latin-1 where a comment in the first two lines says so.
        file: Its name, for the message.

    Raises:
        IntegrityError: The bytes are not what the encoding allows.
    """
    head = b"\n".join(data.split(b"\n", 2)[:2]).decode("latin-1")
    coding = _CODING.search(head)
    encoding = "latin-1" if coding and coding[1].lower() in {"latin-1", "latin1"} else "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise IntegrityError(
            "an Erlang file is text in UTF-8",
            got=f"byte {data[error.start]:#x}",
            location=Location(file, line),
        ) from None


def parse_terms(text: str, *, file: str = "<text>") -> list[Term]:
    """Return the terms of a text, each ended by a full stop.

    Args:
        text: The text.
        file: Where it comes from, for messages.

    Raises:
        IntegrityError: The text is not a sequence of terms; the error names the line.
    """
    try:
        return _Parser(text, file).parse_all()
    except RecursionError:
        raise IntegrityError("terms are nested too deeply to be read", location=Location(file)) from None


def _charlist(characters: str) -> Term:
    """Return a string of Erlang: the text, or the empty list for the empty text."""
    return characters or []


class _Parser:
    """Recursive descent over the tokens of ``_TOKEN``."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.position = 0
        self.kind = ""
        self.lexeme = ""
        self.atoms: dict[str, Atom] = {}

    def parse_all(self) -> list[Term]:
        terms = []
        self.advance()
        while self.kind != "eof":
            terms.append(self.parse())
            if self.kind != "end":
                self.fail("a term ends with a full stop")
            self.advance()
        return terms

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            self.lexeme = self.text[self.position :].lstrip()[:20]
            self.fail("not an Erlang term")
        self.kind = match.lastgroup if match.lastgroup != "fence" else "triple"  # type: ignore[assignment]
        self.lexeme = match[self.kind]
        self.position = match.end()

    def fail(self, rule: str) -> NoReturn:
        line = self.text.count("\n", 0, self.position) + 1
        got = "the end of the file" if self.kind == "eof" else self.lexeme
        raise IntegrityError(rule, got=got, location=Location(self.file, line))

    def accept(self, punctuation: str) -> bool:
        if self.kind == "punctuation" and self.lexeme == punctuation:
            self.advance()
            return True
        return False

    def expect(self, punctuation: str) -> None:
        if not self.accept(punctuation):
            self.fail(f"expected {punctuation!r}")

    def atom(self, name: str) -> Atom:
        known = self.atoms.get(name)
        if known is None:
            known = self.atoms[name] = Atom(name)
        return known

    def parse(self) -> Any:
        kind, lexeme = self.kind, self.lexeme
        if kind == "atom":
            self.advance()
            return self.parse_fun() if lexeme == "fun" else self.atom(lexeme)
        if kind == "quoted":
            self.advance()
            return self.atom(_unescape(lexeme[1:-1]))
        if kind in {"string", "triple"} and lexeme[0] == '"':
            return self.parse_strings()
        if kind in {"sigil", "triple"}:
            self.advance()
            return self.parse_sigil(lexeme)
        if kind == "punctuation":
            return self.parse_compound(lexeme)
        return self.parse_number()

    def parse_compound(self, lexeme: str) -> Any:
        if lexeme == "[":
            return self.parse_list()
        if lexeme == "{":
            self.advance()
            return tuple(self.parse_items("}"))
        if lexeme == "<<":
            return self.parse_binary()
        if lexeme == "#{":
            self.advance()
            return Map(tuple(self.parse_pairs()))
        if lexeme in {"+", "-"}:
            self.advance()
            number = self.parse_number()
            return -number if lexeme == "-" else number
        if lexeme == "(":
            self.advance()
            term = self.parse()
            self.expect(")")
            return term
        return self.fail("expected a term")

    def parse_items(self, closing: str) -> list[Any]:
        items: list[Any] = []
        if self.accept(closing):
            return items
        while True:
            items.append(self.parse())
            if self.accept(closing):
                return items
            self.expect(",")

    def parse_pairs(self) -> list[tuple[Any, Any]]:
        pairs: list[tuple[Any, Any]] = []
        if self.accept("}"):
            return pairs
        while True:
            key = self.parse()
            self.expect("=>")
            pairs.append((key, self.parse()))
            if self.accept("}"):
                return pairs
            self.expect(",")

    def parse_list(self) -> Any:
        atoms = _ATOM_LIST.match(self.text, self.position)
        if atoms is not None:
            names = _LISTED_ATOM.findall(self.text, self.position, atoms.end())
            self.position = atoms.end()
            self.advance()
            return [self.atom(name if name[0] != "'" else name[1:-1]) for name in names]
        self.advance()
        items: list[Any] = []
        if self.accept("]"):
            return items
        while True:
            items.append(self.parse())
            if self.accept("]"):
                return make_list(items)
            if self.accept("|"):
                tail = self.parse()
                self.expect("]")
                return make_list(items, tail)
            self.expect(",")

    def parse_strings(self) -> Any:
        parts = []
        while self.kind == "string" or (self.kind == "triple" and self.lexeme[0] == '"'):
            raw = self.lexeme
            parts.append(_dedent(raw) if self.kind == "triple" else _unescape(raw[1:-1]))
            self.advance()
        return _charlist("".join(parts))

    def parse_sigil(self, lexeme: str) -> Any:
        letter = lexeme[1] if lexeme[1] != '"' else "b"
        body = lexeme[lexeme.index('"') :]
        if body.startswith('"""'):
            content = _dedent(body)
        else:
            content = body[1:-1] if letter.isupper() else _unescape(body[1:-1])
        return _charlist(content) if letter in "sS" else content.encode()

    def parse_number(self) -> int | float:
        kind, lexeme = self.kind, self.lexeme
        value: int | float
        try:
            if kind == "integer":
                value = int(lexeme)
            elif kind == "char":
                value = ord(_unescape(lexeme[1:]))
            elif kind == "float":
                value = float(lexeme)
            elif kind == "based":
                base, _, digits = lexeme.partition("#")
                value = int(digits, int(base))
            else:
                self.fail("expected a term")
        except (ValueError, OverflowError, TypeError):
            self.fail("not a number of Erlang's")
        self.advance()
        return value

    def parse_fun(self) -> ExternalFun:
        module = self.parse()
        self.expect(":")
        function = self.parse()
        self.expect("/")
        arity = self.parse()
        if isinstance(module, Atom) and isinstance(function, Atom) and isinstance(arity, int):
            return ExternalFun(module, function, arity)
        return self.fail("a fun in a term is fun Module:Function/Arity")

    def parse_binary(self) -> bytes | Bitstring:
        self.advance()
        bits, length = 0, 0
        while not (self.kind == "punctuation" and self.lexeme == ">>"):
            value, size = self.parse_segment()
            bits, length = (bits << size) | value, length + size
            if not self.accept(","):
                break
        self.expect(">>")
        whole, rest = divmod(length, 8)
        if rest == 0:
            return bits.to_bytes(whole, "big")
        return Bitstring((bits << (8 - rest)).to_bytes(whole + 1, "big"), rest)

    def parse_segment(self) -> tuple[int, int]:
        """Return the segment's bits and their number."""
        is_text = self.kind in {"string", "triple"}
        value = self.parse_strings() if is_text else self.parse()
        size = self.parse_number() if self.accept(":") else 8
        kind = ""
        if self.accept("/"):
            kind = self.lexeme
            self.advance()
        if kind not in {"", "utf8", "integer"} or not isinstance(size, int) or size > _MAX_SEGMENT:
            self.fail("a segment of a binary is a number or a string, with a size or /utf8")
        if is_text or (kind == "utf8" and type(value) is int):
            characters = (value or "") if is_text else chr(value)
            return _text_bits(characters, size, utf8=kind == "utf8")
        if type(value) is not int:
            self.fail("a segment of a binary is a number or a string")
        return value & ((1 << size) - 1), size


def _text_bits(characters: str, size: int, *, utf8: bool) -> tuple[int, int]:
    """Return the bits of a string in a binary, and their number."""
    if utf8:
        data = characters.encode("utf-8", "surrogatepass")
        return int.from_bytes(data, "big"), len(data) * 8
    bits = 0
    for character in characters:
        bits = (bits << size) | (ord(character) & ((1 << size) - 1))
    return bits, len(characters) * size


def _unescape(text: str) -> str:
    return text if "\\" not in text else _ESCAPE.sub(_replace_escape, text)


def _replace_escape(match: re.Match[str]) -> str:
    hexadecimal, control, octal, plain = match.groups()
    if hexadecimal:
        return chr(int(hexadecimal.strip("{}"), 16))
    if control:
        return chr(ord(control) & 31)
    if octal:
        return chr(int(octal, 8))
    return _CONTROL.get(plain, plain)


def _dedent(raw: str) -> str:
    """Return the content of a triple-quoted string: its lines less the indentation of the closing quotes."""
    lines = raw.split("\n")[1:]
    indentation = len(lines[-1]) - len(lines[-1].lstrip())
    return "\n".join(line[indentation:] for line in lines[:-1])
