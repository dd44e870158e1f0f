// What Make's functions and coercions are in JavaScript. The n8n writer puts the helpers that an expression uses, and
// those they use, in front of it. Each is one `const` at the start of a line; the same function in Python has the same
// name without the underscore. Luxon's DateTime is there in n8n's expressions and Code nodes alike. No string or
// pattern may hold two braces in a row, since n8n ends an expression there; and no method is called as `a.b?.()`, for
// which n8n loses `this`.

// -- coercions ---------------------------------------------------------------------------------------------------
const _text = v => v == null ? "" : typeof v !== "object" ? String(v) : v.isLuxonDateTime ? v.toUTC().toISO()
  : Array.isArray(v) ? v.map(_text).join(",") : v.asText ? v.asText() : JSON.stringify(v);
const _json = v => Array.isArray(v) ? v.map(_json) : !v || typeof v !== "object" ? v : v.isLuxonDateTime ? _iso(v)
  : v.asText ? v.asText() : Object.fromEntries(Object.entries(v).map(([k, x]) => [k, _json(x)]));
const _iso = v => v == null ? null : v.isLuxonDateTime ? v.toUTC().toISO() : v;
const _number = v => v == null ? 0 : typeof v === "object" ? v.isLuxonDateTime ? v.toMillis() : NaN
  : typeof v === "string" && /^\s*\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)\s*$/.test(v)
    ? DateTime.fromISO(v.trim()).toMillis() : Number(v);
const _boolean = v => v == null ? null : typeof v === "string" ? v !== "" && v !== "false" : v === false ? false : true;
const _array = v => {
  if (v == null) return [];
  if (Array.isArray(v)) return v;
  throw new Error("'" + _text(v) + "' is not a valid array");
};
const _bytes = v => v instanceof Uint8Array ? v : _encode(_text(v), "utf8");
const _field = (v, name) => v !== null && typeof v === "object" && !v.isLuxonDateTime
  ? Object.entries(v).find(([key]) => key === name)?.[1] : undefined;

// -- operators ---------------------------------------------------------------------------------------------------
const _digits = v => {
  const [, whole, fraction = "", exponent = 0] = /^(-?\d+)(?:\.(\d+))?(?:e(.+))?$/.exec(String(v));
  return [BigInt(whole + fraction), exponent - fraction.length];
};
const _tens = power => BigInt("1" + "0".repeat(power));
const _exactly = (a, b, finite, other) => {
  const x = _number(a), y = _number(b);
  if (!Number.isFinite(x) || !Number.isFinite(y)) return other(x, y) + 0;
  const [m, e] = _digits(x), [n, f] = _digits(y), scale = Math.min(e, f);
  return finite(m * _tens(e - scale), n * _tens(f - scale), scale);
};
const _plus = (a, b) => _exactly(a, b, (m, n, scale) => Number((m + n) + "e" + scale), (x, y) => x + y);
const _minus = (a, b) => _plus(_number(a), -_number(b));
const _times = (a, b) => _exactly(a, b, (m, n, scale) => Number((m * n) + "e" + 2 * scale), (x, y) => x * y);
const _divide = (a, b) => _exactly(a, b, (m, n) => {
  if (!n) return Number(m) / 0;
  const more = String(n).length + 25;
  return Number((m * _tens(more) / n) + "e-" + more);
}, (x, y) => x / y);
const _modulo = (a, b) => _exactly(a, b, (m, n, scale) => n ? Number((m % n) + "e" + scale) : NaN, (x, y) => x % y);
const _add = (a, b) => {
  if (a == null || b == null) return a ?? b ?? null;
  const numbers = [a, b].every(v => typeof v === "number" || typeof v === "boolean");
  return numbers ? _plus(a, b) : _text(a) + _text(b);
};
const _equal = (a, b) => {
  if (a == null || b == null) return a == null && b == null;
  if (a.isLuxonDateTime || b.isLuxonDateTime) return _number(a) === _number(b) || _text(a) === _text(b);
  if (typeof a === "object" && typeof b === "object") return JSON.stringify(_json(a)) === JSON.stringify(_json(b));
  const x = typeof a === "object" ? _text(a) : a, y = typeof b === "object" ? _text(b) : b;
  return typeof x === "string" && typeof y === "string" ? x === y : _number(x) === _number(y);
};
const _isEmpty = v => v == null || v === "";
const _less = (a, b) => typeof a === "string" && typeof b === "string" ? a < b : _number(a) < _number(b);
const _atMost = (a, b) => typeof a === "string" && typeof b === "string" ? a <= b : _number(a) <= _number(b);

// -- general -----------------------------------------------------------------------------------------------------
const _ifEmpty = (v, otherwise) => v == null || v === "" ? otherwise() : v;
const _get = (v, path) => (_text(path).match(/[^.[\]`]+/g) ?? []).reduce((o, name) =>
  Array.isArray(o) ? /^\d{1,9}$/.test(name) ? o[name - 1] : undefined : _field(o, name), v) ?? null;
const _entries = v => v == null || typeof v !== "object" || v.isLuxonDateTime ? [] : Object.entries(v);
const _pick = (v, ...names) => v == null ? null : Object.fromEntries(_entries(v).filter(([k]) => names.map(_text).includes(k)));
const _omit = (v, ...names) => v == null ? null : Object.fromEntries(_entries(v).filter(([k]) => !names.map(_text).includes(k)));

// -- text --------------------------------------------------------------------------------------------------------
const _length = v => v != null && typeof v === "object" && !v.isLuxonDateTime
  ? Array.isArray(v) || v instanceof Uint8Array ? v.length : Object.keys(v).length : _text(v).length;
const _capitalize = t => t.charAt(0).toUpperCase() + t.slice(1);
const _startcase = t => t.toLowerCase().replace(/\S+/g, _capitalize);
const _whole = v => Math.trunc(_number(v)) || 0;
const _substring = (t, start, end) => end == null ? t.substring(_whole(start)) : t.substring(_whole(start), _whole(end));
const _contains = (v, search, ignoreCase) => {
  const fold = x => ignoreCase ? _text(x).toLowerCase() : _text(x);
  return Array.isArray(v) ? v.some(x => _equal(x, search) || fold(x) === fold(search)) : fold(v).includes(fold(search));
};
const _replace = (text, search, replacement) => {
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/s.exec(search) ?? [];
  if (pattern === undefined) return search ? text.split(search).join(replacement) : text;
  if (/\$</.test(replacement)) throw new Error("named groups are not supported in a replacement");
  return text.replace(new RegExp(pattern, flags), replacement.replace(/\$(?![\d&$])/g, "$$$$"));
};
const _split = (v, separator, keepEmpty) => {
  if (v == null) return [];
  const items = (separator == null || separator === "" ? [_text(v)] : _text(v).split(_text(separator))).map(t => t.trim());
  return keepEmpty ? items : items.filter(t => t !== "");
};
const _join = (v, separator) => Array.isArray(v) ? v.map(_text).join(separator === undefined ? "," : _text(separator)) : _text(v);
const _ascii = (text, fold) => (fold ? text.normalize("NFD").replace(/[\u0300-\u036f]/g, "") : text).replace(/[^\x00-\x7f]/g, "");
const _stripHTML = text => text.replace(/<!--[^]*?-->/g, "").replace(/<(style|script)\b[^>]*>[^]*?<\/\1\s*>/gi, "")
  .replace(/<br\s*\/?>/gi, "\n").replace(/<\/?[a-zA-Z!][^>]*>/g, "");
const _escapeHTML = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const _escapeMarkdown = text => text.replace(/[\\`*_{}[\]()#+\-.!|~<>]/g, c => "&#" + c.charCodeAt(0) + ";");
const _replaceEmoji = (text, replacement) => text.replace(/(?:[\u{1f1e6}-\u{1f1ff}]{2}|(?:[\u{1f000}-\u{1f1e5}\u{1f200}-\u{1faff}\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3]\ufe0f?[\u{1f3fb}-\u{1f3ff}]?\u200d?)+)/gu, () => replacement);
const _decodeURL = text => decodeURIComponent(text);

// -- bytes -------------------------------------------------------------------------------------------------------
const _alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const _base64 = bytes => {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const n = bytes[i] << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0);
    for (let j = 0; j < 4; j++) out += i + j > bytes.length ? "=" : _alphabet[n >> 18 - 6 * j & 63];
  }
  return out;
};
const _hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("");
const _latin1 = bytes => Array.from(bytes, b => String.fromCharCode(b)).join("");
const _encode = (text, encoding) => {
  switch (encoding) {
    case "hex": return Uint8Array.from((text.match(/^(?:[0-9a-f]{2})*/i)[0].match(/../g) ?? []).map(h => parseInt(h, 16)));
    case "base64": {
      const bits = [...text.replace(/-/g, "+").replace(/_/g, "/")].map(c => _alphabet.indexOf(c)).filter(n => n >= 0)
        .map(n => n.toString(2).padStart(6, "0")).join("");
      return Uint8Array.from((bits.match(/.{8}/g) ?? []).map(b => parseInt(b, 2)));
    }
    case "ascii": case "binary": case "latin1": return Uint8Array.from([...text].map(c => c.charCodeAt(0) & 255));
    default: return Uint8Array.from((encodeURIComponent(text.toWellFormed()).match(/%..|./g) ?? [])
      .map(c => c[0] === "%" ? parseInt(c.slice(1), 16) : c.charCodeAt(0)));
  }
};
const _utf8 = bytes => {
  let out = "", code = 0, left = 0, low = 0x80, high = 0xbf;
  for (let i = 0; i <= bytes.length; i++) {
    const b = bytes[i];
    if (left && b >= low && b <= high) {
      code = code << 6 | b & 63;
      if (!--left) out += String.fromCodePoint(code);
      low = 0x80; high = 0xbf;
      continue;
    }
    if (left) out += "\ufffd";
    left = 0;
    if (b === undefined) break;
    if (b < 0x80) out += String.fromCharCode(b);
    else if (b < 0xc2 || b > 0xf4) out += "\ufffd";
    else {
      left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
      code = b & 63 >> left;
      low = b === 0xe0 ? 0xa0 : b === 0xf0 ? 0x90 : 0x80;
      high = b === 0xed ? 0x9f : b === 0xf4 ? 0x8f : 0xbf;
    }
  }
  return out;
};
const _decode = (bytes, encoding) => {
  switch (encoding) {
    case "hex": return _hex(bytes);
    case "base64": return _base64(bytes);
    case "ascii": return _latin1(bytes.map(b => b & 127));
    case "binary": case "latin1": return _latin1(bytes);
    default: return _utf8(bytes);
  }
};
const _toString = (v, encoding) => v instanceof Uint8Array ? _decode(v, (_text(encoding) || "utf8").toLowerCase())
  : v != null && typeof v === "object" && !Array.isArray(v) && !v.isLuxonDateTime ? JSON.stringify(_json(v)) : _text(v);
const _toBinary = (v, encoding) => {
  if (v == null || v instanceof Uint8Array) return v ?? null;
  const bytes = _encode(_text(v), (_text(encoding) || "utf8").toLowerCase());
  return Object.assign(bytes, { asText: () => _decode(bytes, "utf8") });
};

// -- digests -----------------------------------------------------------------------------------------------------
// The padded message as words of `size` bytes; MD5 alone counts from the little end.
const _blocks = (bytes, size, little) => {
  const block = size * 16, total = Math.ceil((bytes.length + 1 + size * 2) / block) * block, data = new Uint8Array(total);
  data.set(bytes);
  data[bytes.length] = 128;
  for (let i = 0, bits = bytes.length * 8; i < 7; i++, bits = Math.floor(bits / 256)) data[little ? total - 8 + i : total - 1 - i] = bits % 256;
  return data;
};
const _words = (data, little) => Array.from({ length: data.length / 4 }, (_, i) => {
  const [a, b, c, d] = little ? data.slice(i * 4, i * 4 + 4).reverse() : data.slice(i * 4, i * 4 + 4);
  return (a << 24 | b << 16 | c << 8 | d) >>> 0;
});
const _unwords = (words, little) => Uint8Array.from(words.flatMap(w => {
  const out = [w >>> 24, w >>> 16 & 255, w >>> 8 & 255, w & 255];
  return little ? out.reverse() : out;
}));
const _rotl = (v, n) => (v << n | v >>> 32 - n) >>> 0;
const _md5 = bytes => {
  const shifts = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]], words = _words(_blocks(bytes, 4, true), true);
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < words.length; at += 16) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const [mix, k] = round === 0 ? [b & c | ~b & d, i] : round === 1 ? [d & b | ~d & c, 5 * i + 1 & 15]
        : round === 2 ? [b ^ c ^ d, 3 * i + 5 & 15] : [c ^ (b | ~d), 7 * i & 15];
      const sum = a + mix + Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296) + words[at + k] >>> 0;
      [a, b, c, d] = [d, b + _rotl(sum, shifts[round][i & 3]) >>> 0, b, c];
    }
    state = [a, b, c, d].map((v, i) => v + state[i] >>> 0);
  }
  return _unwords(state, true);
};
const _sha1 = bytes => {
  const words = _words(_blocks(bytes, 4, false), false);
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let at = 0; at < words.length; at += 16) {
    const w = words.slice(at, at + 16);
    for (let i = 16; i < 80; i++) w.push(_rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1));
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i++) {
      const [mix, k] = i < 20 ? [b & c | ~b & d, 0x5a827999] : i < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : i < 60 ? [b & c | b & d | c & d, 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
      [a, b, c, d, e] = [_rotl(a, 5) + mix + e + k + w[i] >>> 0, a, _rotl(b, 30), c, d];
    }
    state = [a, b, c, d, e].map((v, i) => v + state[i] >>> 0);
  }
  return _unwords(state, false);
};
// The first bits behind the point of the roots of the first primes: the constants of SHA-2, by their definition.
const _roots = (count, cube, bits) => {
  const primes = [];
  for (let n = 2; primes.length < count; n++) if (primes.every(p => n % p)) primes.push(n);
  return primes.map(p => {
    const power = BigInt(cube ? 3 : 2), target = BigInt(p) << BigInt(bits) * power;
    let low = BigInt(0), high = BigInt(p) << BigInt(bits);
    while (high - low > BigInt(1)) {
      const middle = low + high >> BigInt(1);
      if (middle ** power <= target) low = middle; else high = middle;
    }
    return BigInt.asUintN(bits, low);
  });
};
const _sha2 = (bytes, bits) => {
  const rounds = bits === 32 ? 64 : 80, wrap = v => BigInt.asUintN(bits, v), width = BigInt(bits);
  const rotr = (v, n) => wrap(v >> BigInt(n) | v << width - BigInt(n));
  const [s0, s1, S0, S1] = bits === 32 ? [[7, 18, 3], [17, 19, 10], [2, 13, 22], [6, 11, 25]]
    : [[1, 8, 7], [19, 61, 6], [28, 34, 39], [14, 18, 41]];
  const small = (v, [x, y, z]) => rotr(v, x) ^ rotr(v, y) ^ v >> BigInt(z), big = (v, [x, y, z]) => rotr(v, x) ^ rotr(v, y) ^ rotr(v, z);
  const k = _roots(rounds, true, bits), data = _blocks(bytes, bits / 8, false), size = bits / 8;
  const words = Array.from({ length: data.length / size }, (_, i) => BigInt("0x" + _hex(data.slice(i * size, i * size + size))));
  let state = _roots(8, false, bits);
  for (let at = 0; at < words.length; at += 16) {
    const w = words.slice(at, at + 16);
    for (let i = 16; i < rounds; i++) w.push(wrap(small(w[i - 2], s1) + w[i - 7] + small(w[i - 15], s0) + w[i - 16]));
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < rounds; i++) {
      const one = h + big(e, S1) + (e & f ^ wrap(~e) & g) + k[i] + w[i], two = big(a, S0) + (a & b ^ a & c ^ b & c);
      [a, b, c, d, e, f, g, h] = [wrap(one + two), a, b, c, wrap(d + one), e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((v, i) => wrap(v + state[i]));
  }
  return _encode(state.map(v => v.toString(16).padStart(bits / 4, "0")).join(""), "hex");
};
const _sha256 = bytes => _sha2(bytes, 32);
const _sha512 = bytes => _sha2(bytes, 64);
const _digest = (hash, block, v, encoding, key, keyEncoding) => {
  const join = (a, b) => Uint8Array.from([...a, ...b]), name = keyEncoding == null ? "text" : _text(keyEncoding);
  let out;
  if (key == null || key === "") out = hash(_bytes(v));
  else {
    const raw = key instanceof Uint8Array ? key : _encode(_text(key), name === "text" ? "utf8" : name);
    const padded = new Uint8Array(block);
    padded.set(raw.length > block ? hash(raw) : raw);
    out = hash(join(padded.map(b => b ^ 92), hash(join(padded.map(b => b ^ 54), _bytes(v)))));
  }
  return _decode(out, (_text(encoding) || "hex").toLowerCase());
};

// -- math --------------------------------------------------------------------------------------------------------
const _shift = (v, places) => Number(String(v).replace(/e.*|$/, e => "e" + (Number(e.slice(1)) + places)));
const _trunc = (v, decimals) => {
  const n = _number(v), places = decimals == null ? 0 : _whole(decimals);
  return Math.abs(places) > 400 || !Number.isFinite(n) ? n : _shift(Math.trunc(_shift(n, places)), -places) + 0;
};
const _numbers = values => (values.length === 1 && Array.isArray(values[0]) ? values[0] : values)
  .filter(v => typeof v === "number" || typeof v === "string" && v.trim() !== "").map(_number).filter(v => !Number.isNaN(v));
const _min = (...values) => _numbers(values).reduce((a, b) => a == null || b < a ? b : a, null);
const _max = (...values) => _numbers(values).reduce((a, b) => a == null || b > a ? b : a, null);
const _sum = (...values) => _numbers(values).reduce(_plus, 0);
const _average = (...values) => {
  const found = _numbers(values);
  return found.length ? _divide(_sum(found), found.length) : null;
};
const _median = (...values) => {
  const found = _numbers(values).sort((a, b) => a - b), middle = found.length >> 1;
  return found.length === 0 ? null : found.length % 2 ? found[middle] : _divide(_plus(found[middle - 1], found[middle]), 2);
};
const _deviation = (values, less) => {
  const found = _numbers(values), mean = found.reduce((a, b) => a + b, 0) / found.length;
  return found.length <= less ? null : Math.sqrt(found.reduce((a, b) => a + (b - mean) * (b - mean), 0) / (found.length - less));
};
const _stdevS = (...values) => _deviation(values, 1);
const _stdevP = (...values) => _deviation(values, 0);
const _parseNumber = (v, separator) => {
  if (v == null || v === "" || typeof v === "number") return v === "" ? null : v ?? null;
  const point = separator == null || separator === "" ? "." : _text(separator);
  const plain = _text(v).replace(/[\s\u00a0\u202f']/g, "").split(point === "," ? "." : ",").join("").replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) || !".,".includes(point)) throw new Error("'" + _text(v) + "' is not a valid number");
  return Number(plain);
};
const _formatNumber = (v, decimals, point, thousands) => {
  if (v == null || v === "") return null;
  const n = _number(v), places = Math.min(20, Math.max(0, _whole(decimals)));
  if (!Number.isFinite(n)) throw new Error("'" + _text(v) + "' is not a valid number");
  const digits = _shift(Math.round(_shift(Math.abs(n), places)), -places).toFixed(places), [whole, fraction] = digits.split(".");
  return (n < 0 && Number(digits) ? "-" : "") + whole.replace(/\B(?=(\d{3})+$)/g, thousands === undefined ? "." : _text(thousands))
    + (fraction ? (point === undefined ? "," : _text(point)) + fraction : "");
};

// -- dates -------------------------------------------------------------------------------------------------------
const _inZone = (d, zone) => {
  const moved = zone == null || zone === "" ? d : d.setZone(_text(zone));
  return (moved.isValid ? moved : d).setLocale("en");
};
const _zoned = (fields, offset, zone) => {
  if (offset == null) {
    const local = _inZone(DateTime.now(), zone);
    return DateTime.fromObject(fields, { zone: local.zone });
  }
  const minutes = /^[+-]/.test(offset) ? Number(offset[0] + "1") * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2))) : 0;
  return DateTime.fromObject(fields, { zone: "UTC" }).minus({ minutes });
};
const _uuid = () => "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, c =>
  (c === "x" ? Math.floor(Math.random() * 16) : 8 + Math.floor(Math.random() * 4)).toString(16));
const _detectDate = (text, zone) => {
  const time = "(?:(?:T|\\s+)(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:[.,](?<fraction>\\d{1,9}))?)?(?:\\s*(?<half>[AaPp][Mm]))?)?(?:\\s*(?<offset>Z|UTC|GMT|[+-]\\d{2}:?\\d{2}))?\\s*$";
  const days = ["(?<year>\\d{4})-(?<month>\\d{1,2})(?:-(?<day>\\d{1,2}))?", "(?<year>\\d{4})/(?<month>\\d{1,2})/(?<day>\\d{1,2})",
    "(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{4})", "(?<day>\\d{1,2})\\.(?<month>\\d{1,2})\\.(?<year>\\d{4})"];
  const f = days.map(day => new RegExp("^\\s*" + day + time).exec(text)?.groups).find(found => found);
  if (!f) return null;
  const hour = Number(f.hour ?? 0), half = f.half?.toLowerCase();
  const date = _zoned({
    year: Number(f.year), month: Number(f.month), day: Number(f.day ?? 1), hour: half ? hour % 12 + (half === "pm" ? 12 : 0) : hour,
    minute: Number(f.minute ?? 0), second: Number(f.second ?? 0), millisecond: Number((f.fraction ?? "").padEnd(3, "0").slice(0, 3)),
  }, f.offset, zone);
  return date.isValid && date.year > 0 ? date : null;
};
const _date = v => {
  if (v == null || v === "") return null;
  const date = v.isLuxonDateTime ? v : typeof v === "string" ? _detectDate(v) : null;
  if (!date) throw new Error("'" + _text(v) + "' is not a valid date");
  return date.toLocal().setLocale("en");
};
const _pieces = format => format.match(/\[[^[\]]*\]|\\.|Mo|MM?M?M?|Qo?|DDDo|Do|DD?D?D?|ddd?d?|do?|E|w[ow]?|W[oW]?|YYYY|YY?|gg(?:gg)?|GG(?:GG)?|HH?|hh?|kk?|A|a|mm?|ss?|S{1,9}|ZZ?|X|x|[^]/g) ?? [];
const _monthNames = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const _dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const _formatDate = (v, format, zone) => {
  const date = _date(v);
  if (!date) return null;
  const d = _inZone(date, zone);
  const pad = (n, width) => String(n).padStart(width, "0"), day = d.weekday % 7;
  const th = n => n + ([11, 12, 13].includes(n % 100) ? "th" : ["th", "st", "nd", "rd"][n % 10] ?? "th");
  const saturday = d.plus({ days: 6 - day }), week = Math.floor((saturday.ordinal - 1) / 7) + 1, quarter = Math.ceil(d.month / 3);
  const tokens = {
    YYYY: pad(d.year, 4), YY: pad(d.year % 100, 2), Y: d.year, Q: quarter, Qo: th(quarter), MMMM: _monthNames[d.month - 1],
    MMM: _monthNames[d.month - 1].slice(0, 3), MM: pad(d.month, 2), M: d.month, Mo: th(d.month), DD: pad(d.day, 2), D: d.day,
    Do: th(d.day), DDDD: pad(d.ordinal, 3), DDD: d.ordinal, DDDo: th(d.ordinal), dddd: _dayNames[day], ddd: _dayNames[day].slice(0, 3),
    dd: _dayNames[day].slice(0, 2), d: day, do: th(day), E: d.weekday, w: week, ww: pad(week, 2), wo: th(week), gggg: pad(saturday.year, 4),
    gg: pad(saturday.year % 100, 2), W: d.weekNumber, WW: pad(d.weekNumber, 2), Wo: th(d.weekNumber), GGGG: pad(d.weekYear, 4),
    GG: pad(d.weekYear % 100, 2), HH: pad(d.hour, 2), H: d.hour, hh: pad((d.hour + 11) % 12 + 1, 2), h: (d.hour + 11) % 12 + 1,
    kk: pad(d.hour || 24, 2), k: d.hour || 24, A: d.hour < 12 ? "AM" : "PM", a: d.hour < 12 ? "am" : "pm", mm: pad(d.minute, 2),
    m: d.minute, ss: pad(d.second, 2), s: d.second, Z: d.toFormat("ZZ"), ZZ: d.toFormat("ZZZ"), X: Math.floor(d.toMillis() / 1000), x: d.toMillis(),
  };
  return _pieces(format == null || format === "" ? "YYYY-MM-DDTHH:mm:ss.SSSZ" : _text(format)).map(piece =>
    Object.hasOwn(tokens, piece) ? tokens[piece] : /^S+$/.test(piece) ? pad(d.millisecond, 3).padEnd(piece.length, "0").slice(0, piece.length)
      : /^\[.*\]$/s.test(piece) ? piece.slice(1, -1) : piece.replace(/^\\(?=.)/s, "")).join("");
};
const _parseDate = (v, format, zone) => {
  if (v == null || v === "" || v.isLuxonDateTime) return v === "" ? null : v ?? null;
  const refuse = () => { throw new Error("'" + _text(v) + "' is not a valid date"); };
  const known = zone != null && _inZone(DateTime.now(), zone).zoneName === zone ? zone : undefined;
  if (format == null || format === "") {
    if (typeof v === "number") return _inCalendar(DateTime.fromMillis(Math.trunc(v)));
    return _detectDate(_text(v), known) ?? refuse();
  }
  const word = "[A-Za-z]+", two = "\\d\\d?", offset = "Z|[+-]\\d\\d:?\\d\\d", half = "[AaPp]\\.?[Mm]?\\.?", year = "\\d{1,4}";
  const patterns = {
    YYYY: year, YY: "\\d\\d", Y: "[+-]?\\d+", GGGG: year, GG: "\\d\\d", Q: "\\d", MMMM: word, MMM: word, MM: two, M: two, DD: two, D: two,
    Do: "\\d\\d?(?:st|nd|rd|th)?", DDDD: "\\d{3}", DDD: "\\d{1,3}", dddd: word, ddd: word, dd: word, E: "\\d", WW: two, W: two, HH: two, H: two,
    hh: two, h: two, kk: two, k: two, A: half, a: half, mm: two, m: two, ss: two, s: two, S: "\\d", SS: two, SSS: "\\d{1,3}", Z: offset, ZZ: offset,
    X: "[+-]?\\d+(?:\\.\\d{1,3})?", x: "[+-]?\\d+",
  };
  const named = (text, names) => names.findIndex(n => [n, n.slice(0, 3)].some(x => x.toLowerCase() === text.toLowerCase()));
  const century = text => Number(text) + (Number(text) > 68 ? 1900 : 2000), f = {};
  let rest = _text(v), read = false;
  for (const piece of _pieces(_text(format))) {
    const pattern = Object.hasOwn(patterns, piece) ? patterns[piece] : /^S{4,}$/.test(piece) ? "\\d{1,9}" : undefined;
    if (pattern === undefined) {
      const text = /^\[.*\]$/s.test(piece) ? piece.slice(1, -1) : piece.replace(/^\\(?=.)/s, ""), at = rest.indexOf(text);
      if (at >= 0 && !/^(?:Mo|Qo|DDDo|do?|w[ow]?|Wo|gg|gggg)$/.test(piece)) rest = rest.slice(at + text.length);
      continue;
    }
    const match = new RegExp(pattern).exec(rest);
    if (!match) continue;
    const found = match[0], letter = piece[0];
    rest = rest.slice(match.index + found.length);
    read = true;
    if (letter === "Y") f.year = piece === "YY" || piece === "YYYY" && found.length === 2 ? century(found) : Number(found);
    else if (letter === "G") f.weekYear = piece === "GG" ? century(found) : Number(found);
    else if (letter === "Q") f.month = (Number(found) - 1) * 3 + 1;
    else if (letter === "M") f.month = piece.length > 2 ? named(found, _monthNames) + 1 : Number(found);
    else if (piece.startsWith("DDD")) f.ordinal = Number(found);
    else if (letter === "D") f.day = parseInt(found, 10);
    else if (letter === "d") { if (!_dayNames.some(n => n.toLowerCase().startsWith(found.toLowerCase()))) refuse(); }
    else if (letter === "E") f.weekday = Number(found);
    else if (letter === "W") f.week = Number(found);
    else if ("Hhk".includes(letter)) f.hour = Number(found);
    else if ("Aa".includes(letter)) f.half = found[0].toLowerCase();
    else if (letter === "m") f.minute = Number(found);
    else if (letter === "s") f.second = Number(found);
    else if (letter === "S") f.millisecond = Number(found.padEnd(3, "0").slice(0, 3));
    else if (letter === "Z") f.offset = found;
    else f.stamp = Number(found) * (letter === "X" ? 1000 : 1);
  }
  if (!read) refuse();
  if (f.stamp !== undefined) return _inCalendar(DateTime.fromMillis(Math.trunc(f.stamp)));
  const today = _inZone(DateTime.now(), known);
  if (f.half && f.hour !== undefined) f.hour = f.hour % 12 + (f.half === "p" ? 12 : 0);
  const clock = { hour: f.hour ?? 0, minute: f.minute ?? 0, second: f.second ?? 0, millisecond: f.millisecond ?? 0 };
  const calendar = f.week !== undefined || f.weekYear !== undefined
    ? { weekYear: f.weekYear ?? today.weekYear, weekNumber: f.week ?? 1, weekday: f.weekday ?? 1 }
    : f.ordinal !== undefined ? { year: f.year ?? today.year, ordinal: f.ordinal } : {
      year: f.year ?? today.year, month: f.month ?? (f.year === undefined ? today.month : 1),
      day: f.day ?? (f.year === undefined && f.month === undefined ? today.day : 1),
    };
  const date = _zoned({ ...calendar, ...clock }, f.offset, known);
  return date.isValid && date.year > 0 ? date : refuse();
};
const _inCalendar = d => {
  if (d.isValid && d.year > 0 && d.year < 10000) return d;
  throw new Error("the date lies outside the calendar");
};
const _amount = v => {
  const n = _number(v);
  if (v == null || v === "" || !Number.isFinite(n)) throw new Error("'" + _text(v) + "' is not a valid number");
  return n;
};
const _nearest = v => Math.sign(v) * Math.round(Math.abs(v));
const _addTime = (v, n, unit) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ milliseconds: Math.trunc(_times(_amount(n), unit)) }));
const _addDays = (v, n) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ days: _nearest(_amount(n)) }));
const _addMonths = (v, n, each) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ months: _nearest(_times(_amount(n), each ?? 1)) }));
const _setTime = (v, unit, n) => v == null || v === "" ? null : _inCalendar(_date(v).set({ [unit]: Math.trunc(_amount(n)) }));
const _named = (v, names, first) => {
  const at = typeof v !== "string" ? -1 : names.findIndex(n => [n, n.slice(0, 3)].some(x => x.toLowerCase() === v.trim().toLowerCase()));
  return at >= 0 ? at + first : Math.trunc(_amount(v));
};
const _setDate = (v, n) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ days: Math.trunc(_amount(n)) - _date(v).day }));
const _setDay = (v, n) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ days: _named(n, _dayNames, 1) - 1 - _date(v).weekday % 7 }));
const _setMonth = (v, n) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ months: _named(n, _monthNames, 1) - _date(v).month }));
const _setYear = (v, n) => v == null || v === "" ? null : _inCalendar(_date(v).plus({ years: Math.trunc(_amount(n)) - _date(v).year }));
const _dateDiff = (end, start, unit) => {
  if (end == null || end === "" || start == null || start === "") return null;
  const ms = _date(end).toMillis() - _date(start).toMillis(), name = unit == null || unit === "" ? "milliseconds" : _text(unit);
  const sizes = { milliseconds: 1, s: 1000, seconds: 1000, m: 60000, minutes: 60000, H: 3600000, hours: 3600000, D: 86400000, days: 86400000, weeks: 604800000 };
  const rests = { RH: [3600000, 24], Rm: [60000, 60], Rs: [1000, 60] };
  if (ms < 0) throw new Error("the start is after the end");
  if (Object.hasOwn(rests, name)) return Math.floor(ms / rests[name][0]) % rests[name][1];
  if (!Object.hasOwn(sizes, name)) throw new Error("'" + name + "' is not a unit of dateDiff");
  return Math.floor(ms / sizes[name]);
};

// -- arrays ------------------------------------------------------------------------------------------------------
const _append = (v, ...values) => [..._array(v), ...values.map(x => x ?? null)];
const _remove = (v, ...values) => _array(v).filter(item => !values.some(x => _equal(item, x)));
const _map = (v, key, filterKey, filterValues) => {
  const wanted = filterKey == null || filterKey === "" ? null : _text(filterValues).split(",").map(t => t.trim());
  return _array(v).filter(item => !wanted || wanted.includes(_text(_get(item, filterKey)))).map(item => _get(item, key));
};
const _sort = (v, order, key) => {
  const known = /^(asc|desc)( ci)?$/.exec(_text(order)), path = key ?? (known ? null : order);
  const keyed = _array(v).map(item => {
    const found = path == null || path === "" ? item : _get(item, path);
    return { item, key: typeof found === "number" ? found : found?.isLuxonDateTime ? found.toMillis() : known?.[2] ? _text(found).toLowerCase() : _text(found) };
  });
  const compare = (a, b) => {
    const x = typeof a === typeof b ? a : _text(a), y = typeof a === typeof b ? b : _text(b);
    return x < y ? -1 : x > y ? 1 : 0;
  };
  return keyed.sort((a, b) => (known?.[1] === "desc" ? -1 : 1) * compare(a.key, b.key)).map(entry => entry.item);
};
const _reverse = v => [..._array(v)].reverse();
const _shuffle = v => _array(v).map(item => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key).map(entry => entry.item);
const _slice = (v, start, end) => _array(v).slice(_whole(start), end == null ? undefined : _whole(end));
const _merge = (...values) => values.filter(Array.isArray).flat();
const _flatten = (v, depth) => _array(v).flat(depth == null ? 1 : _whole(depth));
const _distinct = (v, key) => {
  const seen = new Set();
  return _array(v).filter(item => {
    const found = key == null || key === "" ? item : _get(item, key);
    const text = found !== null && typeof found === "object" && !found.isLuxonDateTime ? JSON.stringify(_json(found)) : _text(found);
    return !seen.has(text) && seen.add(text);
  });
};
const _keys = v => _entries(v).map(([key]) => key);
const _toCollection = (v, key, value) => Object.fromEntries(_array(v).map(item => [_text(_get(item, key)), _get(item, value)]));
const _toArray = v => Array.isArray(v) ? v.map((value, key) => ({ key, value })) : _entries(v).map(([key, value]) => ({ key, value }));
const _first = v => _array(v)[0] ?? null;
const _last = v => _array(v).slice(-1)[0] ?? null;

// -- operands of conditions --------------------------------------------------------------------------------------
const _asNumber = v => typeof v === "number" ? v : typeof v === "string" && v.trim() !== "" ? _number(v) : NaN;
const _asDate = v => {
  try { return _date(v)?.toMillis() ?? NaN; } catch { return NaN; }
};
const _asTime = v => {
  const [, hour, minute, second = "0"] = /^\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*$/.exec(_text(v)) ?? [];
  if (hour !== undefined) return Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const day = _asDate(v), d = Number.isNaN(day) ? null : DateTime.fromMillis(day);
  return d ? d.hour * 3600 + d.minute * 60 + d.second + d.millisecond / 1000 : _asNumber(v);
};
const _asArray = v => v == null ? [] : Array.isArray(v) ? v : [v];
const _has = (v, item, fold) => _asArray(v).some(x => fold ? _text(x).toLowerCase() === _text(item).toLowerCase() : _equal(x, item));
