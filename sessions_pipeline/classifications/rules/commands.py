"""What kind of thing a shell command does, by its first words."""

from __future__ import annotations

import re
from functools import lru_cache

from sessions_pipeline.classifications.rules.files import file_kind

# Kind -> commands, separated by commas; of several matches the longest decides.
COMMANDS: dict[str, str] = {
    "git_look": """
        git status, git log, git diff, git show, git blame, git branch, git remote, git rev-parse, git ls-files,
        git stash list, git describe, git reflog, git shortlog, git config, git fetch""",
    "git_commit": """
        git commit, git merge, git revert, git cherry-pick, git tag, git am, git rebase, git push, git pull""",
    "git_move": """
        git checkout, git switch, git worktree, git stash, git reset, git init, git restore, git submodule,
        gh auth, gh repo, git add, git mv, git rm, git clean, git clone""",
    "pull_request": """
        gh pr create, gh pr merge, glab mr create, hub pull-request, gh pr edit, gh pr ready, gh release""",
    "review": """
        gh pr view, gh pr diff, gh pr list, gh pr checkout, gh pr checks, gh pr review, gh pr comment, gh issue,
        gh api, gh search, glab mr""",
    "deploy": """
        docker, docker-compose, podman, kubectl, helm, terraform, tofu, pulumi, ansible, ansible-playbook, aws,
        gcloud, az, vercel, netlify, fly, flyctl, heroku, wrangler, firebase, railway, supabase, serverless, sam,
        cdk, doctl, gh run, gh workflow, gh secret, nginx, certbot, pm2, npm publish, twine, cargo publish,
        goreleaser, rsync, scp, eas""",
    "install": """
        npm install, npm i, npm ci, npm uninstall, npm update, yarn add, yarn install, yarn, pnpm add,
        pnpm install, pnpm i, bun add, bun install, pip install, pip3 install, pip, pip3, pipx, uv add, uv sync,
        uv pip, uv venv, poetry add, poetry install, conda, mamba, apt, apt-get, brew, winget, choco, scoop, dnf,
        yum, pacman, yay, paru, snap, flatpak, cargo add, cargo install, go get, go mod, go install, gem,
        bundle install, composer, rustup, nvm, pyenv, asdf, mise install, npx create, dotnet add, install-module""",
    "system_change": """
        systemctl, service, launchctl, crontab, sudo, chmod, chown, umount, useradd, usermod, passwd, ufw,
        iptables, kill, pkill, killall, reboot, shutdown, nmcli, netplan, modprobe, reg, regedit,
        set-itemproperty, new-itemproperty, start-process, stop-process, restart-service, set-service, ssh-keygen,
        ssh-add, defaults, dconf, gsettings, xdg-mime, setx, add-mppreference,
        set-executionpolicy, new-service""",
    "look_system": """
        ps, top, htop, df, du, free, uptime, uname, lscpu, lsblk, lspci, lsusb, ip, ifconfig, ping, traceroute,
        dig, nslookup, netstat, ss, lsof, journalctl, dmesg, who, whoami, hostname, env, printenv, which, where,
        whereis, command, date, id, groups, ssh, wg, iwconfig, nvidia-smi, sensors, get-process, get-service,
        get-ciminstance, get-wmiobject, get-winevent, get-eventlog, get-netadapter, test-netconnection,
        systeminfo, wmic, tasklist, pgrep, get-command, getent, locale, arp, route, resolvectl, timedatectl,
        loginctl, hostnamectl, get-itemproperty, screen, tmux, systemctl status, systemctl is-active,
        systemctl is-enabled, systemctl list-units, systemctl show, systemctl cat, systemctl --user,
        service --status-all, ufw status, crontab -l, launchctl list, docker ps, docker logs, docker images,
        docker inspect, docker stats, kubectl get, kubectl describe, kubectl logs, npm ls, npm list, npm view,
        npm outdated, pip list, pip show, pip freeze, brew list, brew info, apt list, apt show, apt-cache,
        conda list, gem list, nmcli device, aws sts, gcloud config, sc query, sc qc, winget search, winget list,
        choco list, gh auth status, docker --version, node --version, python --version, python3 --version""",
    "service_check": "curl, wget, http, httpie, invoke-webrequest, invoke-restmethod, grpcurl",
    "look_shell": """
        ls, cat, head, tail, less, more, grep, rg, ag, egrep, find, fd, tree, wc, stat, file, awk, sed, sort,
        uniq, cut, diff, pwd, cd, echo, printf, realpath, readlink, basename, dirname, tr, xargs, test, [, true,
        sleep, for, if, while, do, then, else, done, fi, get-content, get-childitem, get-item, select-string,
        test-path, write-output, write-host, dir, foreach, unset, read, strings, xxd, od, hexdump, md5sum,
        sha256sum, bat, column, nl, seq, timeout, wait, jobs, where-object, select-object, sort-object,
        foreach-object, measure-object, format-table, format-list, get-location, set-location, resolve-path,
        join-path, split-path""",
    "edit_shell": """
        mkdir, cp, mv, rm, touch, rmdir, unzip, zip, tar, gzip, gunzip, new-item, copy-item, move-item,
        remove-item, rename-item, patch, dd, ffmpeg, pandoc, set-content, add-content, out-file, tee""",
    "run_data": """
        duckdb, psql, mysql, sqlite3, mongosh, mongo, bq, snowsql, clickhouse, clickhouse-client, rscript, r,
        jupyter, csvstat, csvcut, csvsql, xsv, mlr, jq, julia, dbt, spark-submit, stata, octave, matlab,
        redis-cli, sqlcmd, papermill""",
    "run_check": """
        npm run build, npm run lint, npm run typecheck, npm run type-check, npm run check, npm run format,
        yarn build, yarn lint, pnpm build, pnpm lint, pnpm run, bun run, tsc, npx tsc, eslint, npx eslint,
        prettier, npx prettier, ruff, mypy, pyright, black, flake8, pylint, cargo build, cargo check,
        cargo clippy, cargo fmt, go build, go vet, gofmt, golangci-lint, make, cmake, ninja, gcc, g++, clang,
        javac, mvn, gradle, ./gradlew, gradlew, dotnet build, dotnet, swift build, swiftc, xcodebuild, webpack,
        vite, rollup, esbuild, shellcheck, hadolint, yamllint, markdownlint, rubocop, cabal, zig, bazel, buck,
        just, task, mise run, mise, turbo, nx, expo, flutter, dart, pre-commit, npm run, yarn run, next build""",
    "run_program": """
        python, python3, node, deno, ruby, php, perl, go run, cargo run, java, bash, sh, zsh, npm start,
        npm run dev, npm run start, yarn start, yarn dev, pnpm dev, bun, uv run, poetry run, flask, uvicorn,
        gunicorn, django-admin, rails, streamlit, npx, ts-node, tsx, pwsh, powershell, powershell.exe, ./, open,
        xdg-open, start, invoke-expression, adb""",
    "run_tests": """
        pytest, py.test, npm test, npm t, npm run test, yarn test, pnpm test, bun test, jest, vitest, mocha,
        npx jest, npx vitest, npx playwright, playwright, cypress, npx cypress, cargo test, cargo nextest,
        go test, tox, nox, rspec, phpunit, ctest, mvn test, gradle test, ./gradlew test, dotnet test, swift test,
        mix test, rake test, rails test, deno test, make test, make check, unittest, python -m pytest,
        python3 -m pytest, python -m unittest, python3 -m unittest, uv run pytest, poetry run pytest,
        flutter test, node --test, bats, mise run test, just test, behave, locust, k6, hypothesis""",
}

_KIND = {" ".join(command.split()): kind for kind, listed in COMMANDS.items() for command in listed.split(",")}

# Of a compound command the most telling part counts: the first of these that occurs in it.
_TELLING = (
    "pull_request",
    "git_commit",
    "deploy",
    "run_tests",
    "install",
    "system_change",
    "review",
    "run_check",
    "run_data",
    "git_move",
    "run_program",
    "service_check",
    "edit_shell",
    "git_look",
    "look_system",
    "look_shell",
    "unknown",
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_SEPARATOR = re.compile(r"\s*(?:&&|\|\||;|\||\n|\$\()\s*")
_HEREDOC = re.compile(r"<<-?\s*['\"]?\w+")
_REDIRECT = re.compile(r"(?<![0-9&>-])>{1,2}\s*([^\s&|;<>'\"$]+\.\w{1,8})\b")
_ASSIGNMENT = re.compile(r"^(?:\$?\w+\s?=\s?\S*\s+)+(?=\S)")
_WRAPPER = re.compile(r"^(?:sudo|time|timeout|env|nohup|exec|nice|xvfb-run|&)\s+(?:-\S+\s+)*(?:\d+\w?\s+)?")
_IN_PLACE = re.compile(r"\bsed\s+(?:-\w+\s+)*-i|\bperl\s+-\w*i|\bgit apply\b")
_CMDLET = re.compile(
    r"\b(?:get|set|new|remove|copy|move|start|stop|restart|invoke|install|out|add|test|select)-[a-z]+\b"
)
_DATA_CODE = re.compile(
    r"\b(?:pandas|polars|numpy|scipy|matplotlib|seaborn|plotly|sklearn|statsmodels|read_csv|read_parquet|ggplot|dplyr"
    r"|tidyverse|zarr|xarray|anndata|scanpy|torch)\b"
)
_OFFICE_CODE = re.compile(
    r"\b(?:python-docx|docx|pptx|openpyxl|powerpoint|word\.application|excel\.application)\b", re.I
)
_TEST_RUNNER = re.compile(r"\b(?:pytest|unittest|jest|vitest)\b")


@lru_cache(maxsize=20_000)
def command_kind(command: str) -> str:
    """Kind of a shell command: a key of COMMANDS, an edit of a kind of file (written by redirection), or `unknown`."""
    written = _REDIRECT.search(command)
    if written and (_HEREDOC.search(command) or command.lstrip().startswith(("echo", "printf"))):
        return file_kind(written.group(1))
    if _IN_PLACE.search(command):
        return "edit_code"
    bare = _QUOTED.sub("''", _HEREDOC.split(command, maxsplit=1)[0])
    kinds = {_simple_kind(part) for part in _SEPARATOR.split(bare)[:12]}
    if kinds <= {"", "unknown"}:
        kinds = {_KIND.get(cmdlet, "unknown") for cmdlet in _CMDLET.findall(command.lower())[:12]}
    best = next((kind for kind in _TELLING if kind in kinds), "unknown")
    if best in ("run_program", "look_shell", "unknown"):
        if _OFFICE_CODE.search(command):
            return "run_office"
        if _DATA_CODE.search(command):
            return "run_data"
    return best


def _simple_kind(part: str) -> str:
    """Kind of one command without pipes; empty if there is none."""
    part = _ASSIGNMENT.sub("", part.strip().lower())
    words = _WRAPPER.sub("", part).split()[:6]
    if not words:
        return ""
    words[0] = words[0].strip("'\"(&")
    if not words[0].startswith("./"):
        words[0] = words[0].rsplit("/", 1)[-1]
    if words[0] == "git" and len(words) > 3 and words[1].lower() == "-c":
        words = [words[0], *words[3:]]
    kind = next((_KIND[start] for n in (3, 2, 1) if (start := " ".join(words[:n])) in _KIND), "unknown")
    if kind in ("run_program", "unknown") and words[0].startswith("./"):
        kind = "run_program"
    if kind == "run_program" and _TEST_RUNNER.search(part):
        return "run_tests"
    if part.startswith("sudo ") and kind in ("look_shell", "edit_shell", "run_program", "look_system", "unknown"):
        return "system_change"
    return kind
