"""What a programming environment shows to an agent: code, commands, and what they print.

Output follows the form of the real programs, because a reader of logs recognises test runs and commits by it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Runner:
    """A test runner. commands: shell commands ({file}: a test file). passed and failed: its output.

    Slots: {n} tests that pass, {f} tests that fail, {total} both, {secs} seconds, {name} of a failing test.
    tells: the output of a failed run holds `N failed`, so that a failure shows even where a pipe hides the exit code.
    """

    commands: tuple[str, ...]
    passed: str
    failed: str
    tells: bool = False


@dataclass(frozen=True)
class Command:
    """A shell command and what it prints when it works and when it doesn't."""

    line: str
    works: str
    fails: str


@dataclass(frozen=True)
class Toolchain:
    """One language. blocks: pieces of code with slots {fn}, {Fn}, {thing}, {field}, {other}, {k}."""

    key: str
    suffix: str
    runners: tuple[Runner, ...]
    commands: tuple[Command, ...]
    setups: tuple[Command, ...]
    errors: tuple[str, ...]
    blocks: tuple[str, ...]


def _blocks(text: str) -> tuple[str, ...]:
    return tuple(text.strip("\n").split("\n---\n"))


PYTEST = Runner(
    (
        "pytest -q",
        "python -m pytest tests -q",
        "pytest {file} -x -q",
        "source .venv/bin/activate && pytest -q {file}",
        "uv run pytest -q",
    ),
    "{dots} [100%]\n{n} passed in {secs}s",
    "{dots}F [100%]\n=================================== FAILURES ===================================\n"
    "________________________________ {name} ________________________________\n"
    "E       AssertionError: assert {k} == {total}\n"
    "=========================== short test summary info ============================\n"
    "FAILED {file}::{name} - AssertionError: assert {k} == {total}\n{f} failed, {n} passed in {secs}s",
    tells=True,
)
UNITTEST = Runner(
    ("python -m unittest discover -s tests", "python3 -m unittest -q"),
    "{dots}\n----------------------------------------------------------------------\nRan {n} tests in {secs}s\n\nOK",
    "{dots}F\n======================================================================\nFAIL: {name}\n"
    "----------------------------------------------------------------------\nAssertionError: {k} != {total}\n\n"
    "Ran {total} tests in {secs}s\n\nFAILED (failures={f})",
)
VITEST = Runner(
    ("npx vitest run", "pnpm vitest run {file}", "npm test -- --run", "pnpm test"),
    " ✓ {file} ({n} tests) {k}ms\n\n Test Files  2 passed (2)\n      Tests  {n} passed ({n})\n   Duration  {secs}s",
    " ❯ {file} ({total} tests | {f} failed) {k}ms\n   × {name}\n     → expected {k} to be {total}\n\n"
    " Test Files  1 failed | 1 passed (2)\n      Tests  {f} failed | {n} passed ({total})\n   Duration  {secs}s",
    tells=True,
)
JEST = Runner(
    ("npx jest", "yarn test", "npm test", "npx jest {file} --silent", "bun test"),
    "PASS {file}\n\nTest Suites: 2 passed, 2 total\nTests:       {n} passed, {n} total\nTime:        {secs} s",
    "FAIL {file}\n  ● {name}\n\n    Expected: {total}\n    Received: {k}\n\n"
    "Test Suites: 1 failed, 1 passed, 2 total\nTests:       {f} failed, {n} passed, {total} total\n"
    "Time:        {secs} s",
    tells=True,
)
GO_TEST = Runner(
    ("go test ./...", "go test -race ./internal/...", "go test ./... -run {name} -count=1"),
    "ok  \texample.org/svc/internal/queue\t{secs}s\nok  \texample.org/svc/internal/worker\t0.{k}s",
    "--- FAIL: {name} (0.0{f}s)\n    lease_test.go:{k}: got {k}, want {total}\nFAIL\n"
    "FAIL\texample.org/svc/internal/queue\t{secs}s\nFAIL",
)
CARGO = Runner(
    ("cargo test", "cargo test --quiet", "cargo test {name} -- --nocapture"),
    "running {n} tests\n{dots}\ntest result: ok. {n} passed; 0 failed; 0 ignored; 0 measured; finished in {secs}s",
    "running {total} tests\ntest {name} ... FAILED\n\nfailures:\n    {name}\n\n"
    "test result: FAILED. {n} passed; {f} failed; 0 ignored; 0 measured; finished in {secs}s",
    tells=True,
)
TESTTHAT = Runner(
    ("Rscript -e 'testthat::test_dir(\"tests\")'", "Rscript -e 'devtools::test()'"),
    "✔ | F W  S  OK | Context\n✔ |         {n} | import\n══ Results ══\n[ FAIL 0 | WARN 0 | SKIP 0 | PASS {n} ]",
    "✖ | {f}       {n} | import\nFailure: {name}\n`value` not equal to {total}.\n══ Results ══\n"
    "[ FAIL {f} | WARN 0 | SKIP 0 | PASS {n} ]\nError: Test failures",
)
OTHER_RUNNERS = (
    Runner(
        ("bundle exec rspec",),
        "{dots}\n\nFinished in {secs} seconds\n{n} examples, 0 failures",
        "{dots}F\n\nFailures:\n\n  1) {name}\n     expected: {total}\n          got: {k}\n\n"
        "{total} examples, {f} failures",
    ),
    Runner(
        ("vendor/bin/phpunit",),
        "PHPUnit 11.5.2\n\n{dots}  {n} / {n} (100%)\n\nOK ({n} tests, {total} assertions)",
        "PHPUnit 11.5.2\n\nThere was 1 failure:\n\n1) {name}\n\nFAILURES!\nTests: {total}, Assertions: {total}, "
        "Failures: {f}.",
    ),
    Runner(
        ("mvn -q test", "./gradlew test"),
        "[INFO] Tests run: {n}, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS",
        "[ERROR] Tests run: {total}, Failures: {f}, Errors: 0, Skipped: 0\n[ERROR]   {name}\n[INFO] BUILD FAILURE",
    ),
    Runner(
        ("dotnet test",),
        "Passed!  - Failed:     0, Passed:    {n}, Skipped:     0, Total:    {n}, Duration: {k} ms",
        "  Failed {name} [{k} ms]\nFailed!  - Failed:     {f}, Passed:    {n}, Skipped:     0, Total:    {total}",
    ),
    Runner(
        ("ctest --test-dir build",),
        "100% tests passed, 0 tests failed out of {n}\n\nTotal Test time (real) =   {secs} sec",
        "The following tests FAILED:\n\t  3 - {name} (Failed)\nErrors while running CTest",
    ),
    Runner(
        ("make test",),
        "python -m pytest -q\n{dots} [100%]\n{n} passed in {secs}s",
        "python -m pytest -q\nFAILED tests/test_main.py::{name}\n{f} failed, {n} passed in {secs}s\n"
        "make: *** [test] Error 1",
        tells=True,
    ),
)

PYTHON = Toolchain(
    key="python",
    suffix=".py",
    runners=(PYTEST, PYTEST, PYTEST, UNITTEST),
    commands=(
        Command("ruff check .", "All checks passed!", "Found 3 errors.\n[*] 2 fixable with the `--fix` option."),
        Command(
            "python -m {module} --dry-run",
            "read {k} rows, wrote 0 (dry run)\ndone in {secs}s",
            "Traceback (most recent call last):\n  File \"{file}\", line {k}, in <module>\nKeyError: '{field}'",
        ),
        Command(
            "python scripts/check_totals.py",
            "{k} {thing} checked, 0 differences",
            "{k} {thing} checked, 4 differences\nfirst: row 17, expected 412.07, found 0.00",
        ),
        Command(
            "mypy {file}", "Success: no issues found in 1 source file", '{file}:{k}: error: "None" has no "{field}"'
        ),
    ),
    setups=(
        Command(
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
            "Successfully installed packages-{k}",
            "ERROR: Could not find a version that satisfies the requirement pandas==9.9",
        ),
        Command(
            "pip install pytest pytest-cov",
            "Successfully installed pytest-8.3.4 pytest-cov-6.0.0",
            "error: externally-managed-environment",
        ),
        Command(
            "docker build -t app:{k} .",
            "[+] Building {secs}s (11/11) FINISHED\n => exporting to image",
            'ERROR: failed to solve: process "/bin/sh -c pip install ." did not complete successfully: exit code: 1',
        ),
    ),
    errors=(
        'Traceback (most recent call last):\n  File "{file}", line {k}, in {fn}\n    {field} = row["{field}"]\n'
        "KeyError: '{field}'",
        "File \"{file}\", line {k}, in {fn}\nTypeError: unsupported operand type(s) for +: 'float' and 'NoneType'",
        "File \"{file}\", line {k}, in {fn}\nValueError: time data '31.02.' does not match format '%d.%m.%Y'",
        "sqlite3.OperationalError: database is locked ({file}:{k})",
    ),
    blocks=_blocks('''
def {fn}({thing}):
    """{Fn} for all {thing}."""
    result = []
    for item in {thing}:
        if item.{field} is None:
            continue
        result.append(item.{field} * {k})
    return result
---
def {fn}(rows, *, {field}=None):
    seen = set()
    for row in rows:
        key = (row.id, row.{field})
        if key in seen:
            continue
        seen.add(key)
        yield row
---
@dataclass(frozen=True)
class {Fn}:
    id: str
    {field}: Decimal
    {other}: date | None = None

    def is_open(self) -> bool:
        return self.{other} is None
---
    with open(path, newline='', encoding='utf-8-sig') as handle:
        reader = csv.DictReader(handle, delimiter=';')
        for number, row in enumerate(reader, start=2):
            try:
                yield parse_{field}(row)
            except ValueError as problem:
                raise SystemExit(f'line {{number}}: {{problem}}') from problem
---
    if not {thing}:
        raise ValueError('no {thing} given')
    total = sum(x.{field} for x in {thing})
    logger.info('%d {thing}, total %s', len({thing}), total)
---
def {fn}(session, since):
    query = (
        select({Fn}Row)
        .where({Fn}Row.{field} >= since)
        .order_by({Fn}Row.{other})
    )
    return session.scalars(query).all()
---
def test_{fn}_keeps_{field}():
    given = [make({field}={k}), make({field}=0)]
    assert [x.{field} for x in {fn}(given)] == [{k}, 0]
---
def test_{fn}_refuses_empty_input():
    with pytest.raises(ValueError):
        {fn}([])
---
parser = argparse.ArgumentParser()
parser.add_argument('source', type=Path)
parser.add_argument('--{field}', type=int, default={k})
args = parser.parse_args()
'''),
)

TYPESCRIPT = Toolchain(
    key="typescript",
    suffix=".ts",
    runners=(VITEST, VITEST, JEST),
    commands=(
        Command(
            "npx tsc --noEmit", "", "{file}({k},7): error TS2339: Property '{field}' does not exist on type '{Fn}'."
        ),
        Command(
            "npm run build",
            "vite v6.1.0 building for production...\n✓ {k} modules transformed.\n✓ built in {secs}s",
            'error during build:\nRollupError: Could not resolve "./{fn}" from "{file}"',
        ),
        Command("npx eslint src --max-warnings 0", "", "{file}\n  {k}:5  error  '{field}' is assigned but never used"),
    ),
    setups=(
        Command(
            "npm ci", "added {k} packages in {secs}s", "npm error code ERESOLVE\nnpm error ERESOLVE could not resolve"
        ),
        Command(
            "npx vercel deploy --prebuilt",
            "Preview: https://preview-{k}.example.org [{secs}s]",
            "Error: No Output Directory",
        ),
        Command("npx playwright install chromium", "Chromium 131 downloaded", "Error: ENOSPC: no space left on device"),
    ),
    errors=(
        "TypeError: Cannot read properties of undefined (reading '{field}')\n    at {fn} ({file}:{k}:14)",
        "Uncaught Error: Minified React error #185\n    at {fn} ({file}:{k}:9)",
        'Warning: Text content did not match. Server: "{k}" Client: "0"\n    at {Fn} ({file}:{k})',
    ),
    blocks=_blocks("""
export function {fn}({thing}: {Fn}[]): {Fn}[] {{
  return {thing}
    .filter((item) => item.{field} !== null)
    .sort((a, b) => a.{other} - b.{other});
}}
---
export function use{Fn}(id: string) {{
  const [{field}, set{Fn}] = useState<number | null>(null);
  useEffect(() => {{
    const controller = new AbortController();
    load(id, controller.signal).then(set{Fn}).catch(ignoreAbort);
    return () => controller.abort();
  }}, [id]);
  return {field};
}}
---
type {Fn} = {{
  id: string;
  {field}: number;
  {other}?: string;
}};
---
  if ({field} === undefined) {{
    throw new Error(`{fn}: {field} is missing for ${{id}}`);
  }}
---
      <button type="button" aria-pressed={{{field}}} onClick={{() => {fn}(id)}}>
        {{{field} ? 'On' : 'Off'}}
      </button>
---
describe('{fn}', () => {{
  it('keeps {thing} with a {field} of zero', () => {{
    expect({fn}([make({{ {field}: 0 }})])).toHaveLength(1);
  }});
}});
---
  const {field}Label = new Intl.NumberFormat(locale, {{
    maximumFractionDigits: {k} % 4,
  }}).format({field});
---
.{fn} {{
  max-width: {k}ch;
  margin-inline: auto;
  color: var(--ink);
}}
"""),
)

GO = Toolchain(
    key="go",
    suffix=".go",
    runners=(GO_TEST,),
    commands=(
        Command("go vet ./...", "", "{file}:{k}:2: result of fmt.Errorf call not used"),
        Command("go build ./...", "", "{file}:{k}:14: undefined: {fn}"),
        Command("golangci-lint run", "0 issues.", "{file}:{k}:9: ineffectual assignment to {field} (ineffassign)"),
    ),
    setups=(
        Command(
            "docker compose up -d",
            " Container svc-db-1  Started\n Container svc-relay-1  Started",
            "port is already allocated",
        ),
        Command(
            "kubectl rollout status deploy/relay",
            'deployment "relay" successfully rolled out',
            "error: timed out waiting",
        ),
        Command("go mod tidy", "", "go: module lookup disabled by GOFLAGS=-mod=vendor"),
    ),
    errors=(
        "panic: send on closed channel\n\ngoroutine {k} [running]:\nmain.{fn}(...)\n\t{file}:{k}",
        "WARNING: DATA RACE\nWrite at 0x00c0000 by goroutine {k}:\n  {fn}()\n      {file}:{k}",
        "context deadline exceeded ({fn}, {file}:{k})",
    ),
    blocks=_blocks("""
func (s *Store) {Fn}(ctx context.Context, id string) error {{
\tres, err := s.db.ExecContext(ctx, {field}Query, id)
\tif err != nil {{
\t\treturn fmt.Errorf("{fn} %s: %w", id, err)
\t}}
\treturn mustAffectOne(res)
}}
---
\tselect {{
\tcase <-ctx.Done():
\t\treturn ctx.Err()
\tcase job, ok := <-w.{thing}:
\t\tif !ok {{
\t\t\treturn nil
\t\t}}
\t\tw.{fn}(ctx, job)
\t}}
---
type {Fn} struct {{
\tID    string
\t{field} int64
\tUntil time.Time
}}
---
\ttimer := time.NewTimer({k} * time.Millisecond)
\tdefer timer.Stop()
\tfor {{
\t\ttimer.Reset(backoff.Next())
\t}}
---
func Test{Fn}(t *testing.T) {{
\ts := newStore(t)
\tif got := s.{Fn}(ctx); got != {k} {{
\t\tt.Fatalf("{field}: got %d, want {k}", got)
\t}}
}}
---
\tdefer func() {{
\t\tw.mu.Lock()
\t\tdelete(w.{thing}, id)
\t\tw.mu.Unlock()
\t}}()
"""),
)

RUST = Toolchain(
    key="rust",
    suffix=".rs",
    runners=(CARGO,),
    commands=(
        Command(
            "cargo clippy -- -D warnings",
            "    Finished `dev` profile in {secs}s",
            "error: redundant clone\n  --> {file}:{k}:9",
        ),
        Command(
            "cargo build --release",
            "   Compiling foldsync v0.4.1\n    Finished `release` profile in {secs}s",
            "error[E0502]: cannot borrow `{thing}` as mutable\n  --> {file}:{k}:13",
        ),
        Command(
            "cargo run -- --dry-run ./fixtures",
            "{k} {thing}, 0 changed",
            "Error: Os {{ code: 1, kind: PermissionDenied }}",
        ),
    ),
    setups=(
        Command(
            "rustup target add x86_64-unknown-linux-musl",
            "info: installing component rust-std",
            "error: toolchain not found",
        ),
        Command(
            "cargo publish --dry-run",
            "   Packaging foldsync v0.4.1\n   Uploading skipped",
            "error: crate version already uploaded",
        ),
    ),
    errors=(
        "thread 'main' panicked at {file}:{k}:22:\ncalled `Result::unwrap()` on an `Err` value: InvalidUnicode",
        "error[E0382]: use of moved value: `{field}`\n  --> {file}:{k}:17",
    ),
    blocks=_blocks("""
pub fn {fn}({thing}: &[Entry]) -> io::Result<Vec<Entry>> {{
    let mut out = Vec::with_capacity({thing}.len());
    for entry in {thing} {{
        if entry.{field} == 0 {{
            continue;
        }}
        out.push(entry.clone());
    }}
    Ok(out)
}}
---
#[derive(Debug, Clone, PartialEq)]
pub struct {Fn} {{
    pub path: OsString,
    pub {field}: u64,
}}
---
    let tmp = target.with_extension("part{k}");
    let mut file = File::create(&tmp)?;
    io::copy(&mut reader, &mut file)?;
    file.sync_all()?;
    fs::rename(&tmp, target)?;
---
    match fs::symlink_metadata(&path) {{
        Ok(meta) => {fn}(&meta, &mut {thing}),
        Err(e) if e.kind() == NotFound => continue,
        Err(e) => report(&path, e),
    }}
---
#[test]
fn {fn}_keeps_{field}() {{
    let given = vec![entry({k}), entry(0)];
    assert_eq!({fn}(&given).unwrap().len(), 1);
}}
---
impl fmt::Display for {Fn} {{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
        write!(f, "{{}} {field}", self.{field})
    }}
}}
"""),
)

TERRAFORM = Toolchain(
    key="terraform",
    suffix=".tf",
    runners=OTHER_RUNNERS[-1:],
    commands=(
        Command(
            "terraform validate",
            "Success! The configuration is valid.",
            "Error: Unsupported argument\n\n  on {file} line {k}",
        ),
        Command(
            "terraform plan -out=tf.plan",
            "Plan: 2 to add, 1 to change, 0 to destroy.",
            "Plan: 1 to add, 0 to change, 1 to destroy.\n# forces replacement",
        ),
        Command(
            "helm lint deploy",
            "1 chart(s) linted, 0 chart(s) failed",
            "[ERROR] values-staging.yaml: unable to parse YAML, line {k}",
        ),
        Command(
            "kubectl get pods -n staging",
            "NAME       READY   STATUS    RESTARTS\napi-{k}    1/1     Running   0",
            "api-{k}    0/1     CrashLoopBackOff   7",
        ),
    ),
    setups=(
        Command(
            "terraform apply tf.plan",
            "Apply complete! Resources: 2 added, 1 changed, 0 destroyed.",
            "Error: error acquiring the state lock",
        ),
        Command(
            "helm upgrade --install api ./deploy -n staging",
            "STATUS: deployed\nREVISION: {k}",
            "Error: UPGRADE FAILED: timed out waiting",
        ),
        Command(
            "gh run watch --exit-status",
            "✓ release · {k}\n✓ build in 1m12s\n✓ push in 24s",
            "X release · {k}\nX push in 9s (403 Forbidden)",
        ),
        Command(
            "docker push registry.example.org/api:{k}",
            "{k}: digest: sha256:9f2c size: 1784",
            "denied: permission_denied: write_package",
        ),
    ),
    errors=(
        "Error: creating resource: AccessDenied: not authorised to perform: s3:PutObject ({file}:{k})",
        "0/6 nodes are available: 6 node(s) had untolerated taint {{{field}: true}}.",
        "Error: Process completed with exit code 1. (step 'push image', 403 Forbidden)",
    ),
    blocks=_blocks("""
resource "aws_{fn}" "{field}" {{
  name = "${{var.env}}-{field}"
  tags = local.tags

  lifecycle {{
    ignore_changes = [labels]
  }}
}}
---
variable "{field}" {{
  type        = number
  description = "{Fn} of {thing}"
  default     = {k}
}}
---
  - name: {fn}
    run: |
      make image TAG=${{{{ github.sha }}}}
    env:
      {field}: {k}
---
resources:
  requests:
    cpu: {k}m
    memory: 256Mi
  limits:
    memory: 512Mi
---
module "{fn}" {{
  source   = "../../modules/{fn}"
  for_each = toset(var.{thing})
  {field}  = {k}
}}
---
output "{field}" {{
  value     = module.{fn}[*].{field}
  sensitive = true
}}
"""),
)

SQL = Toolchain(
    key="sql",
    suffix=".sql",
    runners=(PYTEST,),
    commands=(
        Command(
            "dbt build --select {stem}+",
            "Done. PASS={k} WARN=0 ERROR=0 SKIP=0 TOTAL={k}",
            "Compilation Error in model {stem}\n  column {field} does not exist",
        ),
        Command(
            "sqlfluff lint models", "All Finished!", "L:  {k} | P:   5 | AL01 | Implicit aliasing of table not allowed."
        ),
        Command(
            "duckdb dev.duckdb -c 'select count(*) from {stem}'",
            "┌──────────────┐\n│ {k}41207      │\n└──────────────┘",
            "Catalog Error: Table {stem} does not exist",
        ),
    ),
    setups=(
        Command("dbt deps", "Installed from version 1.3.{k}", "Runtime Error: Failed to resolve package"),
        Command(
            "dbt run --target staging", "Completed successfully", "Database Error: permission denied for schema marts"
        ),
    ),
    errors=(
        'Database Error in model {stem}: relation "{thing}" does not exist ({file}:{k})',
        "Failure in test unique_{stem}_{field}: Got {k} results, configured to fail if != 0",
    ),
    blocks=_blocks("""
{fn} as (
    select
        id,
        {field},
        row_number() over (partition by id order by {other} desc) as rn
    from {{{{ ref('stg_{thing}') }}}}
),
---
    where {field} >= date_trunc('month', current_date) - interval {k} day
      and {other} is not null
---
left join {thing} using (id)
group by all
having count(*) > {k}
---
    - name: {field}
      description: {Fn} per row
      data_tests:
        - not_null
        - unique
---
    sum({field}) filter (where {other} = 'open') as open_{field},
    count(distinct id) as {thing}
---
{{% macro {fn}(relation) %}}
    select distinct on (id) * from {{{{ relation }}}}
{{% endmacro %}}
"""),
)

R = Toolchain(
    key="r",
    suffix=".R",
    runners=(TESTTHAT,),
    commands=(
        Command(
            "Rscript analysis/run.R",
            "read {k} rows\nwrote figures/fig2.pdf",
            "Error in {fn}({thing}) : object '{field}' not found\nExecution halted",
        ),
        Command(
            "Rscript -e 'rmarkdown::render(\"analysis/report.Rmd\")'",
            "Output created: report.html",
            "Quitting from lines {k}-{k}\nError: replacement has 0 rows",
        ),
    ),
    setups=(
        Command("Rscript -e 'renv::restore()'", "* Packages restored: {k}", "Error: package 'DESeq2' is not available"),
        Command("quarto render", "Output created: _site/index.html", "ERROR: Pandoc not found"),
    ),
    errors=(
        "Error in {fn}({thing}): object '{field}' not found ({file}, line {k})",
        "Error in data.frame(...) : arguments imply differing number of rows: {k}, 0",
    ),
    blocks=_blocks("""
{fn} <- function({thing}, {field} = {k}) {{
  kept <- {thing}[!is.na({thing}${field}), ]
  if (nrow(kept) == 0) stop("no {thing} left")
  kept[order(kept${other}), ]
}}
---
{thing} |>
  group_by({other}) |>
  summarise({field} = median({field}, na.rm = TRUE), n = n()) |>
  arrange(desc(n))
---
ggplot({thing}, aes({other}, {field})) +
  geom_point(alpha = 0.4) +
  geom_hline(yintercept = {k}, linetype = 2) +
  theme_minimal()
---
fit <- lm({field} ~ {other} + batch, data = {thing})
summary(fit)
---
test_that("{fn} keeps {field}", {{
  expect_equal(nrow({fn}(given)), {k})
}})
---
stopifnot(
  !anyDuplicated({thing}$id),
  all({thing}${field} >= 0)
)
"""),
)

TOOLCHAINS = {chain.key: chain for chain in (PYTHON, TYPESCRIPT, GO, RUST, TERRAFORM, SQL, R)}

# Configuration around a program, whatever its language
OPERATION_FILES = (
    "Dockerfile", "docker-compose.yml", ".github/workflows/ci.yml", "scripts/deploy.sh", "deploy/service.env",
    "README.md",
)  # fmt: skip
OPERATION_BLOCKS = _blocks("""
FROM base-image:3.{k}-slim
WORKDIR /srv
COPY . .
RUN ./scripts/build.sh --{field}
---
  {field}:
    image: registry.example.org/app:{k}
    restart: unless-stopped
    environment:
      {other}: ${{{{ secrets.TOKEN }}}}
---
    steps:
      - uses: actions/checkout@v4
      - run: ./scripts/build.sh
      - run: ./scripts/deploy.sh staging
---
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/build.sh
rsync -a --delete out/ host:/srv/{thing}/
systemctl restart {thing}.service
---
[Service]
ExecStart=/srv/{thing}/run --{field} {k}
Restart=on-failure
User=svc-{thing}
---
cron: '{k} 5 * * 1'
retention_days: {k}
{other}: warn
""")

FIELDS = (
    "amount", "status", "due_date", "region", "owner", "quantity", "price", "started", "level", "weight", "code",
    "rate", "label", "offset", "duration", "batch", "source", "limit", "score", "position",
)  # fmt: skip
VERBS = (
    "load", "merge", "collect", "validate", "group", "render", "resolve", "prepare", "reconcile", "select", "apply",
    "split", "normalise", "schedule", "compare", "export",
)  # fmt: skip
