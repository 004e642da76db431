"""Secrets, mails, home paths and hosts go; ordinary text stays as it is."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from detect_secrets import plugins
from detect_secrets.plugins.base import RegexBasedDetector
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_pipeline.sessions.redaction import _RULES, _VENDORS, redact

# Made up for this test; each in the shape that its vendor documents.
SECRETS = {
    "aws key id": "AKIA" + "Q3EXAMPLE7ZKLMNO",
    "github token": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "11ABCDEFG0" * 4,
    "gitlab token": "glpat-" + "x9Y8z7W6v5U4t3S2r1Q0",
    "slack token": "xoxb-" + "123456789012-abcdefABCDEF",
    "stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "anthropic key": "sk-ant-api03-" + "Zz09_-" * 10,
    "openai key": "sk-proj-" + "abcDEF123456" * 3,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    "google key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "npm token": "npm_" + "abcdefghij" * 4,
    "sendgrid": "SG." + "a" * 22 + "." + "b" * 43,
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq1w2e3\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_go_wherever_they_stand(name: str) -> None:
    secret = SECRETS[name]
    for text in (secret, f"use {secret} here", f'KEY="{secret}"', f"export X={secret}\nnext", f"({secret})"):
        hidden = redact(text)
        assert secret not in hidden, text
        assert secret[10:-4] not in hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.doe+x@mail.example.org now", "write to [MAIL] now"),
        ("in /home/jodoe/app/x.py", "in ~/app/x.py"),
        ("in /Users/jodoe/app", "in ~/app"),
        (r"in C:\Users\jodoe\app", r"in ~\app"),
        ("projects/-Users-jodoe-app/x", "projects/-~-app/x"),
        ("get https://git.example.com/a/b?x=1", "get https://[HOST]/a/b?x=1"),
        ("git@git.example.com:a/b.git", "git@[HOST]:a/b.git"),
        ("ssh 10.1.2.3 -p 22", "ssh [HOST] -p 22"),
        ("ping db1.prod.internal", "ping [HOST]"),
        ("password = 'correct horse'", "password = [SECRET]"),
        ("DB_PASSWORD=hunter22x", "DB_PASSWORD=[SECRET]"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [SECRET]"),
        ("postgres://bob:s3cr3t@db/x", "postgres://[HOST]/x"),
        ("x eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJSM_eKKF2QT y", "x [SECRET] y"),
        ("deploy --password hunter22x --dry-run", "deploy --password [SECRET] --dry-run"),
        ("login --token 'abc def1'", "login --token [SECRET]"),
        ("mysql -u root -phunter22 app", "mysql -u root -p[SECRET] app"),
        ("the password is hunter22x, ok?", "the password is [SECRET] ok?"),
        ("ping fe80::1ff:fe23:4567:890a", "ping [HOST]"),
        ("ping 2001:db8:0:0:8a2e:370:7334:1", "ping [HOST]"),
    ],
)
def test_private_things_become_placeholders(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Refactor the tokenizer so that tokens are 3 bytes",
        "the password field is empty",
        "token: str = None",
        "api_key = os.environ['API_KEY']",
        "version 1.2.3 of the app, see docs/home/index.md",
        "a @decorator and x@y",
        "deux mots, 二つの言葉, дв",
        "def test_secret_santa(): return 5",
        "SELECT * FROM users WHERE id = 4",
        "docker login --password-stdin, or --token $TOKEN, or --password <password>",
        "the password is required and was wrong twice",
        "at 12:30:45 std::vec::Vec and 00:1b:44:11:3a:b7 and a::b::c",
        "eyJ is how base64 of a brace begins",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact(" ".join(SECRETS.values()) + " jo@example.org /home/jo/x https://example.org/y")
    assert redact(once) == once


PIECES = [
    *SECRETS.values(),
    *(
        "jo@example.org",
        "https://u:pw1@git.example.com/x",
        "/home/jo/a",
        "/Users/jo",
        "C:\\Users\\jo\\x",
        "-home-jo-app",
    ),
    *("10.1.2.3", "db.internal", "git@host.org:a/b", "password=", "token: ", "api_key => '", "Bearer ", "aws ", "Key"),
    *(
        *("fe80::1", "2001:db8", ":1:2", "--password ", "mysql -p", "password is ", "passwd", "to ", "1a"),
        "sk-",
        "eyJ",
        "://",
        "@",
        ".",
        "/",
        "=",
        ":",
        "-",
        "_",
        "'",
        '"',
        " ",
        "\n",
        "\t",
        "a",
        "Z9",
        "0123456789",
        "\x00",
    ),
    *("abcdefghijklmnop", "\u212aey", "\u017fecret", "\u00a0", "\u0661\u0662\u0663", "\ud800", "é", "字", "[SECRET]"),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_hints_leave_no_rule_out_that_would_have_found_something(text: str) -> None:
    every_rule = text
    for rule in _RULES:
        every_rule = rule.apply(every_rule)
    assert redact(text) == every_rule


def test_every_detector_of_the_library_is_used_or_left_out_on_purpose() -> None:
    left_out = {
        *("ArtifactoryDetector", "BasicAuthDetector", "CloudantDetector", "IPPublicDetector", "IbmCloudIamDetector"),
        *("IbmCosHmacDetector", "JwtTokenDetector", "PrivateKeyDetector", "SoftlayerDetector"),
    }
    used = {(vendor.module, vendor.detector) for vendor in _VENDORS}
    assert used == {(module, detector) for module, detector in detectors() if detector not in left_out}


def detectors() -> Iterator[tuple[str, str]]:
    """Module and class of every detector of detect-secrets that is a list of patterns."""
    for module in pkgutil.iter_modules(plugins.__path__):
        for name, kind in vars(importlib.import_module(f"{plugins.__name__}.{module.name}")).items():
            if isinstance(kind, type) and issubclass(kind, RegexBasedDetector) and kind is not RegexBasedDetector:
                yield module.name, name


def test_requests_is_not_loaded_for_a_secret_nor_lost_for_others() -> None:
    script = (
        "import sys; from sessions_pipeline.sessions.redaction import redact; "
        f"print(redact({SECRETS['gitlab token']!r}), 'requests' in sys.modules); import requests; print(requests.get)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[SECRET] False\n<function get ")
