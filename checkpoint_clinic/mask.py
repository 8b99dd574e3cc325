"""What a paste may hold that nobody should share -> `<token>`, `<user>`, `<host>`; before anything becomes a link or an issue.

Twin of overrides/assets/clinic/mask.js: the same expressions in the same order, and tests/vectors/mask.json for both.
Each starts at a literal or at a word's start and has no repetition within a repetition that could match in two ways.
It is careful, not certain: who shares a line should still read it.
"""

from __future__ import annotations

import re

PUBLIC = re.compile(
    r"^(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|github\.com|gitlab\.com|gitee\.com|modelscope\.cn|pytorch\.org|python\.org|"
    r"readthedocs\.io|nvidia\.com|wandb\.ai|arxiv\.org|stackoverflow\.com|google\.com|microsoft\.com|aka\.ms|localhost)$",
    re.ASCII | re.IGNORECASE,
)
NAMES = r"api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|secret|token"

# (expression, what takes its place; \1 is what stays in front, \2 what stays behind)
RULES: tuple[tuple[str, str], ...] = (
    # tokens by their form
    (r"\bhf_[A-Za-z0-9]{16,}", "<token>"),
    (r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}", "<token>"),
    (r"\b(?:gh[pousr]_|github_pat_|glpat-|AIza|wandb_v1_)[A-Za-z0-9_-]{16,}", "<token>"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}", "<token>"),
    (r"\bxox[a-z]-[A-Za-z0-9-]{8,}", "<token>"),
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?", "<token>"),
    # tokens by the word in front of them
    (r"\b(Bearer[ \t]{1,3})[A-Za-z0-9._~+/=-]{6,}", r"\1<token>"),
    (r"\b(authorization[\"']?[ \t]?[:=][ \t]?[\"']?(?:Basic|token)[ \t]{1,3})[A-Za-z0-9._~+/=-]{4,}", r"\1<token>"),
    (r"((?:password|passwd|passphrase)[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?)[^ \t\r\n\"',;&<>]+", r"\1<token>"),
    (
        rf"((?:{NAMES})[\"']?[ \t]{{0,3}}[:=][ \t]{{0,3}}[\"']?)[A-Za-z0-9_+/=~!$%^*-]{{8,}}(?!\.?\w)",
        r"\1<token>",
    ),
    (r"(wandb[^\r\n<]{0,40}?[ \t=:\"'])[0-9a-f]{40}(?![0-9a-z])", r"\1<token>"),
    (r"(://)[^ \t\r\n/@\"'<>]{1,256}@", r"\1<token>@"),
    # user names
    (r"(/(?:home|users)/)[^ \t\r\n/:;,\"'`<>()\[\]|]{1,64}", r"\1<user>"),
    (r"([a-z]:[\\/]{1,2}Users[\\/]{1,2})[^\r\n\\/:*?\"'<>|]{1,64}(?=[\\/])", r"\1<user>"),
    (r"([a-z]:[\\/]{1,2}Users[\\/]{1,2})[^ \t\r\n\\/:*?\"'<>|]{1,64}", r"\1<user>"),
    (r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{1,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b(?!\()", "<user>@<host>"),
    (r"(^|[ \t\r\n(\[\"'=,])[A-Za-z_][\w.-]{1,63}@[A-Za-z][\w.-]{1,253}(?=[:\]$#> \t\r\n\"',)]|$)", r"\1<user>@<host>"),
    # hosts
    (r"(\[)(?!\d)[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,8}(\]:\d{2,5}\b)", r"\1<host>\2"),
    (r"\b((?:MASTER_ADDR|hostname|rdzv_endpoint)[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?)[A-Za-z][\w.-]{0,253}", r"\1<host>"),
    (r"\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b(?:\.[\w-]{1,63}){0,8}", "<host>"),
    (r"\b[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,6}\.(?:svc\.cluster\.local|compute\.internal)\b", "<host>"),
    (
        r"\b(?:2[0-9a-f]{3}|f[c-e][0-9a-f]{2})(?::[0-9a-f]{1,4}){0,6}::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?(?![\w:])",
        "<host>",
    ),
    (r"\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}(?![\w:])", "<host>"),
)
COMPILED = tuple((re.compile(expression, re.ASCII | re.IGNORECASE), put) for expression, put in RULES)
URL = re.compile(r"(://)((?:<token>@)?)([A-Za-z0-9][\w.-]{0,253})", re.ASCII)
# Four numbers are a version where they follow `==`, `-`, `v`, `version` or a CUDA package's name.
NUMBERS = re.compile(
    r"(version[ \t:=]{1,3}|cu\d\d[ \t]{1,40}|==|[\w.=-]?)\b"
    r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w-]|\.\d)((?::\d{2,5}\b)?)",
    re.ASCII | re.IGNORECASE,
)


def mask(text: str) -> str:
    """Return the text without tokens, user names and hosts. Module names, versions, times and shapes stay."""
    for expression, put in COMPILED:
        text = expression.sub(put, text)
    return NUMBERS.sub(_numbers, URL.sub(_url, text))


def _url(found: re.Match[str]) -> str:
    host = found[3]
    return found[0] if PUBLIC.match(host) or host.startswith("127.") else f"{found[1]}{found[2]}<host>"


def _numbers(found: re.Match[str]) -> str:
    front, port = found[1], found[6]
    a, b, c, d = (int(found[index]) for index in (2, 3, 4, 5))
    named, local = front not in ("", "="), a in (0, 127)
    private = a == 10 or (a == 172 and 16 <= b <= 31) or (a == 192 and b == 168)
    if named or local or max(a, b, c, d) > 255 or not (private or port or a >= 32):
        return found[0]
    return f"{front}<host>{port}"
