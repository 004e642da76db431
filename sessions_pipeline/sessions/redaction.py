"""Takes secrets, mail addresses, home paths and hosts out of text before it is stored or sent.

Secrets are found with the patterns of detect-secrets, the detector its field uses, and a few of our own for what
it leaves to entropy checks (assignments, bearer tokens, key blocks). What is found becomes `[SECRET]`, `[MAIL]` or
`[HOST]`; a home folder becomes `~`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class _Rule:
    """Replaces what `pattern` finds. needles: lower-case words of which one must occur, a cheap test first; hint: the
    same as a pattern that begins with a fixed character."""

    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]
    needles: tuple[str, ...] = ()
    hint: re.Pattern[str] | None = None

    def apply(self, text: str, lowered: str) -> str:
        if self.needles and not any(needle in lowered for needle in self.needles):
            return text
        if self.hint and not self.hint.search(lowered):
            return text
        return self.pattern.sub(self.replacement, text)


# Values that only name a secret: a variable, a placeholder, a call, a type.
_NO_SECRET = re.compile(
    r"^[\"']?(?:\$|<|\{|\[|%|process\.env|os\.|env\.|str\b|string\b|None\b|null\b|true\b|false\b|\w+\()"
)


def _hide_value(match: re.Match[str]) -> str:
    return match.group(0) if _NO_SECRET.match(match.group(2)) else f"{match.group(1)}[SECRET]"


# A block that was cut loses what is left of it, up to the end of its text (NUL: see `sources.sanitise`).
_PRIVATE_KEY = _Rule(
    re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[^\x00]*?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|(?=\x00)|\Z)"
        r"|[A-Za-z0-9+/=\s]{1,8000}-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
    ),
    "[SECRET]",
    ("private key",),
)
_OWN_SECRETS = (
    _PRIVATE_KEY,
    # The detector's own pattern leaves the signature.
    _Rule(re.compile(r"\beyJ[\w-]{5,}\.[\w-]{4,}(?:\.[\w-]{0,2000})?"), "[SECRET]", ("eyj",)),
    _Rule(re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), "[SECRET]", ("sk-",)),
    _Rule(re.compile(r"\bgithub_pat_[A-Za-z0-9_]{20,}"), "[SECRET]", ("github_pat_",)),
    _Rule(re.compile(r"\bnpm_[A-Za-z0-9]{30,}"), "[SECRET]", ("npm_",)),
    _Rule(re.compile(r"\bhf_[A-Za-z0-9]{30,}"), "[SECRET]", ("hf_",)),
    _Rule(re.compile(r"\bAIza[A-Za-z0-9_-]{35}"), "[SECRET]", ("aiza",)),
    _Rule(re.compile(r"\bya29\.[A-Za-z0-9_-]{20,}"), "[SECRET]", ("ya29.",)),
    _Rule(re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"), "[SECRET]", ("xox",)),
    _Rule(re.compile(r"(?<=://)[^\s:/@]{1,200}:[^\s/@]{1,200}(?=@)"), "[SECRET]", ("://",)),
    _Rule(re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}"), r"\1 [SECRET]", ("bearer", "basic")),
    _Rule(
        re.compile(
            r"(?i)((?:api[_-]?key|secret|token|passw(?:or)?d|passphrase|access[_-]?key|private[_-]?key)"
            r"[\w-]{0,40}[\"']?\s{0,4}(?:=>|:=|=|:)\s{0,4})"
            r"(\"[^\"\n]{4,400}\"|'[^'\n]{4,400}'|[^\s\"',;)}\]]{6,400})"
        ),
        _hide_value,
        ("key", "secret", "token", "passw", "passphrase"),
    ),
    # On a command line the value follows the flag; the next flag is none.
    _Rule(
        re.compile(
            r"(?i)(--(?:password|passwd|passphrase|token|secret|api-?key)\s{1,4})"
            r"(\"[^\"\n]{4,400}\"|'[^'\n]{4,400}'|[^\s\"'-]\S{5,400})"
        ),
        _hide_value,
        ("--pass", "--token", "--secret", "--api"),
    ),
    _Rule(re.compile(r"(\b(?:mysql|mariadb)\w*\b[^\n]{0,80}\s-p)(\S{4,400})"), _hide_value, ("mysql", "mariadb")),
    # In prose only what has a digit in it: "the password is required" is no secret.
    _Rule(
        re.compile(r"(?i)(\bpass(?:word|wd|phrase)\s{1,4}(?:is|was|=>?|to)\s{1,4})((?=[^\s\d]{0,40}\d)[^\s]{6,400})"),
        _hide_value,
        ("passw", "passphrase"),
    ),
)
# A folder or account name: up to whatever ends a path in running text.
_NAME = r"[^/\\\s\"'`:;,)<>|]{1,100}"
_PLACES = (
    # Patterns that open with a fixed text run at the speed of memory: what must stand before it is looked at after it.
    _Rule(re.compile(r"://(?:\[SECRET\]@)?(?!\[)[^\s/?#\"'<>)\]]{1,253}"), "://[HOST]"),
    _Rule(re.compile(r"\bgit@[A-Za-z0-9.-]{1,253}(?=:)"), "git@[HOST]", ("git@",)),
    _Rule(
        re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}"),
        "[MAIL]",
        ("@",),
    ),
    _Rule(re.compile(rf"/home/(?<!\w/home/){_NAME}"), "~"),
    _Rule(re.compile(rf"/Users/(?<!\w/Users/){_NAME}"), "~"),
    _Rule(re.compile(rf"(?i)\b[a-z]:[\\/]+users[\\/]+{_NAME}"), "~", (":\\users", ":\\\\users", ":/users", "://users")),
    # Claude Code names a project's folder after its path, with dashes for slashes.
    _Rule(re.compile(r"-(?:home|Users)-[A-Za-z0-9.]+(?=-|\b)"), "-~", ("-home-", "-users-")),
    _Rule(re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"), "[HOST]"),
    # IPv6: eight groups, or a global, local or link-local prefix with a gap.
    _Rule(
        re.compile(
            r"(?i)(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"
            r"|(?:fe80|f[cd][0-9a-f]{2}|2[0-9a-f]{3}):(?:[0-9a-f]{1,4}:){0,5}(?::[0-9a-f]{1,4}){1,6})(?![\w:])"
        ),
        "[HOST]",
        hint=re.compile(r":[0-9a-f]{0,4}:[0-9a-f]{1,4}"),
    ),
    _Rule(
        re.compile(
            r"(?i)(?<![a-z0-9.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,5}\.(?:internal|local|lan|corp|intranet)\b"
        ),
        "[HOST]",
        (".internal", ".local", ".lan", ".corp", ".intranet"),
    ),
)
# Left out: patterns that are wrong without the detector's own context ("AP…" hits ordinary words), and four vendors'
# assignment shapes, which the assignment rule above covers at a tenth of the time.
_LEFT_OUT = {
    "ArtifactoryDetector",
    "IPPublicDetector",
    "JwtTokenDetector",
    "BasicAuthDetector",
    "PrivateKeyDetector",
    "CloudantDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "SoftlayerDetector",
}
_NEEDLES = {
    "AWSKeyDetector": ("akia", "asia", "abia", "acca", "a3t", "aws"),
    "MailchimpDetector": ("-us",),
    "NpmDetector": ("_authtoken",),
    "SlackDetector": ("xox", "hooks.slack"),
    "StripeDetector": ("k_live_",),
}


@cache
def _rules() -> tuple[_Rule, ...]:
    import importlib
    import pkgutil

    from detect_secrets import plugins
    from detect_secrets.plugins.base import RegexBasedDetector

    vendors = []
    for module in sorted(info.name for info in pkgutil.iter_modules(plugins.__path__)):
        for name, kind in vars(importlib.import_module(f"{plugins.__name__}.{module}")).items():
            is_detector = isinstance(kind, type) and issubclass(kind, RegexBasedDetector)
            if is_detector and kind is not RegexBasedDetector and name not in _LEFT_OUT:
                vendors += [_Rule(pattern, "[SECRET]", _NEEDLES.get(name, ())) for pattern in kind.denylist]
    return (*vendors, *_OWN_SECRETS, *_PLACES)


def redact(text: str) -> str:
    """`text` with secrets, mail addresses, home paths and hosts replaced."""
    lowered = text.lower()
    for rule in _rules():
        text = rule.apply(text, lowered)
    return text
