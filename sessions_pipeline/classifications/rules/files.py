"""What kind of thing a file is, by its path: what is edited says what the work is."""

from __future__ import annotations

import re
from functools import lru_cache


def _endings(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_CODE = _endings(
    """
    py pyi js jsx ts tsx mjs cjs java kt kts scala go rs c h cc cpp hpp cs fs vb php rb swift m mm dart lua pl
    pm r jl hs ml ex exs erl clj cljs elm nim zig sol vue svelte astro html htm css scss sass less styl sh bash
    zsh fish ps1 psm1 bat cmd gradle groovy proto graphql gql sql asm s v sv vhd vhdl glsl hlsl wgsl cu xaml qml
    ino xml json"""
)
_PROSE = _endings("md mdx rst txt adoc tex org typ")
_OFFICE = _endings("doc docx ppt pptx xls xlsx odt odp ods pdf key pages numbers rtf pub vsdx")
_DATA = _endings("csv tsv parquet ipynb rmd qmd feather arrow h5 hdf5 npy npz mat sav dta rds rdata zarr")
_SETTINGS = _endings("yml yaml toml ini cfg conf env properties lock")

_INFRA_FILE = re.compile(
    r"""(?:^|/)(?:
      dockerfile[^/]* | docker-compose[^/]* | compose\.ya?ml | containerfile | makefile | justfile | procfile
    | jenkinsfile | vagrantfile | package(?:-lock)?\.json | pnpm-lock\.yaml | yarn\.lock | requirements[^/]*\.txt
    | pyproject\.toml | poetry\.lock | cargo\.(?:toml|lock) | go\.(?:mod|sum) | gemfile(?:\.lock)? | \.env[^/]*
    | \.gitignore | \.npmrc | \.nvmrc | tsconfig[^/]*\.json | vercel\.json | netlify\.toml | fly\.toml | render\.yaml
    | wrangler\.(?:toml|jsonc?) | nginx[^/]* | [^/]*\.(?:tf|tfvars|hcl|service|timer|conf|nix|plist|desktop)
    | settings(?:\.local)?\.json | \.(?:bash|zsh)rc | \.ssh/config | \.gitconfig
    )$
    | (?:^|/)(?:\.github|\.gitlab[^/]*|\.circleci|k8s|kubernetes|helm|charts|ansible|terraform|etc|deploy|\.config)/""",
    re.VERBOSE,
)
_PROMPT_FILE = re.compile(
    r"""(?:^|/)(?:
      claude(?:\.local)?\.md | agents\.md | gemini\.md | skill\.md | \.cursorrules | copilot-instructions\.md
    | [^/]*prompt[^/]*\.(?:md|txt|ya?ml|json|j2|jinja2?|py|ts)
    )$
    | (?:^|/)(?:\.claude/(?:agents|commands|skills|hooks|rules|output-styles)|\.cursor/rules|prompts?|evals?|skills
      |agents|subagents)/""",
    re.VERBOSE,
)
_PLAN_FILE = re.compile(
    r"""(?:^|/)[^/]*(?:plan|roadmap|rfc|adr|spec|specification|proposal|architecture|requirements|prd|milestones|backlog
      |design)[^/]*\.(?:md|mdx|rst|txt|adoc|org)$
    | (?:^|/)(?:plans?|specs?|adrs?|rfcs?|\.planning)/[^/]+\.(?:md|txt)$""",
    re.VERBOSE,
)
_TEST_FILE = re.compile(
    r"""(?:^|/)(?:tests?|__tests__|e2e|specs?|cypress|playwright|testing|testdata|fixtures)/
    | (?:^|/)(?:test_[^/]*|[^/]*[._-](?:test|tests|spec|e2e))\.\w+$
    | (?:^|/)[^/]*(?:Tests?|Spec)\.(?:java|kt|cs|swift|php)$""",
    re.VERBOSE,
)


@lru_cache(maxsize=20_000)
def file_kind(path: str) -> str:
    """What a change of the file at `path` is: `edit_` and code, test, prose, plan, prompt, infra, data or office."""
    path = path.replace("\\", "/").strip("\"' ")
    lowered = path.lower()
    name = lowered.rsplit("/", 1)[-1]
    ending = name.rsplit(".", 1)[-1] if "." in name else ""
    if _PROMPT_FILE.search(lowered):
        return "edit_prompt"
    if ending in _OFFICE:
        return "edit_office"
    if ending in _DATA:
        return "edit_data"
    if ending in _PROSE and _PLAN_FILE.search(lowered):
        return "edit_plan"
    if _INFRA_FILE.search(lowered):
        return "edit_infra"
    if ending in _CODE:
        return "edit_test" if _TEST_FILE.search(path) else "edit_code"
    if ending in _PROSE:
        return "edit_prose"
    return "edit_infra" if ending in _SETTINGS else "edit_code"
