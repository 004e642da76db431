"""Takes secrets, mail addresses, home paths and hosts out of text before it is stored or sent.

Secrets are found with the patterns of detect-secrets, the detector its field uses, and a few of our own for what
it leaves to entropy checks (assignments, bearer tokens, key blocks). What is found becomes `[SECRET]`, `[MAIL]` or
`[HOST]`; a home folder becomes `~`.

Every rule has a hint: a pattern of RE2's that finds something in every text in which the rule finds something. All
hints are looked for in one pass, and only the rules that it names run: forty patterns on each of twenty thousand
short texts took 2.4 s, this takes 0.1 s.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import re2


@dataclass(frozen=True)
class _Rule:
    """Replaces what `pattern` finds, in texts in which RE2 finds `hint`."""

    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]
    hint: str

    def apply(self, text: str) -> str:
        return self.pattern.sub(self.replacement, text)


@dataclass(frozen=True)
class _Vendor:
    """Replaces what a detector of detect-secrets finds; it is loaded at the first hint of it.

    module, detector: where it is among the plugins, and its class.
    """

    module: str
    detector: str
    hint: str

    def apply(self, text: str) -> str:
        for pattern in _denylist(self.module, self.detector):
            text = pattern.sub("[SECRET]", text)
        return text


# Detectors of detect-secrets. Left out are those that are wrong without the detector's own context
# ("AP…" hits ordinary words), and four vendors' assignment shapes, which the assignment rule below covers.
_VENDORS = (
    _Vendor("aws", "AWSKeyDetector", r"A3T[A-Z0-9]{5}|A(?:BIA|CCA|KIA|SIA)[0-9A-Z]{4}|(?i:aws)"),
    _Vendor("azure_storage_key", "AzureStorageKeyDetector", r"AccountKey="),
    # Not what stands before the first dot: counting it makes the search through every text half as slow again.
    _Vendor("discord", "DiscordBotTokenDetector", r"[a-zA-Z\p{Nd}_-]\.[a-zA-Z\p{Nd}_-]{6}\.[a-zA-Z\p{Nd}_-]"),
    _Vendor("github_token", "GitHubTokenDetector", r"gh[pousr]_[A-Za-z0-9_]{4}"),
    _Vendor(
        "gitlab_token",
        "GitLabTokenDetector",
        r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_-]{4}|GR1348941",
    ),
    _Vendor("mailchimp", "MailchimpDetector", r"-us[0-9]"),
    _Vendor("npm", "NpmDetector", r"_authToken="),
    _Vendor("openai", "OpenAIDetector", r"T3BlbkFJ"),
    _Vendor("pypi_token", "PypiTokenDetector", r"pypi-Ag"),
    _Vendor("sendgrid", "SendGridDetector", r"SG\.[a-zA-Z0-9_-]{4}"),
    _Vendor("slack", "SlackDetector", r"(?i:xox[aboprs]-|hooks\.slack)"),
    _Vendor("square_oauth", "SquareOAuthDetector", r"sq0csp-"),
    _Vendor("stripe", "StripeDetector", r"k_live_"),
    _Vendor("telegram_token", "TelegramBotTokenDetector", r"\p{Nd}{8}:[0-9A-Za-z_-]{8}"),
    _Vendor("twilio", "TwilioKeyDetector", r"(?:AC|SK)[a-z0-9]{8}"),
)
# Values that only name a secret: a variable, a placeholder, a call, a type.
_NO_SECRET = re.compile(
    r"^[\"']?(?:\$|<|\{|\[|%|process\.env|os\.|env\.|str\b|string\b|None\b|null\b|true\b|false\b|\w+\()"
)


def _hide_value(match: re.Match[str]) -> str:
    return match.group(0) if _NO_SECRET.match(match.group(2)) else f"{match.group(1)}[SECRET]"


_OWN_SECRETS = (
    # A block that was cut loses what is left of it, up to the end of its text.
    _Rule(
        re.compile(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)"
            r"|[A-Za-z0-9+/=\s]{1,8000}-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
        ),
        "[SECRET]",
        r"PRIVATE KEY",
    ),
    # The detector's own pattern leaves the signature.
    _Rule(re.compile(r"\beyJ[\w-]{5,}\.[\w-]{4,}(?:\.[\w-]{0,2000})?"), "[SECRET]", r"eyJ"),
    _Rule(re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), "[SECRET]", r"sk-[A-Za-z0-9_-]{16}"),
    _Rule(re.compile(r"\bgithub_pat_[A-Za-z0-9_]{20,}"), "[SECRET]", r"github_pat_"),
    _Rule(re.compile(r"\bnpm_[A-Za-z0-9]{30,}"), "[SECRET]", r"npm_[A-Za-z0-9]{8}"),
    _Rule(re.compile(r"\bhf_[A-Za-z0-9]{30,}"), "[SECRET]", r"hf_[A-Za-z0-9]{8}"),
    _Rule(re.compile(r"\bAIza[A-Za-z0-9_-]{35}"), "[SECRET]", r"AIza"),
    _Rule(re.compile(r"\bya29\.[A-Za-z0-9_-]{20,}"), "[SECRET]", r"ya29\."),
    _Rule(re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"), "[SECRET]", r"xox[abposr]-"),
    _Rule(re.compile(r"(?<=://)[^\s:/@]{1,200}:[^\s/@]{1,200}(?=@)"), "[SECRET]", r"://[^\s:/@]+:[^\s/@]+@"),
    _Rule(
        re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}"),
        r"\1 [SECRET]",
        r"(?i:(?:bearer|basic)[^0-9A-Za-z]+[A-Za-z0-9._~+/=-]{16})",
    ),
    _Rule(
        re.compile(
            r"(?i)((?:api[_-]?key|secret|token|passw(?:or)?d|passphrase|access[_-]?key|private[_-]?key)"
            r"[\w-]{0,40}[\"']?\s{0,4}(?:=>|:=|=|:)\s{0,4})"
            r"(\"[^\"\n]{4,400}\"|'[^'\n]{4,400}'|[^\s\"',;)}\]]{6,400})"
        ),
        _hide_value,
        r"(?i:(?:api|access|private)[_-]?key|secret|token|passw(?:or)?d|passphrase)\S*\s*[=:]",
    ),
    # On a command line the value follows the flag; the next flag is none.
    _Rule(
        re.compile(
            r"(?i)(--(?:password|passwd|passphrase|token|secret|api-?key)\s{1,4})"
            r"(\"[^\"\n]{4,400}\"|'[^'\n]{4,400}'|[^\s\"'-]\S{5,400})"
        ),
        _hide_value,
        r"(?i:--(?:pass|token|secret|api))",
    ),
    _Rule(re.compile(r"(\b(?:mysql|mariadb)\w*\b[^\n]{0,80}\s-p)(\S{4,400})"), _hide_value, r"mysql|mariadb"),
    # In prose only what has a digit in it: "the password is required" is no secret.
    _Rule(
        re.compile(r"(?i)(\bpass(?:word|wd|phrase)\s{1,4}(?:is|was|=>?|to)\s{1,4})((?=[^\s\d]{0,40}\d)[^\s]{6,400})"),
        _hide_value,
        r"(?i:pass(?:word|wd|phrase)[^0-9A-Za-z]+(?:is|was|=|to))",
    ),
)
# A folder or account name: up to whatever ends a path in running text.
_NAME = r"[^/\\\s\"'`:;,)<>|]{1,100}"
_PLACES = (
    # Patterns that open with a fixed text run at the speed of memory: what must stand before it is looked at after it.
    _Rule(re.compile(r"://(?:\[SECRET\]@)?(?!\[)[^\s/?#\"'<>)\]]{1,253}"), "://[HOST]", r"://"),
    _Rule(re.compile(r"\bgit@[A-Za-z0-9.-]{1,253}(?=:)"), "git@[HOST]", r"git@"),
    _Rule(
        re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}"),
        "[MAIL]",
        r"@[A-Za-z0-9-]+\.[A-Za-z0-9-]",
    ),
    _Rule(re.compile(rf"/home/(?<!\w/home/){_NAME}"), "~", r"/home/"),
    _Rule(re.compile(rf"/Users/(?<!\w/Users/){_NAME}"), "~", r"/Users/"),
    _Rule(re.compile(rf"(?i)\b[a-z]:[\\/]+users[\\/]+{_NAME}"), "~", r"(?i:[a-z]:[\\/]+users[\\/])"),
    # Claude Code names a project's folder after its path, with dashes for slashes.
    _Rule(re.compile(r"-(?:home|Users)-[A-Za-z0-9.]+(?=-|\b)"), "-~", r"-(?:home|Users)-"),
    _Rule(
        re.compile(r"[0-9](?<![\w.].)[0-9]{0,2}\.(?:[0-9]{1,3}\.){2}[0-9]{1,3}(?![\w.])"),
        "[HOST]",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    ),
    # IPv6: eight groups, or a global, local or link-local prefix with a gap.
    _Rule(
        re.compile(
            r"(?i)(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"
            r"|(?:fe80|f[cd][0-9a-f]{2}|2[0-9a-f]{3}):(?:[0-9a-f]{1,4}:){0,5}(?::[0-9a-f]{1,4}){1,6})(?![\w:])"
        ),
        "[HOST]",
        r"(?i:(?:[0-9a-f]{1,4}:){7}[0-9a-f]|(?:fe80|f[cd][0-9a-f]{2}|2[0-9a-f]{3}):(?:[0-9a-f]{1,4}:){0,5}:[0-9a-f])",
    ),
    _Rule(
        re.compile(
            r"(?i)(?<![a-z0-9.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,5}\.(?:internal|local|lan|corp|intranet)\b"
        ),
        "[HOST]",
        r"(?i:[a-z0-9-]\.(?:internal|local|lan|corp|intranet))",
    ),
)
_RULES = (*_VENDORS, *_OWN_SECRETS, *_PLACES)


@cache
def _denylist(module: str, detector: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of a detector of detect-secrets.

    The detectors could ask a vendor whether a secret is valid, and for that import requests, which takes longer to load
    than they do. Nobody is asked here: where it is not loaded already, they get an empty module. Not where other
    threads run, which could find that while it is there.
    """
    put_off = "requests" not in sys.modules and threading.active_count() == 1
    if put_off:
        sys.modules["requests"] = ModuleType("requests")
    try:
        found = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), detector)
    finally:
        if put_off:
            del sys.modules["requests"]
    return tuple(found.denylist)


@cache
def _hints() -> re2.Set:
    found = re2.Set.SearchSet()
    for rule in _RULES:
        found.Add(rule.hint)
    found.Compile()
    return found


def redact(text: str) -> str:
    """`text` with secrets, mail addresses, home paths and hosts replaced."""
    hinted: Iterable[int]
    try:
        # In the order of the rules: what one leaves, the next one sees.
        hinted = sorted(_hints().Match(text.encode()) or ())
    except UnicodeEncodeError:
        # Half a surrogate pair is no UTF-8, which RE2 needs.
        hinted = range(len(_RULES))
    for index in hinted:
        text = _RULES[index].apply(text)
    return text
