"""How much of what is planted does redaction take out, and how much does it take that is nobody's secret?

    python -m benchmarks.redaction [--seed 1] [--copies 20]

Secrets, mails, hosts and home folders are made up from a seed, in the shapes that their makers document, and set into
carriers as they stand in transcripts (prose, shell, JSON, YAML, logs). An item is found when nothing of its secret part
is left. False alarms are look-alikes that must stay: digests, identifiers, versions, code that names a secret.
"""

from __future__ import annotations

import argparse
import base64
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.findings import Finding, progress
from sessions_pipeline.sessions.redaction import redact

LETTERS, LOWER, DIGITS = string.ascii_letters, string.ascii_lowercase, string.digits
HEX, WORD = "0123456789abcdef", string.ascii_letters + string.digits
PARTS = ("user", "token", "secret", "handler", "factory", "parser", "key", "index")
Make = Callable[[random.Random], str]
SEED, COPIES = 1, 20


def _some(alphabet: str, length: int) -> Make:
    return lambda chance: "".join(chance.choices(alphabet, k=length))


def _shape(*parts: str | Make) -> Make:
    return lambda chance: "".join(part if isinstance(part, str) else part(chance) for part in parts)


def _jwt(chance: random.Random) -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{chance.randrange(10**9)}","name":"x"}}')
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, _some(WORD + "-_", 43)(chance)])


def _key_block(chance: random.Random) -> str:
    lines = "\n".join(_some(WORD + "+/", 64)(chance) for _ in range(4))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----"


# Secrets that are known by their own shape, wherever they stand.
SHAPED: dict[str, Make] = {
    "AWS access key id": _shape("AKIA", _some(string.ascii_uppercase + "234567", 16)),
    "GitHub token": _shape("ghp_", _some(WORD, 36)),
    "GitHub fine-grained token": _shape("github_pat_", _some(WORD, 22), "_", _some(WORD, 59)),
    "GitLab token": _shape("glpat-", _some(WORD, 20)),
    "Slack bot token": _shape("xoxb-", _some(DIGITS, 12), "-", _some(DIGITS, 12), "-", _some(WORD, 24)),
    "Stripe key": _shape("sk_live_", _some(WORD, 24)),
    "Anthropic key": _shape("sk-ant-api03-", _some(WORD + "-_", 86)),
    "OpenAI project key": _shape("sk-proj-", _some(WORD, 48)),
    "Google API key": _shape("AIza", _some(WORD + "-_", 35)),
    "npm token": _shape("npm_", _some(WORD, 36)),
    "Hugging Face token": _shape("hf_", _some(LETTERS, 34)),
    "SendGrid key": _shape("SG.", _some(WORD, 22), ".", _some(WORD, 43)),
    "Telegram bot token": _shape(_some("123456789", 10), ":AA", _some(WORD, 33)),
    "Google OAuth token": _shape("ya29.", _some(WORD + "-_", 60)),
    "JSON web token": _jwt,
    "private key block": _key_block,
}
# Secrets that are known only by what stands beside them: {} is the secret.
ASSIGNED: dict[str, tuple[str, Make]] = {
    "password in an environment file": ("DB_PASSWORD={}", _some(WORD + "!%^&*", 14)),
    "secret in YAML": ("client_secret: {}", _some(WORD, 32)),
    "token in JSON": ('{{"access_token": "{}"}}', _some(WORD, 40)),
    "AWS secret access key": ("aws_secret_access_key = {}", _some(WORD + "+/", 40)),
    "bearer header": ("Authorization: Bearer {}", _some(WORD + "-._", 40)),
    "basic header": ("Authorization: Basic {}", _some(WORD, 24)),
    "password in an address": ("postgres://app:{}@db.example.org:5432/app", _some(WORD, 16)),
    "password on a command line": ("mysql -u root -p{} app", _some(WORD, 14)),
    "password flag": ("deploy --password {} --dry-run", _some(WORD, 14)),
    "password in prose": ("the admin password is {} by the way", _some(WORD, 12)),
    "key in a query": ("GET /v1/items?api_key={}&page=2", _some(HEX, 32)),
}
# People and places.
PLACES: dict[str, tuple[str, Make]] = {
    "mail address": ("ask {} about it", _shape(_some(LOWER, 7), ".", _some(LOWER, 8), "@example.org")),
    "home folder, Linux": ("in /home/{}/app/main.py", _some(LOWER, 9)),
    "home folder, macOS": ("in /Users/{}/app/main.py", _some(LOWER, 9)),
    "home folder, Windows": (r"in C:\Users\{}\app\main.py", _some(LOWER, 9)),
    "project folder name": ("projects/-Users-{}-app/x.jsonl", _some(LOWER, 9)),
    "host of an address": ("open https://{}/a/b", _shape(_some(LOWER, 9), ".example.org")),
    "git remote": ("git@{}:team/app.git", _shape(_some(LOWER, 9), ".example.org")),
    "internal host": ("ping {}", _shape(_some(LOWER, 9), ".corp")),
    "IPv4 address": ("ssh {}", lambda chance: ".".join(str(chance.randrange(1, 255)) for _ in range(4))),
    "IPv6 address": ("ssh {}", lambda chance: ":".join(f"{chance.randrange(4096, 65536):x}" for _ in range(8))),
    "host in prose": ("log in to {} first", _shape(_some(LOWER, 9), ".example.com")),
}
# What must stay: each is nobody's secret, and a transcript is hard to read without it.
HARMLESS: dict[str, Make] = {
    "git commit": _shape("commit ", _some(HEX, 40)),
    "SHA-256 digest": _shape("sha256:", _some(HEX, 64)),
    "UUID": lambda chance: f"id {uuid.UUID(int=chance.getrandbits(128), version=4)}",
    "version": lambda chance: f"version {chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(20)} of it",
    "time": lambda chance: f"2026-01-{chance.randrange(10, 28)}T12:{chance.randrange(10, 59)}:00Z done",
    "path in a project": _shape("src/", _some(LOWER, 8), "/", _some(LOWER, 8), ".py"),
    "long identifier": lambda chance: "".join(map(str.capitalize, chance.choices(PARTS, k=5))),
    "variable that names a secret": _shape("api_key = os.environ['", _some(string.ascii_uppercase, 8), "_KEY']"),
    "type that names a secret": lambda chance: f"def login({_some(LOWER, 5)(chance)}: str, token: str | None) -> bool:",
    "placeholder": lambda chance: f"PASSWORD=${{{_some(string.ascii_uppercase, 8)(chance)}}}",
    "talk of tokens": lambda chance: f"it used {chance.randrange(1000, 9999)} tokens, the key point is the cache",
    "decorator": _shape("@", _some(LOWER, 8), ".route and then x@", _some(DIGITS, 1)),
    "line of code": lambda chance: f"for key, value in {_some(LOWER, 6)(chance)}.items(): total += value",
    "count of tokens": lambda chance: f"max_tokens: {chance.randrange(1000, 99999)}",
}
CARRIERS = (
    "{}",
    "Please use {} for the deployment.",
    "$ export VALUE={}\nnext line",
    '{{"content": "{}", "ok": true}}',
    "settings:\n  value: {}\n  other: 1",
    "2026-01-02 12:00:00 ERROR request failed with {} (attempt 2)",
)


@dataclass(frozen=True)
class Result:
    """How many of a kind were planted, and how many of them redaction changed as it should (or should not)."""

    kind: str
    planted: int
    found: int

    @property
    def share(self) -> float:
        """What was found of what was planted."""
        return self.found / self.planted


def planted(kinds: dict[str, tuple[str, Make]], chance: random.Random, copies: int) -> Iterator[Result]:
    """Every kind in every carrier."""
    for kind, (context, make) in kinds.items():
        found = 0
        for _ in range(copies):
            for carrier in CARRIERS:
                secret = make(chance)
                text = carrier.format(context.format(secret))
                found += not _left(secret, redact(text))
        yield Result(kind, copies * len(CARRIERS), found)


def _left(secret: str, redacted: str) -> bool:
    """Whether any stretch of eight characters of the secret (all of a shorter one) can still be read."""
    size = min(len(secret), 8)
    return any(secret[at : at + size] in redacted for at in range(len(secret) - size + 1))


def harmless(chance: random.Random, copies: int) -> Iterator[Result]:
    """Look-alikes in prose; found counts those that were changed."""
    for kind, make in HARMLESS.items():
        texts = [f"see {make(chance)} there" for _ in range(copies * len(CARRIERS))]
        yield Result(kind, len(texts), sum(redact(text) != text for text in texts))


def groups(chance: random.Random, copies: int) -> dict[str, list[Result]]:
    """What is planted, by how it can be known."""
    return {
        "secrets by shape": list(planted({kind: ("{}", make) for kind, make in SHAPED.items()}, chance, copies)),
        "secrets by context": list(planted(ASSIGNED, chance, copies)),
        "people and places": list(planted(PLACES, chance, copies)),
    }


def findings() -> list[Finding]:
    """Shares of what is planted that is found, and of look-alikes that are changed."""
    progress("redaction: planting secrets")
    chance = random.Random(SEED)
    found = {name: _all(name, results) for name, results in groups(chance, COPIES).items()}
    look_alikes = _all("look-alikes", list(harmless(chance, COPIES)))
    return [
        *(Finding(f"{name} found", all_.share, f"{all_.share:.1%} of {all_.planted}") for name, all_ in found.items()),
        Finding("look-alikes changed", look_alikes.share, f"{look_alikes.share:.1%} of {look_alikes.planted}"),
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--copies", type=int, default=COPIES, help="of each kind in each carrier")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    print(f"{'':34}{'planted':>9}{'found':>9}{'missed':>9}")
    for name, results in groups(chance, given.copies).items():
        _print(name, results, "found")
    print(f"\n{'':34}{'shown':>9}{'false alarms':>18}")
    _print("look-alikes", list(harmless(chance, given.copies)), "changed")


def _all(name: str, results: list[Result]) -> Result:
    return Result(name, sum(result.planted for result in results), sum(result.found for result in results))


def _print(name: str, results: list[Result], what: str) -> None:
    total = _all(name, results)
    for result in [total, *results]:
        label = result.kind if result is total else f"  {result.kind}"
        last = f"{result.planted - result.found:9}" if what == "found" else f"{result.share:9.1%}"
        print(f"{label:34}{result.planted:9}{result.found:9}{last}")


if __name__ == "__main__":
    main()
