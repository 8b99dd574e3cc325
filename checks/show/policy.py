"""What a page may run: the Content-Security-Policy with the hashes of our inline scripts, and whether a built site keeps to it.

The policy is committed as overrides/partials/policy.html, written by `clinic csp` from a build that holds no content, so that
nothing an article says can come to stand in the list. The check finds what a page has beyond it; the browser would refuse
that, too, but nobody would know.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError, fromstring

from ..content.problem import Problem, relative

FILE = "overrides/partials/policy.html"
RULES = (
    "default-src 'none'",
    "script-src 'self' {hashes}",
    "style-src 'self' 'sha256-NwSx/R2V/U4jnW0Tq5pQ53Y/rzPVJ4dqE7D6UTA/J1k='",  # the one that Zensical's script inserts
    "img-src 'self' data:",  # the theme's icons
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
)
ENGINE = Path(__file__).parents[2]
DATA = ("application/json", "application/ld+json")  # scripts that no browser runs
FORBIDDEN = ("iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal", "fencedframe", "foreignobject")
ADDRESSES = ("href", "src", "action", "formaction", "poster", "data", "xlink:href", "srcset", "background", "cite", "ping")
_SCRIPT = re.compile(r"<script\b(?P<attributes>(?:[^\"'>]|\"[^\"]*\"|'[^']*')*)>(?P<body>.*?)</script", re.I | re.S)
_TAG = re.compile(r"<(?P<name>[a-zA-Z][^\s/>]*)(?P<attributes>(?:[^\"'>]|\"[^\"]*\"|'[^']*')*)>?")
_ATTRIBUTE = re.compile(r"(?P<name>[^\s\"'>/=]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>]*))?")
_RISKY = re.compile(rf"[\s/\"'](?:on|srcdoc|http-equiv|{'|'.join(ADDRESSES)})", re.I)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_HASH = re.compile(r"'(sha256-[A-Za-z0-9+/=]+)'")
_CONTENT = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')


def policy(root: Path) -> str:
    """Return the committed policy of a project, or the engine's own where it has none."""
    for folder in (root, ENGINE):
        if (folder / FILE).is_file() and (found := _CONTENT.search((folder / FILE).read_text(encoding="utf-8"))):
            return found[1]
    return ""


def meta(root: Path) -> str:
    """Return the policy as the element that a page carries before anything else."""
    return f'<meta http-equiv="Content-Security-Policy" content="{policy(root)}">'


def inline_scripts(text: str) -> Iterator[str]:
    """Yield the bodies of the scripts of a page that a browser would run from the page itself."""
    for found in _SCRIPT.finditer(text):
        given = dict(_attributes(found["attributes"]))
        if "src" not in given and given.get("type", "").strip().lower() not in DATA:
            yield found["body"]


def digest(script: str) -> str:
    """Return a script's hash as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def write_policy(root: Path, sites: list[Path], scripts: list[str]) -> dict[str, str]:
    """Write the policy for the scripts of these sites and those given; return hash -> how the script begins."""
    bodies = [body for site in sites for page in sorted(site.rglob("*.html")) for body in inline_scripts(_read(page))]
    known = {digest(body): " ".join(body.split())[:90] for body in [*bodies, *scripts]}
    rules = "; ".join(RULES).format(hashes=" ".join(f"'{one}'" for one in sorted(known)))
    noted = "".join(f"\n     {one}  {known[one]}".replace("#}", "# }") for one in sorted(known))
    text = (
        "{#- What a page may run, written by `clinic csp`: the scripts of the theme and of overrides/, by their hashes.\n"
        f"   A script that somebody else brings onto a page is none of them.{noted} -#}}\n"
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">\n'
    )
    (root / FILE).parent.mkdir(parents=True, exist_ok=True)
    (root / FILE).write_text(text, encoding="utf-8")
    return known


def policy_problems(site: Path, root: Path) -> Iterator[Problem]:
    """Yield what in a built site the policy does not allow, or is not held back by one: each with its page."""
    element, allowed = meta(root), set(_HASH.findall(policy(root)))
    for page in sorted(site.rglob("*.html")):
        text, file = _read(page), _source(page, site, root)
        if element not in text or "<script" in text.partition(element)[0].lower():
            repair = f"include partials/policy.html on top of the page's head; if it is missing, run: clinic csp, commit {FILE}"
            yield Problem(file, 1, "the policy before any script", "none, or another one", repair)
        for body in inline_scripts(text):
            if digest(body) not in allowed:
                repair = f"remove it from the page; if it is the theme's or ours, run: clinic csp, and commit {FILE}"
                yield Problem(file, 1, "no inline script but those of the policy", _short(body), repair)
        for what in dict.fromkeys(_live(text, page, site)):
            yield Problem(file, 1, "nothing that could run on the page", what, "remove it; what is text stands in backticks")
    for picture in sorted(site.rglob("*.svg")):
        for what in dict.fromkeys(_live_in_picture(_read(picture))):
            file = picture.relative_to(site).as_posix()
            yield Problem(file, 1, "a picture of shapes and text", what, "remove it, or draw the picture again")


def _live(text: str, page: Path, site: Path) -> Iterator[str]:
    """Yield what a page has beyond its inline scripts: event handlers, addresses that run, scripts from elsewhere, frames."""
    for found in _TAG.finditer(_SCRIPT.sub(lambda script: f"<script{script['attributes']}>", text)):
        name, attributes = found["name"].lower(), found["attributes"]
        if name in FORBIDDEN:
            yield _short(found[0])
        if not _RISKY.search(attributes):
            continue
        given = dict(_attributes(attributes))
        leads = re.fullmatch(r"0; url=[\w./-]+", given.get("content", ""))  # a short address's, within the site
        kind = given.get("http-equiv", "").lower()
        runs = any(key.startswith("on") or key == "srcdoc" for key in given)
        away = any(key in ADDRESSES and not _may_lead(value, name) for key, value in given.items())
        foreign = name == "script" and "src" in given and not _is_own_script(given["src"], page, site)
        sends = name == "form" and "action" in given
        if runs or away or foreign or sends or not (kind in ("", "content-security-policy") or (kind == "refresh" and leads)):
            yield _short(found[0])


def _live_in_picture(text: str) -> Iterator[str]:
    try:
        svg = fromstring(text)  # noqa: S314  a file that this build wrote or copied; expat fetches nothing
    except ParseError as error:
        yield f"no XML: {error}"
        return
    for one in svg.iter():
        name = str(one.tag).rpartition("}")[2].lower()
        if name in (*FORBIDDEN, "script"):
            yield f"<{name}>"
        for key, value in one.attrib.items():
            key = key.rpartition("}")[2].lower()
            if key.startswith("on") or (key == "href" and not _may_lead(value, name)):
                yield f'{key}="{_short(value)}"'


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(text):
        yield found["name"].lower(), html.unescape((found["value"] or "").strip("\"'"))


def _may_lead(value: str, name: str) -> bool:
    """Whether an address is one of the web, a mail's or within the site; as data only where a picture shows it."""
    scheme = _SCHEME.match(re.sub(r"[\x00-\x20\x7f-\x9f]", "", value).lower())  # browsers leave these out, too
    if scheme is None or scheme[1] in ("https", "http", "mailto"):
        return True
    return scheme[1] == "data" and name == "img" and value.lower().startswith("data:image/")


def _is_own_script(value: str, page: Path, site: Path) -> bool:
    """Whether a script is a file of the theme's or of overrides/: what else is published, logs say, is no script."""
    if _SCHEME.match(value) or value.startswith("//"):
        return False
    path = value.partition("?")[0].partition("#")[0]
    assets = [site / "assets", site / "zh" / "assets"]
    found = (page.parent / path).resolve()
    if path.startswith("/"):  # on 404.html, from the root of a host that is not known here
        return any(f"/{folder.relative_to(site).as_posix()}/" in path for folder in assets) and ".." not in path
    return any(found.is_relative_to(folder.resolve()) for folder in assets)


def _source(page: Path, site: Path, root: Path) -> str:
    """Return the file from which a page was made, else the page's own path in the site."""
    path = page.relative_to(site)
    language, parts = ("zh", path.parts[1:]) if path.parts[0] == "zh" else ("en", path.parts)
    docs = root / "docs" / language
    for source in (docs.joinpath(*parts).with_name("index.md"), docs.joinpath(*parts[:-1]).with_suffix(".md")):
        if len(parts) and parts[-1] == "index.html" and source.is_file():
            return relative(source, root)
    return path.as_posix()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _short(text: str) -> str:
    return " ".join(text.split())[:100]
