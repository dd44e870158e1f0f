"""Functions on text and bytes. Positions and lengths count UTF-16 units, as JavaScript does, and so Make."""

from __future__ import annotations

import base64 as base64_module
import binascii
import hashlib
import hmac
import math
import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

from compilers.errors import ExpressionError, shorten
from compilers.expressions.functions import Function, row
from compilers.expressions.regex import as_pattern, javascript_regex, replacer
from compilers.expressions.values import WHITE_SPACE, Value, loose_equal, number, text, truthy

_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def whole(value: Value) -> int:
    """The value as a whole number, cut towards zero; what isn't a number is 0."""
    found = number(value)
    if math.isnan(found):
        return 0
    return int(max(-(2.0**53), min(found, 2.0**53)))


def units(value: str) -> int:
    """Length in UTF-16 units."""
    return len(value) + len(_BEYOND.findall(value)) if not value.isascii() else len(value)


def cut(value: str, start: int, end: int | None) -> str:
    """`value[start:end]` in UTF-16 units."""
    if value.isascii() or not _BEYOND.search(value):
        return value[start:end]
    encoded = value.encode("utf-16-le", "surrogatepass")
    return encoded[start * 2 : None if end is None else end * 2].decode("utf-16-le", "replace")


def length(value: Value = None) -> int:
    return len(value) if isinstance(value, (list, dict, bytes)) else units(text(value))


def capitalize(value: Value = None) -> str:
    shown = text(value)
    return shown[:1].upper() + shown[1:]


def startcase(value: Value = None) -> str:
    return re.sub(rf"[^{WHITE_SPACE}]+", lambda match: capitalize(match.group()), text(value).lower())


def substring(value: Value = None, start: Value = None, end: Value = None) -> str:
    shown = text(value)
    size = units(shown)
    first = min(max(whole(start), 0), size)
    last = size if end is None else min(max(whole(end), 0), size)
    return cut(shown, min(first, last), max(first, last))


def index_of(value: Value = None, search: Value = None, start: Value = None) -> int:
    shown, wanted = text(value), text(search)
    first = min(max(whole(start), 0), units(shown))
    found = cut(shown, first, None).find(wanted)
    return -1 if found < 0 else first + units(cut(shown, first, None)[:found])


def contains(value: Value = None, search: Value = None, ignore_case: Value = None) -> bool:
    def fold(item: Value) -> str:
        return text(item).lower() if truthy(ignore_case) else text(item)

    if isinstance(value, list):
        return any(loose_equal(item, search) or fold(item) == fold(search) for item in value)
    return fold(search) in fold(value)


def replace(value: Value = None, search: Value = None, replacement: Value = None) -> str:
    shown, wanted, new = text(value), text(search), text(replacement)
    pattern = as_pattern(wanted)
    if pattern is None:
        return shown.replace(wanted, new) if wanted else shown
    return javascript_regex(*pattern).sub(replacer(new), shown, count=0 if "g" in pattern[1] else 1)


_PICTURES = "\U0001f000-\U0001f1e5\U0001f200-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3"
_EMOJI = re.compile(f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|(?:[{_PICTURES}]\ufe0f?[\U0001f3fb-\U0001f3ff]?\u200d?)+)")


def replace_emoji(value: Value = None, replacement: Value = None) -> str:
    return _EMOJI.sub(lambda _: text(replacement), text(value))


def split(value: Value = None, separator: Value = None, keep_empty: Value = None) -> list[Value]:
    if value is None:
        return []
    shown, by = text(value), text(separator)
    items = [item.strip(WHITE_SPACE) for item in (shown.split(by) if by else [shown])]
    return list(items) if truthy(keep_empty) else [item for item in items if item]


def join(value: Value = None, *separator: Value) -> str:
    by = text(separator[0]) if separator else ","
    return by.join(text(item) for item in value) if isinstance(value, list) else text(value)


def as_bytes(value: Value) -> bytes:
    """Bytes as they are, anything else as UTF-8 text."""
    return value if isinstance(value, bytes) else text(value).encode("utf-8", "replace")


def base64(value: Value = None) -> str:
    return base64_module.b64encode(as_bytes(value)).decode("ascii")


def _named(encoding: Value, default: str) -> str:
    return text(encoding).lower() or default


def encode(value: str, encoding: str) -> bytes:
    """Bytes that a text stands for in `utf8`, `ascii`, `hex`, `base64`, `binary` or `latin1`; forgiving as Node.js."""
    if encoding == "hex":
        digits = re.match(r"(?:[0-9a-fA-F]{2})*", value)
        return bytes.fromhex(digits.group()) if digits else b""
    if encoding == "base64":
        digits64 = re.sub(r"[^A-Za-z0-9+/]", "", value.replace("-", "+").replace("_", "/"))
        usable = digits64[: len(digits64) - 1] if len(digits64) % 4 == 1 else digits64
        try:
            return base64_module.b64decode(usable + "=" * (-len(usable) % 4))
        except binascii.Error:
            return b""
    if encoding in ("ascii", "binary", "latin1"):
        return bytes(ord(character) & 255 for character in value)
    return value.encode("utf-8", "replace")


def decode(value: bytes, encoding: str) -> str:
    """Text for bytes, in the same encodings; what is no UTF-8 becomes `\ufffd`, as Node.js has it."""
    match encoding:
        case "hex":
            return value.hex()
        case "base64":
            return base64_module.b64encode(value).decode("ascii")
        case "ascii":
            return bytes(byte & 127 for byte in value).decode("ascii")
        case "binary" | "latin1":
            return value.decode("latin-1")
    return value.decode("utf-8", "replace")


def to_string(value: Value = None, encoding: Value = None) -> str:
    return decode(value, _named(encoding, "utf8")) if isinstance(value, bytes) else text(value)


def to_binary(value: Value = None, encoding: Value = None) -> Value:
    return value if value is None or isinstance(value, bytes) else encode(text(value), _named(encoding, "utf8"))


def _digest(algorithm: str, value: Value, encoding: Value, key: Value, key_encoding: Value) -> str:
    data = as_bytes(value)
    if key is None or key == "":
        digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    else:
        name = "text" if key_encoding is None else text(key_encoding)
        raw = key if isinstance(key, bytes) else encode(text(key), "utf8" if name == "text" else name)
        digest = hmac.new(raw, data, algorithm).digest()
    return decode(digest, _named(encoding, "hex"))


def md5(value: Value = None) -> str:
    return _digest("md5", value, None, None, None)


def sha1(value: Value = None, encoding: Value = None, key: Value = None, key_encoding: Value = None) -> str:
    return _digest("sha1", value, encoding, key, key_encoding)


def sha256(value: Value = None, encoding: Value = None, key: Value = None, key_encoding: Value = None) -> str:
    return _digest("sha256", value, encoding, key, key_encoding)


def sha512(value: Value = None, encoding: Value = None, key: Value = None, key_encoding: Value = None) -> str:
    return _digest("sha512", value, encoding, key, key_encoding)


def ascii_only(value: Value = None, remove_diacritics: Value = None) -> str:
    shown = text(value)
    if truthy(remove_diacritics):
        shown = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", shown))
    return shown.encode("ascii", "ignore").decode("ascii")


def encode_url(value: Value = None) -> str:
    return quote(text(value).encode("utf-8", "replace"), safe="!'()*-._~")


def decode_url(value: Value = None) -> str:
    shown = text(value)
    if re.search(r"%(?![0-9A-Fa-f]{2})", shown):
        what = f"`{shorten(shown, 60)}` isn't URL-encoded text"
        raise ExpressionError(what, hint="a % is not followed by two digits")
    try:
        return unquote_to_bytes(shown.encode("utf-8", "replace")).decode("utf-8")
    except UnicodeDecodeError:
        raise ExpressionError(f"`{shorten(shown, 60)}` isn't URL-encoded text in UTF-8") from None


_COMMENT = re.compile(r"<!--[\s\S]*?-->")
_HIDDEN = re.compile(r"<(style|script)\b[^>]*>[\s\S]*?</\1\s*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^>]*>")


def strip_html(value: Value = None) -> str:
    return _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub("", _COMMENT.sub("", text(value)))))


def escape_html(value: Value = None) -> str:
    return text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_markdown(value: Value = None) -> str:
    return re.sub(r"[\\`*_{}\[\]()#+\-.!|~<>]", lambda match: f"&#{ord(match.group())};", text(value))


FUNCTIONS: tuple[Function, ...] = (
    row("length", "text", "value: text|buffer|array", "number", "characters, bytes or items; 0 for null", length,
        "_length"),
    row("lower", "text", "text: text", "text", "in lower case",
        lambda value=None: text(value).lower(), "{0:text}.toLowerCase()"),
    row("upper", "text", "text: text", "text", "in upper case",
        lambda value=None: text(value).upper(), "{0:text}.toUpperCase()"),
    row("capitalize", "text", "text: text", "text", "first character in upper case", capitalize,
        "_capitalize({0:text})"),
    row("startcase", "text", "text: text", "text", "each word's first letter upper, the others lower", startcase,
        "_startcase({0:text})"),
    row("trim", "text", "text: text", "text", "without white space at both ends",
        lambda value=None: text(value).strip(WHITE_SPACE), "{0:text}.trim()"),
    row("substring", "text", "text: text, start: number, end?: number", "text",
        "characters from `start` up to but without `end`, counted from 0", substring, "_substring({0:text}, {1}, {2})"),
    row("indexOf", "text", "text: text, value: text, start?: number", "number",
        "position counted from 0, or -1", index_of, "{0:text}.indexOf({1:text}, {2:number})"),
    row("contains", "text", "text: any, search: any, ignoreCase?: boolean", "boolean",
        "whether a text holds another, or an array an element", contains, "_contains"),
    row("replace", "text", "text: text, search: text, replacement: text", "text",
        "every occurrence replaced; `/pattern/flags` is a regular expression, whose groups are $1, $2, ...", replace,
        "_replace({0:text}, {1:text}, {2:text})"),
    row("replaceEmojiCharacters", "text", "text: text, replacement: text", "text", "emoji replaced", replace_emoji,
        "_replaceEmoji({0:text}, {1:text})"),
    row("split", "text", "text: text, separator: text, keepEmpty?: boolean", "array",
        "the parts between separators, trimmed, without empty ones", split, "_split"),
    row("join", "text", "array: array, separator?: text", "text",
        "elements with a separator between them, `,` if not given",
        join, "_join"),
    row("base64", "text", "text: text|buffer", "text", "encoded as Base64", base64, "_base64(_bytes({0}))"),
    row("md5", "text", "text: text|buffer", "text", "MD5 digest in hex", md5, "_digest(_md5, 64, {0})"),
    row("sha1", "text", "text: text|buffer, encoding?: text, key?: text, keyEncoding?: text", "text",
        "SHA-1 digest, or HMAC if there is a key; hex, base64 or latin1", sha1, "_digest(_sha1, 64, {*})"),
    row("sha256", "text", "text: text|buffer, encoding?: text, key?: text, keyEncoding?: text", "text",
        "SHA-256 digest, or HMAC if there is a key", sha256, "_digest(_sha256, 64, {*})"),
    row("sha512", "text", "text: text|buffer, encoding?: text, key?: text, keyEncoding?: text", "text",
        "SHA-512 digest, or HMAC if there is a key", sha512, "_digest(_sha512, 128, {*})"),
    row("ascii", "text", "text: text, removeDiacritics?: boolean", "text",
        "without characters outside ASCII; with true, accents are folded first", ascii_only, "_ascii({0:text}, {1})"),
    row("toString", "text", "value: any, encoding?: text", "text", "as text; bytes are decoded", to_string,
        "_toString"),
    row("toBinary", "text", "value: any, encoding?: text", "buffer",
        "the bytes that a text stands for in utf8, ascii, hex, base64 or binary", to_binary, "_toBinary"),
    row("encodeURL", "text", "text: text", "text", "percent-encoded", encode_url, "encodeURIComponent({0:text})"),
    row("decodeURL", "text", "text: text", "text", "percent-decoded", decode_url, "decodeURIComponent({0:text})"),
    row("stripHTML", "text", "text: text", "text", "without tags, styles and scripts; <br> is a new line", strip_html,
        "_stripHTML({0:text})"),
    row("escapeHTML", "text", "text: text", "text", "& < > escaped", escape_html, "_escapeHTML({0:text})"),
    row("escapeMarkdown", "text", "text: text", "text", "Markdown's special characters as HTML entities",
        escape_markdown,
        "_escapeMarkdown({0:text})"),
)  # fmt: skip
