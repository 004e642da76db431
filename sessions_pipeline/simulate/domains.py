"""The worlds that synthetic sessions play in: what people build, break and ask about in each line of work.

Here belong subject matter and vocabulary alone. How a person of a given expertise words a request is in `phrases.py`;
what an agent's tools print is in `toolchains.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """One kind of project.

    occupation: SOC major group of the people who own such projects; they also are who would do its paperwork.
    toolchain: key of `toolchains.TOOLCHAINS`.
    things: what the program handles, in the plural. parts: its components, with article.
    symptoms: clauses that complete "it happens that …". features: noun phrases that complete "add …".
    questions: clauses that complete "I want to know …". findings: clauses that answer them.
    numbers: clauses that complete "work out …", questions to data. documents: noun phrases that complete "write …".
    concepts: terms that a newcomer would have to ask about.
    insights: sentences that only someone at home in the field would say; the n-th explains the n-th symptom.
    checks: targeted checks, in the imperative.
    corrections: what a user says who catches the agent in a domain error.
    misbeliefs: a user's wrong idea, and what the agent says to it.
    hints: remarks in passing that give the user's profession away.
    memory: the project's CLAUDE.md.
    """

    key: str
    occupation: str
    toolchain: str
    folders: tuple[str, ...]
    files: tuple[str, ...]
    things: tuple[str, ...]
    parts: tuple[str, ...]
    symptoms: tuple[str, ...]
    features: tuple[str, ...]
    questions: tuple[str, ...]
    findings: tuple[str, ...]
    numbers: tuple[str, ...]
    documents: tuple[str, ...]
    concepts: tuple[str, ...]
    insights: tuple[str, ...]
    checks: tuple[str, ...]
    corrections: tuple[str, ...]
    misbeliefs: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    memory: str


DOMAINS: tuple[Domain, ...] = (
    Domain(
        key="shop_api",
        occupation="15",
        toolchain="python",
        folders=("shop-api", "checkout-service", "orders-backend"),
        files=("app/orders.py", "app/payments.py", "app/refunds.py", "app/models/basket.py", "app/webhooks.py"),
        things=("orders", "refunds", "baskets"),
        parts=("the refund handler", "the payment webhook", "the basket totals"),
        symptoms=(
            "a refund is booked twice when the payment provider sends its callback again",
            "the basket total is one cent off as soon as a voucher and a discount meet",
            "orders stay on 'pending' although the money has arrived",
            "the order list takes eleven seconds for our biggest customer and then returns a 502",
        ),
        features=(
            "partial refunds with a reason code",
            "an endpoint that lists abandoned baskets of the last week",
            "idempotency keys on order creation",
            "gift cards as a second means of payment",
        ),
        questions=(
            "how a payment callback ends up as a paid order",
            "where the tax of a mixed basket is computed",
            "which code paths can cancel an order",
        ),
        findings=(
            "the callback only writes an event; a worker turns it into a status change two steps later",
            "tax is computed per line, rounded, and only then summed",
            "there are three ways to cancel an order and only one of them releases the stock",
        ),
        numbers=(
            "how many checkouts fail per payment method since the redesign",
            "which vouchers bring orders that would not have come otherwise",
        ),
        documents=("release notes for the checkout change", "a post-mortem of Tuesday's double refunds"),
        concepts=("webhook", "idempotency key", "transaction"),
        insights=(
            "the provider retries for 72 hours and does not keep the order, so a dedupe on the timestamp is useless",
            "we sum in minor units; the moment a float gets in, the ledger export refuses the batch",
            "status is a projection, the event table is the truth, so backfill has to go through events",
            "SELECT … FOR UPDATE won't help here, both callbacks arrive on different replicas",
        ),
        checks=(
            "Check what happens when two callbacks with the same event id are in flight at once.",
            "Make sure the rounding stays half-even per line and not on the sum.",
            "Confirm that the migration doesn't lock the orders table: it has 40 million rows.",
            "Verify that a refund larger than the captured amount is refused with 409 and not 500.",
        ),
        corrections=(
            "No: the unique index has to cover provider and event id. Event ids repeat across providers.",
            "That is wrong, captured and authorised are different amounts here. Refunds go against captured.",
            "Don't catch IntegrityError there, it hides the race you are supposed to close.",
        ),
        misbeliefs=(
            (
                "I guess the database loses the orders when it is full",
                "The database isn't losing rows: the orders are there, but their status event was never applied.",
            ),
            (
                "the webhook is the page where customers pay, right?",
                "Not quite: a webhook is a message that the payment provider sends to your server after the payment.",
            ),
        ),
        hints=(
            "I'm on call this week, so the sooner the better.",
            "Our backend guild reviews this on Thursday.",
            "This is for sprint 14, ticket SHOP-2231.",
        ),
        memory="# Checkout service\nOwned by team Payments (backend). FastAPI, SQLAlchemy, Postgres 15.\n"
        "Code review by two engineers before merge. Money is always in minor units.\n",
    ),
    Domain(
        key="dashboard",
        occupation="15",
        toolchain="typescript",
        folders=("ops-dashboard", "metrics-web", "admin-console"),
        files=(
            "src/components/UsageChart.tsx",
            "src/hooks/useFilters.ts",
            "src/pages/Overview.tsx",
            "src/lib/formatDate.ts",
            "src/store/session.ts",
        ),
        things=("widgets", "filters", "charts"),
        parts=("the filter bar", "the usage chart", "the login redirect"),
        symptoms=(
            "the chart flickers and draws the old range for a moment after every filter change",
            "people are logged out when they open a second tab",
            "dates before the clock change land one day early",
            "the overview page renders nothing in Safari, only a white screen",
        ),
        features=(
            "a dark theme that follows the system setting",
            "saved filter presets that can be shared by link",
            "keyboard navigation for the table",
            "a CSV download of what the chart shows",
        ),
        questions=(
            "why the overview page fetches the same data three times",
            "how the session store and the URL stay in step",
            "where the feature flags are read",
        ),
        findings=(
            "each of the three cards mounts its own query because the keys differ in object identity",
            "the URL wins on load and the store wins afterwards, through one effect in the layout",
            "flags are read once at boot and frozen, so a change needs a reload",
        ),
        numbers=(
            "which widgets people really look at, from the click log",
            "how bundle size moved over the last ten releases",
        ),
        documents=("a short guide for the support team on the new filters", "the changelog entry for version 4.2"),
        concepts=("hook", "bundle", "state"),
        insights=(
            "the effect depends on a fresh object every render, memoising the child won't change anything",
            "with StrictMode the effect runs twice in dev, so don't 'fix' the double fetch you see locally",
            "hydration differs because the server formats in UTC, suppressHydrationWarning would only hide it",
            "Safari refuses the lookbehind in that regex, that's a parse error and not a runtime one",
        ),
        checks=(
            "Check that the abort controller of the first request can't cancel the second one.",
            "Make sure focus returns to the trigger when the dialog closes with Escape.",
            "Verify the tree-shaking: date-fns must not come in whole.",
            "Look at what happens when the token expires between the two parallel requests.",
        ),
        corrections=(
            "No, useMemo is not a semantic guarantee, React may drop it. Keep the value in a ref.",
            "That's not a race in the store, it's the query cache: same key, different select.",
            "Wrong layer: the redirect has to happen in the loader, otherwise the private page flashes.",
        ),
        misbeliefs=(
            (
                "maybe the css is too old for the database",
                "CSS and the database don't touch each other here; the blank page comes from a script error.",
            ),
            (
                "I thought state is saved on the server by itself",
                "State here lives in the browser's memory only, so it is gone after a reload unless we store it.",
            ),
        ),
        hints=(
            "Design handed over the Figma yesterday, we frontend people are late as always.",
            "I'll demo this to the other devs at stand-up.",
            "Ticket is WEB-881.",
        ),
        memory="# Ops dashboard\nReact 19, Vite, TanStack Query. Frontend team, trunk-based.\n"
        "Components need a story and a test. No default exports.\n",
    ),
    Domain(
        key="queue_service",
        occupation="15",
        toolchain="go",
        folders=("jobqueue", "dispatcher", "event-relay"),
        files=("internal/queue/lease.go", "internal/worker/pool.go", "cmd/relay/main.go", "internal/store/pg.go"),
        things=("jobs", "leases", "events"),
        parts=("the lease renewal", "the worker pool", "the dead-letter path"),
        symptoms=(
            "jobs run twice when a worker pauses for longer than the lease",
            "shutdown hangs for the full thirty seconds although nothing is running",
            "memory grows by about a megabyte per minute until the pod is killed",
            "the relay drops events when the broker restarts",
        ),
        features=(
            "delayed jobs with a jittered backoff",
            "a per-tenant concurrency limit",
            "a dead-letter command that can replay by filter",
            "metrics for queue age, not only queue depth",
        ),
        questions=(
            "what guarantees a job that its lease is still held when it commits",
            "who closes the results channel",
            "how back-pressure reaches the producers",
        ),
        findings=(
            "nothing does: the commit never compares the fencing token with the row",
            "the pool closes it from two places, which only works because one of them recovers",
            "it doesn't: the in-memory buffer grows until the broker answers again",
        ),
        numbers=("the p99 of queue age per tenant for last week", "how often leases expire while the job still runs"),
        documents=("a design note on fencing tokens for the on-call handbook", "the upgrade guide to version 2"),
        concepts=("goroutine", "lease", "dead letter"),
        insights=(
            "a lease without a fencing token is only a hint, GC pauses will break it sooner or later",
            "context cancellation doesn't stop the driver mid-write, you need the deadline on the statement",
            "an unbuffered results channel plus an early return is the leak, not the ticker",
            "SKIP LOCKED gives us throughput but kills ordering per tenant, so we shard on tenant first",
        ),
        checks=(
            "Run it under the race detector and look at the renewal goroutine.",
            "Check what the fencing token does when the clock on the worker jumps back.",
            "Verify that Close is safe to call twice and while Next is blocked.",
            "Confirm the retry budget is per tenant and not per process.",
        ),
        corrections=(
            "No, time.After in that select leaks a timer per iteration. Use one timer and reset it.",
            "You compare wall clocks across machines there. Lease expiry has to be decided by the database.",
            "A sync.Once won't do: we restart the pool after a failed drain.",
        ),
        misbeliefs=(
            (
                "more workers should fix the duplicates i think",
                "More workers would make duplicates more likely: two of them can believe that they hold the same job.",
            ),
            (
                "I set the channel to nil so it is closed",
                "Setting a channel to nil doesn't close it; receivers on it would block for ever.",
            ),
        ),
        hints=(
            "I carry the pager for this one.",
            "SRE wants it before the Friday freeze.",
            "We two maintain the broker for all product teams.",
        ),
        memory="# Job queue\nGo 1.24, Postgres. Platform engineering. Every exported function has a doc comment.\n"
        "`go test -race ./...` must be green. No new dependencies without an ADR.\n",
    ),
    Domain(
        key="sync_cli",
        occupation="15",
        toolchain="rust",
        folders=("foldsync", "tarry", "mirror-rs"),
        files=("src/scan.rs", "src/diff.rs", "src/main.rs", "src/transfer.rs", "src/ignore.rs"),
        things=("entries", "chunks", "snapshots"),
        parts=("the directory scan", "the diff", "the transfer queue"),
        symptoms=(
            "files with umlauts in their names are copied again on every run",
            "the scan stops at a broken symlink and leaves the rest untouched",
            "a dry run deletes the lock file of a real run",
            "progress stands at 99% for minutes on large trees",
        ),
        features=(
            "an ignore file with negated patterns",
            "resumable transfers by chunk hash",
            "a --json mode for scripts",
            "parallel hashing that respects --jobs",
        ),
        questions=(
            "how renames are told from delete plus create",
            "what the snapshot format promises across versions",
            "where the time of a scan goes",
        ),
        findings=(
            "renames are matched by inode first and by content hash second, never by name",
            "only the header is versioned, the body is whatever serde wrote that day",
            "four fifths of the time is metadata calls, hashing is almost free by comparison",
        ),
        numbers=("throughput by file size from the bench runs", "how many hash collisions the short digest would give"),
        documents=("the man page for the new subcommands", "a README section on ignore rules"),
        concepts=("borrow checker", "inode", "crate"),
        insights=(
            "macOS normalises to NFD, so compare names in one form but write back the original bytes",
            "you can't hold the DirEntry across the rayon boundary without paying a stat again",
            "rename is only atomic within a file system; across mounts it has to be copy, fsync, rename",
            "mtime has a two-second grain on exFAT, equality is the wrong test there",
        ),
        checks=(
            "Check that the temp file is fsynced before the rename and the directory after it.",
            "Verify that negated patterns under an excluded directory are not resurrected.",
            "Look whether the diff is stable when two entries share an inode.",
            "Make sure that a path that isn't valid UTF-8 survives a round trip.",
        ),
        corrections=(
            "No, to_string_lossy destroys those names. OsString all the way through.",
            "That Arc<Mutex<Vec>> serialises the workers, send over a channel and collect once.",
            "You can't unwrap there: EPERM on one entry is a normal day for a backup tool.",
        ),
        misbeliefs=(
            (
                "the borrow checker is a linter that I can switch off?",
                "It isn't a linter: the borrow checker is part of the compiler and can't be switched off.",
            ),
            (
                "I believe a symlink is a copy of the file",
                "A symlink only holds a path; it can point to something that no longer exists, which is the case here.",
            ),
        ),
        hints=(
            "It's my side project, at work I do embedded C.",
            "Two packagers of distributions wait for this release.",
            "I'd like to show it at the systems meetup.",
        ),
        memory="# foldsync\nRust 2024 edition. `cargo clippy -- -D warnings` is law.\n"
        "Maintainer: a systems developer with too little time; keep pull requests small.\n",
    ),
    Domain(
        key="platform",
        occupation="15",
        toolchain="terraform",
        folders=("infra-live", "cluster-config", "platform-terraform"),
        files=(
            "modules/network/main.tf",
            "envs/staging/main.tf",
            "deploy/values-staging.yaml",
            ".github/workflows/release.yml",
            "modules/db/variables.tf",
        ),
        things=("clusters", "environments", "node pools"),
        parts=("the release workflow", "the staging cluster", "the database module"),
        symptoms=(
            "every plan wants to replace the node pool although nothing was changed",
            "the release job fails at the image push with a 403",
            "pods on the new nodes can't resolve internal names",
            "the certificate renewal has been stuck for three days",
        ),
        features=(
            "a preview environment per pull request",
            "autoscaling on queue age",
            "encrypted backups with a restore drill",
            "a budget alarm per namespace",
        ),
        questions=(
            "which roles can write to the state bucket",
            "how traffic gets from the load balancer to a pod",
            "why the staging plan takes nine minutes",
        ),
        findings=(
            "two roles can, and one of them belongs to a pipeline that was retired last year",
            "it goes through the gateway and a headless service, the ingress object is a leftover",
            "seven of the nine minutes are refreshes of DNS records that never change",
        ),
        numbers=("what each namespace costs per week", "how long deploys take by time of day"),
        documents=("a runbook for a failed node upgrade", "the maintenance announcement for Sunday"),
        concepts=("namespace", "state file", "ingress"),
        insights=(
            "taint and label changes force a new pool with that provider version, pin it or ignore_changes on both",
            "the token audience differs between the runner and the registry, hence 403 and not 401",
            "ndots:5 sends every lookup through four search domains first, that's your resolver load",
            "a moved block keeps the address, state mv would have to be repeated in each workspace",
        ),
        checks=(
            "Show me the plan and confirm there is no '-/+' on anything stateful.",
            "Check that the OIDC subject is limited to the main branch and not to the whole repository.",
            "Verify the pod disruption budget before you drain anything.",
            "Make sure the restore was tested with the key of the other region.",
        ),
        corrections=(
            "No, count would shift all the indices when one is removed. for_each with the name as key.",
            "Don't -target that, it leaves the security group half applied.",
            "That readiness probe hits the database; one slow replica would take all pods out.",
        ),
        misbeliefs=(
            (
                "can't we just delete the state file to clean up?",
                "Please don't: the state file is how Terraform knows what it owns. Without it we'd have orphans.",
            ),
            (
                "isn't the container saved when I change a file in it",
                "Changes inside a running container are lost when it restarts; they belong in the image.",
            ),
        ),
        hints=(
            "I do DevOps for four product teams.",
            "Change board meets at three.",
            "Our SOC 2 auditor will ask for this.",
        ),
        memory="# Platform\nTerraform 1.9, EKS, Helm. Platform team runbooks in /docs.\n"
        "Never apply to production from a laptop. Staging may be applied after a reviewed plan.\n",
    ),
    Domain(
        key="warehouse",
        occupation="15",
        toolchain="sql",
        folders=("analytics-dbt", "warehouse-models", "metrics-layer"),
        files=(
            "models/marts/fct_orders.sql",
            "models/staging/stg_events.sql",
            "models/marts/dim_customer.sql",
            "models/schema.yml",
            "macros/dedupe.sql",
        ),
        things=("events", "customers", "snapshots"),
        parts=("the order mart", "the customer dimension", "the event dedupe"),
        symptoms=(
            "revenue in the mart is 3% above finance's number since the first of the month",
            "the incremental model misses events that arrive late",
            "the snapshot opens a new row every night although nothing changed",
            "the build takes forty minutes since the new event type",
        ),
        features=(
            "a slowly changing customer dimension",
            "a freshness test per source",
            "a weekly cohort retention mart",
            "a contract on the event staging model",
        ),
        questions=(
            "where the fan-out in the order mart comes from",
            "which dashboards break if we drop the old customer key",
            "how late events are treated",
        ),
        findings=(
            "the join on email fans out: 1,412 customers share an address with another one",
            "five dashboards read the old key, two of them have not been opened since spring",
            "anything later than three days is dropped without a trace",
        ),
        numbers=(
            "how retention differs between the two onboarding flows",
            "which share of events arrives more than a day late",
        ),
        documents=("a definition of 'active customer' for the wiki", "a note to finance on the restated revenue"),
        concepts=("join", "primary key", "view"),
        insights=(
            "DISTINCT hides the fan-out, the grain has to be fixed in the staging model",
            "the late events are cut by the max(loaded_at) filter, it must be on event date with a lookback",
            "the snapshot compares a timestamp that the loader touches nightly, use check_cols on the real columns",
            "a median of medians isn't a median, keep the digest and merge it",
        ),
        checks=(
            "Reconcile to the cent against the ledger extract for March before and after.",
            "Assert uniqueness on customer and valid_from, and that the intervals neither overlap nor gap.",
            "Check the plan for a hash join spill, the events side is 900 million rows.",
            "Verify that the lookback window and the unique key together make a rerun idempotent.",
        ),
        corrections=(
            "No, a left join followed by where right.x is not null is an inner join.",
            "You averaged percentages over unequal groups. Sum the numerators first.",
            "BETWEEN with dates drops the last day's afternoon here; it's a timestamp.",
        ),
        misbeliefs=(
            (
                "I believe a view makes the query faster because it is stored",
                "A plain view stores only the query text; it's executed again each time.",
            ),
            (
                "null plus 5 should just be 5",
                "In SQL, null plus 5 is null, which is why the totals come out empty.",
            ),
        ),
        hints=(
            "Our data team is three people, so nobody reviews before Monday.",
            "As the analytics engineer here I get the blame for the dashboards.",
            "It's DATA-417 on our board.",
        ),
        memory="# Warehouse models\ndbt + DuckDB/Snowflake. Analytics engineering.\n"
        "Grain goes into the first line of each model's description. Tests before merge.\n",
    ),
    Domain(
        key="assistant_eval",
        occupation="15",
        toolchain="python",
        folders=("support-agent", "prompt-lab", "triage-evals"),
        files=("evals/run.py", "prompts/triage.md", "agents/router.py", "evals/judge.py", "data/gold.jsonl"),
        things=("tickets", "graded answers", "tool traces"),
        parts=("the triage prompt", "the judge", "the router agent"),
        symptoms=(
            "the judge gives five out of five to an answer that quotes the wrong policy",
            "the router loops between two tools until the budget is gone",
            "eval scores move by four points between two identical runs",
            "the extraction returns a date that stands nowhere in the mail",
        ),
        features=(
            "a pairwise comparison mode with swapped order",
            "a held-out set of adversarial tickets",
            "a cost column in the eval report",
            "a refusal path in the router",
        ),
        questions=(
            "which tickets the new prompt gets wrong that the old one got right",
            "how much of the score is the judge's own noise",
            "what the router sees of the conversation",
        ),
        findings=(
            "31 of 400 flip to wrong, 22 of them are refunds in another currency",
            "the judge disagrees with itself on 6% of the items, so a two-point gain is not a finding",
            "it sees the last two turns only, the system prompt was cut by the token limit",
        ),
        numbers=("agreement between judge and people by ticket type", "cost per resolved ticket by prompt version"),
        documents=("a model card for the triage prompt", "the labelling guide for the support leads"),
        concepts=("temperature", "few-shot", "eval"),
        insights=(
            "a judge that sees the reference first anchors on it, give it the rubric and the answer blind",
            "the few-shot examples leak the label order, shuffle them per request",
            "position bias is about as large as the effect we're after, so swap and average",
            "the failures cluster by customer, so the bootstrap has to draw customers and not tickets",
        ),
        checks=(
            "Report kappa beside raw agreement, the base rate of 'billing' is 70%.",
            "Check that no gold ticket is in the few-shot pool.",
            "Verify the tool schema rejects extra fields, the model invents them.",
            "Run the judge twice on the same answers and show me the flip rate.",
        ),
        corrections=(
            "No, you tuned on the test split. The gold file has a split column for a reason.",
            "Averaging ordinal grades hides it: look at the share below three.",
            "The retry changes the sampling, so these runs are not comparable.",
        ),
        misbeliefs=(
            (
                "temperature 0 means it can't make mistakes",
                "Temperature 0 only makes the choice of words nearly repeatable; the answer can still be wrong.",
            ),
            (
                "more examples in the prompt are always better, no?",
                "Not always: beyond a handful the added examples crowd out the ticket itself here.",
            ),
        ),
        hints=(
            "ML platform reviews every prompt change with us.",
            "I'm the applied scientist on support automation.",
            "We ship this model config behind a flag.",
        ),
        memory="# Support agent\nPython, evals in CI. Applied ML team.\n"
        "Prompts are versioned; a change needs an eval run against the held-out set.\n",
    ),
    Domain(
        key="portfolio",
        occupation="11",
        toolchain="typescript",
        folders=("roadmap-tracker", "okr-board", "programme-office"),
        files=("src/board.ts", "src/Timeline.tsx", "notes/q3-plan.md", "src/capacity.ts", "notes/steering.md"),
        things=("initiatives", "milestones", "headcount requests"),
        parts=("the quarterly board", "the capacity view", "the status import"),
        symptoms=(
            "the status colours don't update after a milestone moves",
            "two initiatives with the same sponsor overwrite each other",
            "the capacity bar shows 140% for teams on holiday",
            "the export for the steering group has no dates",
        ),
        features=(
            "a view that shows which initiatives slipped since the last review",
            "a hiring line per team",
            "a traffic light that needs a reason when it is amber",
            "a printable one-pager per initiative",
        ),
        questions=(
            "how other companies tie quarterly goals to budgets",
            "where the slip in the migration programme started",
            "what my team leads would have to fill in each week",
        ),
        findings=(
            "most couple funding to milestones and not to the calendar",
            "the slip started when the vendor contract moved by six weeks, everything later is knock-on",
            "four fields, two of which can be filled from the tracker",
        ),
        numbers=("how much of our plan slipped per quarter", "which teams carry more than two top priorities"),
        documents=(
            "a two-page brief for the executive board",
            "a reorganisation memo to my directors",
            "talking points for the all-hands",
        ),
        concepts=("repository", "deploy", "JSON"),
        insights=(
            "a milestone without an owner who can say no is only a wish, so make owner mandatory",
            "we fund teams and not projects, a percentage split per project would start a turf war",
            "the board reads the delta and the ask, everything else goes to the appendix",
            "attrition hits us in Q1 after bonuses, so capacity must not be linear over the year",
        ),
        checks=(
            "Check that cost of delay is on one scale before you rank anything.",
            "Make sure fixed commitments to customers can't be traded off in the ranking.",
            "Verify the headcount against the approved budget, not against the org chart.",
        ),
        corrections=(
            "No, capitalised staff don't count towards opex, you have them in twice.",
            "That's a dependency and not a risk. Risks have a probability, dependencies have an owner.",
            "You can't call it on track when the date was re-baselined last month.",
        ),
        misbeliefs=(
            (
                "so GitHub is where the website runs?",
                "GitHub only stores the code; the site itself runs wherever it is deployed.",
            ),
            (
                "I'd rather not install anything, JSON is a program isn't it",
                "JSON isn't a program, it's only a text format for data, so there is nothing to install.",
            ),
        ),
        hints=(
            "My directors get this before the board meeting on Tuesday.",
            "I run a department of eighty, so I have about ten minutes a day for this.",
            "Budget talks with the CFO are next week.",
        ),
        memory="# Roadmap tracker\nFor the programme office. I head a department and am no developer: explain steps.\n"
        "Quarterly review with the executive board.\n",
    ),
    Domain(
        key="month_end",
        occupation="13",
        toolchain="python",
        folders=("month-end-close", "ledger-tools", "accruals"),
        files=("close/accruals.py", "close/reconcile.py", "close/fx.py", "close/report.py", "data/trial_balance.csv"),
        things=("journal entries", "accruals", "open invoices"),
        parts=("the bank reconciliation", "the accrual run", "the FX revaluation"),
        symptoms=(
            "the reconciliation leaves 412.07 open that nobody can find",
            "accruals from last month are reversed twice",
            "the trial balance is off as soon as a Swiss invoice is in it",
            "invoices without a cost centre disappear from the report",
        ),
        features=(
            "an ageing report of open invoices",
            "an automatic reversal on the first of the month",
            "a variance comment column per account",
            "a check that debits equal credits before anything is exported",
        ),
        questions=(
            "how the FX difference reaches the income statement",
            "which accounts are reconciled by hand",
            "what the macro of my predecessor does",
        ),
        findings=(
            "it is booked on revaluation of open items only, settled ones keep the old rate",
            "nine accounts, and three of them have had no movement for a year",
            "it copies last month's accruals, flips the sign and colours the rows",
        ),
        numbers=(
            "days sales outstanding by customer group",
            "why travel cost went up against budget",
            "how late payments changed since spring",
        ),
        documents=("the commentary for the monthly report", "a dunning letter for accounts over sixty days"),
        concepts=("virtual environment", "script", "CSV encoding"),
        insights=(
            "our ledger rounds per line in functional currency, the sum in document currency won't tie out",
            "the auditor wants the reversal to point at the original document number",
            "revalue open items at closing rate but leave the settled ones, else the difference is booked twice",
            "goods received not invoiced is an accrual, prepayments are not, they sit on the other side",
        ),
        checks=(
            "Tie the subledger to the control account before and after.",
            "Check that the reversal lands in the open period and not in the closed one.",
            "Verify the sign on credit notes, they come with a positive amount and a different type.",
            "Make sure intercompany nets to zero after revaluation.",
        ),
        corrections=(
            "No, an accrual isn't a provision. The amount is certain here, only the invoice is missing.",
            "Wrong side: a prepaid expense is an asset.",
            "You used the average rate. Balance sheet items go at closing rate.",
        ),
        misbeliefs=(
            (
                "Python is the thing inside Excel, so I don't need to install it",
                "Python is separate from Excel, so we do need to install it once on your machine.",
            ),
            (
                "the file is fine, csv is always the same format",
                "CSV files differ: yours uses semicolons and decimal commas, so the amounts came out as text.",
            ),
        ),
        hints=(
            "Close is on working day three, the auditors come right after.",
            "I'm in accounting, so please no programmer talk.",
            "My controller wants the bridge by noon.",
        ),
        memory="# Month-end close\nScripts of the accounting team (general ledger). German chart of accounts SKR04.\n"
        "Amounts have decimal commas in the exports. The user is a senior accountant.\n",
    ),
    Domain(
        key="structural",
        occupation="17",
        toolchain="python",
        folders=("beam-checks", "slab-calc", "load-takedown"),
        files=("calc/beam.py", "calc/loads.py", "calc/sections.py", "calc/report.py", "data/sections.csv"),
        things=("beams", "load cases", "sections"),
        parts=("the deflection check", "the load combination", "the section table"),
        symptoms=(
            "the deflection comes out a thousand times too small",
            "the load combination leaves the wind case out",
            "the report shows a utilisation of 0.00 for cantilevers",
            "steel sections from the new table give no result at all",
        ),
        features=(
            "a lateral-torsional buckling check",
            "a sketch of the moment line in the report",
            "pattern loading for continuous beams",
            "an import of the architect's room list for imposed loads",
        ),
        questions=(
            "which combination governs at the support",
            "how the script treats self-weight",
            "where the partial factors are set",
        ),
        findings=(
            "the uplift combination governs there, with the favourable factor on self-weight",
            "self-weight is added twice for composite slabs: once by hand and once from the table",
            "they are set in three files, and one of them still holds the old national values",
        ),
        numbers=("utilisation by storey for the whole frame", "how much steel the lighter grid would save"),
        documents=("the design basis for the checking engineer", "an answer to the contractor's query on openings"),
        concepts=("function", "unit test", "import"),
        insights=(
            "E is in N/mm² while the spans are metres, that's your factor of a thousand",
            "combination 6.10b with xi is what our annex asks for, 6.10 alone is wasteful",
            "lateral restraint by the slab holds for sagging only, at the supports the bottom flange is free",
            "the crack width governs here and not strength, so don't optimise the steel away",
        ),
        checks=(
            "Check a simply supported beam against 5qL⁴/384EI by hand and show the numbers.",
            "Verify that permanent loads get gamma 1.0 where they are favourable.",
            "Confirm the effective length for the cantilever is twice its span.",
        ),
        corrections=(
            "No, Wpl is only allowed for class 1 and 2. This one is class 3, use Wel.",
            "That's the characteristic combination, deflection needs quasi-permanent.",
            "You took the span centre to centre. Clear span plus bearing, please.",
        ),
        misbeliefs=(
            (
                "a unit test is a test of the units, meters and so on?",
                "A unit test checks one small piece of code; it has nothing to do with physical units by itself.",
            ),
            (
                "I renamed the function in one file, that is enough",
                "It has to be renamed wherever it's called too, otherwise the import fails as it does now.",
            ),
        ),
        hints=(
            "The checking engineer wants our calculations on Monday.",
            "I'm a structural engineer, my Python is from one course.",
            "The contractor pours the slab on the 14th.",
        ),
        memory="# Beam checks\nStructural office, Eurocode with national annex. kN, m in; mm, N/mm² inside.\n"
        "Every formula cites its clause.\n",
    ),
    Domain(
        key="rnaseq",
        occupation="19",
        toolchain="r",
        folders=("rnaseq-stress", "qpcr-plates", "lab-analysis"),
        files=("R/normalise.R", "R/contrasts.R", "R/plots.R", "analysis/report.Rmd", "data/samples.csv"),
        things=("samples", "plates", "contrasts"),
        parts=("the normalisation", "the batch correction", "the volcano plot"),
        symptoms=(
            "the PCA separates by sequencing lane and not by treatment",
            "half of the genes have no name after the annotation step",
            "the fold changes have the wrong sign",
            "the plate import shifts every well by one",
        ),
        features=(
            "a heat map of the top fifty genes with sample annotation",
            "a check for swapped samples",
            "a function that reads all plate files of a run",
            "a supplementary table in the journal's format",
        ),
        questions=(
            "which design formula this script really fits",
            "why the two normalisations disagree on the heat-shock genes",
            "how many replicates were thrown out and by what rule",
        ),
        findings=(
            "batch is in the plot but not in the design, so the test ignores it",
            "size factors are driven by six mitochondrial genes in two samples",
            "three were dropped by hand, the rule in the text would have kept one of them",
        ),
        numbers=(
            "which genes respond to stress in both genotypes",
            "whether the knock-out differs from wild type at day three",
            "the efficiency of each primer pair",
        ),
        documents=(
            "the methods paragraph for our manuscript",
            "a reply to reviewer two",
            "an abstract for the meeting",
        ),
        concepts=("data frame", "package", "working directory"),
        insights=(
            "treatment is nested in plate, so plate has to be random or you test against the wrong error",
            "shrink the fold changes before ranking, the low-count genes are all noise",
            "the reference level is alphabetical by default, that flips your sign",
            "with three replicates per arm use the moderated variance, not a per-gene one",
        ),
        checks=(
            "Check the dispersion plot, and that the trend is not driven by zero counts.",
            "Verify that the p values under the null contrast are uniform.",
            "Confirm that the no-template control stays above cycle 35 on every plate.",
        ),
        corrections=(
            "No, batch correction before the test and batch in the model counts it twice.",
            "You tested each gene twice and corrected once. The family is both contrasts.",
            "Those are technical replicates. n is three, not nine.",
        ),
        misbeliefs=(
            (
                "p below 0.05 means it is 95% true",
                "Not exactly: it says how often chance alone would give such data, not how likely the effect is.",
            ),
            (
                "R needs the file on the desktop, doesn't it",
                "R looks in its working directory; the file can be anywhere as long as the path says so.",
            ),
        ),
        hints=(
            "My PI wants the figure for the lab meeting.",
            "I'm a postdoc at the bench most of the day.",
            "The revision is due to the journal on the 30th.",
        ),
        memory="# Stress experiment\nPlant biology lab. DESeq2. Samples named genotype_treatment_replicate.\n"
        "Raw data is read-only. Figures for the manuscript go to figures/.\n",
    ),
    Domain(
        key="contracts",
        occupation="23",
        toolchain="python",
        folders=("clause-finder", "matter-files", "nda-review"),
        files=("clauses/extract.py", "clauses/compare.py", "matters/nda_acme.md", "clauses/dates.py", "playbook.md"),
        things=("clauses", "agreements", "deadlines"),
        parts=("the clause comparison", "the deadline table", "the redline export"),
        symptoms=(
            "the comparison marks every clause as changed when only the numbering moved",
            "deadlines that fall on a holiday are not shifted",
            "scanned agreements give an empty table",
            "the definitions section is cut off after the third page",
        ),
        features=(
            "a list of all limitation-of-liability clauses with their caps",
            "a reminder file for renewal dates",
            "a side-by-side of the counterparty's draft and our playbook",
            "a search over defined terms",
        ),
        questions=(
            "which of our agreements allow assignment without consent",
            "how the playbook treats uncapped indemnities",
            "what the tool does with footnotes",
        ),
        findings=(
            "six do, two of them only within the group",
            "it asks for partner approval, but the checklist doesn't mention it",
            "footnotes are read as part of the clause above, which breaks the cap amounts",
        ),
        numbers=("how our caps compare with annual fees", "how long negotiations take by counterparty type"),
        documents=(
            "a first draft of a mutual NDA under English law",
            "a client note on the new assignment rules",
            "a summary of the deposition for the partner",
        ),
        concepts=("regular expression", "command line", "UTF-8"),
        insights=(
            "a cap that carves out indemnities is no cap at all, so compare carve-outs first",
            "notice is deemed received on the second working day, the period runs from there",
            "time is of the essence turns any delay into a repudiatory breach, flag it separately",
            "an entire agreement clause doesn't exclude fraud, the draft says it does",
        ),
        checks=(
            "Check that 'shall not unreasonably withhold' isn't counted as free assignment.",
            "Verify governing law and jurisdiction separately, they differ in four of these.",
            "Make sure capitalised terms are only matched when they are defined in that agreement.",
        ),
        corrections=(
            "No, indemnity and damages are not the same: no duty to mitigate under the indemnity.",
            "That's a condition and not a warranty, so termination is on the table.",
            "Privilege belongs to the client. Don't put the advice into the shared summary.",
        ),
        misbeliefs=(
            (
                "the computer can read the scan like a Word file, I suppose",
                "A scan is only a picture, so it needs text recognition first; that's why the table is empty.",
            ),
            (
                "I put the two files in one folder, that should merge them",
                "Files in one folder stay separate; the script has to be told to read both.",
            ),
        ),
        hints=(
            "I have a hearing at two, so I can only test later.",
            "The partner bills this to the client, keep it tidy.",
            "We're a small firm and I'm the associate who likes computers.",
        ),
        memory="# Clause finder\nUsed by lawyers of a commercial practice. English law unless stated.\n"
        "Client names are confidential: never print whole agreements.\n",
    ),
    Domain(
        key="course",
        occupation="25",
        toolchain="python",
        folders=("physics-quiz", "course-site", "grading-helper"),
        files=("quiz/questions.py", "quiz/grade.py", "site/week3.md", "quiz/export.py", "rubric.md"),
        things=("quiz questions", "submissions", "worksheets"),
        parts=("the quiz export", "the grading sheet", "the week-three page"),
        symptoms=(
            "answers with a decimal comma are graded as wrong",
            "the quiz shows the same variant to the whole row",
            "late submissions get full marks",
            "formulas on the course page show up as raw dollar signs",
        ),
        features=(
            "random numbers per student with a fixed seed",
            "partial marks for the right unit",
            "a feedback sentence per common mistake",
            "a seating plan that separates equal variants",
        ),
        questions=(
            "how the learning platform wants its import file",
            "why the average of class 10b jumped",
            "which of last year's questions were too easy",
        ),
        findings=(
            "it wants one file per question pool, with the key in the first column",
            "four pupils were entered twice, both times with full marks",
            "three were solved by everybody, including the one on inclined planes",
        ),
        numbers=(
            "which questions tell strong pupils from weak ones",
            "how the retake group did compared with the rest",
        ),
        documents=(
            "a worksheet on energy conservation with solutions",
            "a letter to parents about the excursion",
            "a lesson plan for a double period on circuits",
        ),
        concepts=("loop", "variable", "terminal"),
        insights=(
            "point-biserial below 0.2 means the item is noise, difficulty alone tells you nothing",
            "the distractors have to come from real misconceptions, random numbers are eliminated at a glance",
            "pupils carry errors forward, so mark the method against their own earlier value",
            "a seed from the student number leaks, siblings compare notes, so hash it with the term",
        ),
        checks=(
            "Check that a correct value with a wrong unit gets half and not zero.",
            "Verify no variant has a root of a negative number in it.",
            "Make sure the tolerance is relative and not absolute.",
        ),
        corrections=(
            "No, weight and mass: the answer is in newtons here.",
            "That question tests reading and not physics. The hint gives the formula away.",
            "A normal curve over 24 pupils is not a grading policy.",
        ),
        misbeliefs=(
            (
                "I typed python in the search bar of Windows and nothing happened",
                "The search bar opens programs; the command has to be typed in a terminal window.",
            ),
            (
                "a variable can't change once it's set I think",
                "It can change; that is exactly what happens in the loop that gives everybody the same number.",
            ),
        ),
        hints=(
            "I teach five classes, so this has to be done before the bell.",
            "Grades are due to the head of school on Friday.",
            "My pupils are fifteen, they find every loophole.",
        ),
        memory="# Physics quiz\nMaterial of a secondary-school teacher. Years 9 and 10.\n"
        "Language for pupils: simple. The learning platform is Moodle.\n",
    ),
    Domain(
        key="newsroom",
        occupation="27",
        toolchain="typescript",
        folders=("longread-site", "podcast-page", "portfolio"),
        files=(
            "src/pages/episode.tsx",
            "src/components/AudioPlayer.tsx",
            "content/flood-series.md",
            "src/lib/feed.ts",
            "src/styles/type.css",
        ),
        things=("episodes", "articles", "captions"),
        parts=("the audio player", "the podcast feed", "the long-read layout"),
        symptoms=(
            "the player jumps back to the start when someone changes the speed",
            "new episodes don't show up in podcast apps",
            "the pull quotes overlap the text on phones",
            "captions appear under the wrong picture after a re-order",
        ),
        features=(
            "chapter marks in the feed",
            "a scroll-driven map for the flood series",
            "a press page with downloadable pictures",
            "transcripts that highlight along with the audio",
        ),
        questions=(
            "how the feed decides which episode is new",
            "why the site feels slow on my phone",
            "what I would need to publish a second show",
        ),
        findings=(
            "by the GUID, which is built from the title, so a corrected typo makes a new episode",
            "the hero video is 18 MB and loads before the text",
            "one more feed file and a second cover, nothing else is tied to the show",
        ),
        numbers=("where listeners drop out of an episode", "which headlines were opened most per channel"),
        documents=(
            "a pitch for a three-part series on river floods",
            "show notes for episode 41",
            "a speech for the award evening",
            "alt texts for the photo essay",
        ),
        concepts=("domain name", "commit", "RSS"),
        insights=(
            "ambient under the interview must duck by 12 dB, otherwise the loudness target is met by the birds",
            "apps key on the GUID and never on the title, change it and everybody downloads again",
            "body text at 66 characters a line, the rest of the page has to give way",
            "a map with one colour ramp for two units lies, split it",
        ),
        checks=(
            "Check the enclosure length is in bytes of the final file, apps stop there.",
            "Verify the quote against the transcript, word for word.",
            "Make sure the licence line of each picture survives the crop.",
        ),
        corrections=(
            "No, that's a caption and not alt text. Say what is in the picture.",
            "We don't name minors. Take the name out of the slug as well.",
            "Off the record means it isn't in the file at all, not in a comment either.",
        ),
        misbeliefs=(
            (
                "isn't RSS the thing that spam comes through?",
                "RSS has nothing to do with spam: it's the list that podcast apps read to find your episodes.",
            ),
            (
                "I saved the page in the browser, so it should be online now",
                "Saving in the browser makes a copy on your computer only; the site changes once it's deployed.",
            ),
        ),
        hints=(
            "My editor wants the piece at six.",
            "I'm a radio journalist, code is not my mother tongue.",
            "We record the next episode tomorrow morning.",
        ),
        memory="# Long-read site\nOne reporter, one photographer. Astro and a bit of React.\n"
        "House style: no exclamation marks, numbers up to twelve in words.\n",
    ),
    Domain(
        key="clinic_audit",
        occupation="29",
        toolchain="r",
        folders=("discharge-audit", "ward-dashboard", "sepsis-audit"),
        files=("R/clean.R", "R/runchart.R", "R/report.R", "data/admissions.csv", "audit/protocol.md"),
        things=("admissions", "lab values", "discharge letters"),
        parts=("the run chart", "the admission import", "the exclusion step"),
        symptoms=(
            "patients who were moved between wards are counted twice",
            "the time to antibiotics is negative for eleven patients",
            "potassium values from the night lab are a factor of ten off",
            "the run chart draws a line through months without data",
        ),
        features=(
            "a funnel plot of readmissions by ward",
            "a table one for the audit report",
            "a rule for runs above the median",
            "a pseudonymised export for the quality office",
        ),
        questions=(
            "which patients the exclusion rule removes",
            "how the script decides on the admission date",
            "what the previous audit counted as sepsis",
        ),
        findings=(
            "it removes day cases and, by accident, everybody admitted after midnight",
            "it takes the first ward contact, so emergency stays are cut off",
            "two of four criteria, while the protocol asks for a score of two or more above baseline",
        ),
        numbers=(
            "median time to first dose before and after the change",
            "whether readmissions differ between wards beyond chance",
        ),
        documents=(
            "the audit summary for the morbidity meeting",
            "a patient leaflet on inhaler use in plain words",
            "a rota proposal for the night shifts",
        ),
        concepts=("pivot", "factor", "NA"),
        insights=(
            "transfers split one stay into several rows, link on case number and gaps under six hours",
            "the clock starts at triage and not at admission, otherwise the emergency hours vanish",
            "lactate is repeated for the sick ones, so first value per stay, else you weight by severity",
            "a funnel plot needs overdispersed limits here, our case mix alone breaks the plain ones",
        ),
        checks=(
            "Check that patients under palliative care are excluded before the denominator.",
            "Verify units per lab: one reports mmol/l, the other mg/dl.",
            "Confirm no cell below five gets into the ward table.",
        ),
        corrections=(
            "No, readmission counts from discharge, not from admission.",
            "CRP is not a criterion there. You mixed up two scores.",
            "Median of ward medians isn't the hospital's median.",
        ),
        misbeliefs=(
            (
                "NA is a patient without a name, no?",
                "NA means the value is missing; the average becomes NA too unless we say what to do with the gaps.",
            ),
            (
                "if I delete the names the data is anonymous",
                "Without names it's only pseudonymised: dates and wards can still identify someone.",
            ),
        ),
        hints=(
            "I'm between two night shifts, so short answers please.",
            "Our ward round starts at seven.",
            "The consultant presents it at the morbidity meeting.",
        ),
        memory="# Discharge audit\nInternal medicine, quality project of the registrars.\n"
        "Data is pseudonymised; never print single patients.\n",
    ),
    Domain(
        key="crm",
        occupation="41",
        toolchain="python",
        folders=("crm-exports", "quote-builder", "lead-scoring"),
        files=("crm/leads.py", "crm/quotes.py", "crm/pipeline.py", "templates/offer.md", "data/leads.csv"),
        things=("leads", "quotes", "accounts"),
        parts=("the quote builder", "the lead import", "the pipeline report"),
        symptoms=(
            "won deals show up twice in the forecast",
            "the quote takes the list price although the customer has a discount",
            "half of the imported leads have no region",
            "the mail merge greets everybody as 'Dear Account Owner'",
        ),
        features=(
            "a forecast by stage with our own win rates",
            "a reminder for quotes older than two weeks",
            "a merge of duplicate accounts",
            "a price list per region",
        ),
        questions=(
            "how the CRM computes the weighted pipeline",
            "which leads never got a call",
            "what the discount field means",
        ),
        findings=(
            "with the vendor's default probabilities, nobody ever put in ours",
            "214 of them, nearly all from the fair in May",
            "it's a percentage on old records and an amount on new ones",
        ),
        numbers=(
            "win rate by channel over the last four quarters",
            "how long deals sit in each stage",
            "which reps discount most",
        ),
        documents=(
            "a follow-up mail to the leads from the trade fair",
            "an offer for the hospital group",
            "a one-pager against our main competitor",
        ),
        concepts=("API key", "duplicate check", "column type"),
        insights=(
            "stage age tells more than stage, a deal twice the median age is dead whatever the rep says",
            "channel partners register late, so credit by registration date and not by close date",
            "the buying centre is procurement plus ward, an offer with a single contact never closes",
            "renewals inflate the win rate, take them out before you compare reps",
        ),
        checks=(
            "Check that multi-year deals count with their annual value.",
            "Verify that lost-and-reopened deals are one deal.",
            "Make sure the floor price per region is never undercut by stacking discounts.",
        ),
        corrections=(
            "No, ARR and bookings are different things. The services part isn't recurring.",
            "You can't mail the ones without opt-in, that gets us fined.",
            "Quota is per half year, so the attainment you show is doubled.",
        ),
        misbeliefs=(
            (
                "I changed the number in the export, now the CRM should know",
                "The export is a copy; changing it doesn't change the CRM. We'd have to import it back.",
            ),
            (
                "an API key is my password right, I'll paste it here",
                "Please don't paste it. An API key works like a password for programs and should stay out of chats.",
            ),
        ),
        hints=(
            "I've got a customer call in ten minutes.",
            "My quarter closes on Friday and I'm at 92%.",
            "Sales ops is just me.",
        ),
        memory="# Quote builder\nSales operations, one person. Exports from the CRM every Monday.\n"
        "Offers go out in the customer's language.\n",
    ),
    Domain(
        key="office_rota",
        occupation="43",
        toolchain="python",
        folders=("front-desk", "mail-merge", "room-booking"),
        files=("desk/merge.py", "desk/rooms.py", "letters/invitation.md", "desk/rota.py", "data/staff.csv"),
        things=("appointments", "letters", "room bookings"),
        parts=("the mail merge", "the holiday rota", "the room list"),
        symptoms=(
            "the letters print with the address of the person before",
            "two meetings get the same room on Wednesdays",
            "the rota gives the same colleague every Friday",
            "names with an apostrophe break the labels",
        ),
        features=(
            "a list of who is on holiday per week",
            "labels for the new filing cabinets",
            "a reminder mail for unreturned keys",
            "a form for visitors",
        ),
        questions=(
            "how to sort the list by street and then by number",
            "where the macro keeps the old addresses",
            "what this error in the merge means",
        ),
        findings=(
            "the house number is text, so 10 comes before 9 until we split it off",
            "in a hidden sheet that was last changed two years ago",
            "a row has one column too many because of a semicolon in a name",
        ),
        numbers=("how often each room stands empty", "how many visitors we had per weekday"),
        documents=(
            "an invitation to the summer party",
            "the minutes of the staff meeting from my notes",
            "a friendly reminder about unpaid canteen bills",
        ),
        concepts=("folder path", "semicolon file", "macro"),
        insights=(
            "the franking machine wants the postcode first, so sort on that before the merge",
            "part-timers accrue by hours and not days, the rota must count shifts",
            "retention for visitor slips is ninety days, so build the deletion in",
        ),
        checks=(
            "Check the first, the last and one middle letter against the list.",
            "Make sure nobody has two Fridays in a row, counting swaps.",
            "Verify that retired colleagues are off the distribution list.",
        ),
        corrections=(
            "No, the works council gets it first, then the staff. The order matters here.",
            "That's the delivery address. Invoices go to the head office.",
        ),
        misbeliefs=(
            (
                "is the terminal the same as the internet",
                "No, the terminal is a window for typing commands to your own computer.",
            ),
            (
                "I thought saving as csv keeps the colours",
                "CSV keeps only the text of the cells, so colours and formulas are gone after saving.",
            ),
        ),
        hints=(
            "I'm at the front desk, so I may be called away.",
            "My boss needs the list for the post at four.",
            "I do the secretarial work for two departments.",
        ),
        memory="# Front desk\nHelpers for the secretary's office. The user is not technical: explain every step.\n",
    ),
    Domain(
        key="food_bank",
        occupation="21",
        toolchain="typescript",
        folders=("foodbank-shifts", "volunteer-board", "outreach"),
        files=(
            "src/shifts.ts",
            "src/pages/SignUp.tsx",
            "src/reminders.ts",
            "content/welcome.md",
            "data/volunteers.csv",
        ),
        things=("shifts", "volunteers", "deliveries"),
        parts=("the shift sign-up", "the reminder mails", "the delivery list"),
        symptoms=(
            "volunteers get two reminders for one shift",
            "the sign-up lets people book full shifts",
            "families with two addresses are listed twice",
            "the page is unreadable on old phones",
        ),
        features=(
            "a sign-up without an account",
            "a waiting list per shift",
            "a list of allergies for the packers",
            "a page in Arabic and Ukrainian",
        ),
        questions=(
            "how other food banks plan their pick-ups",
            "which shifts are always short of people",
            "what the funding report needs from us",
        ),
        findings=(
            "most fix the route and let volunteers choose the day",
            "the Thursday evening shift, in every month since January",
            "households by size and postcode area, no names",
        ),
        numbers=("how many households came per week and size", "how many volunteers come back after the first shift"),
        documents=(
            "a grant application for the cold store",
            "a thank-you letter to the bakery",
            "a handout for families on opening hours",
        ),
        concepts=("hosting", "form field", "backup"),
        insights=(
            "need peaks in the last week before benefits are paid, plan shifts on the calendar of the agency",
            "anyone who must prove need doesn't come back, so no documents at the first visit",
            "safeguarding says two adults per delivery, the plan has to refuse single sign-ups",
        ),
        checks=(
            "Check that the list for drivers holds no reason for the visit.",
            "Make sure minors can't sign up for the evening shift.",
            "Verify the report counts households and not visits.",
        ),
        corrections=(
            "No, clients and volunteers must never be in one table here.",
            "A referral isn't consent. We ask again before we store anything.",
        ),
        misbeliefs=(
            (
                "hosting costs nothing if the page is small, I was told",
                "Small pages can be hosted for free, but the mails and the sign-up need a paid service.",
            ),
            (
                "when I close the laptop the page is off, isn't it",
                "The page runs on a server elsewhere, so it stays online when your laptop is closed.",
            ),
        ),
        hints=(
            "I coordinate the volunteers at the food bank.",
            "We social workers are not computer people, sorry.",
            "The city's funding officer visits on Wednesday.",
        ),
        memory="# Volunteer board\nFor a food bank in a mid-sized town. Coordinator: a social worker.\n"
        "Families' data stays out of this repository.\n",
    ),
    Domain(
        key="restaurant",
        occupation="35",
        toolchain="python",
        folders=("menu-costs", "kitchen-stock", "reservations"),
        files=("kitchen/costs.py", "kitchen/stock.py", "menu/autumn.md", "kitchen/orders.py", "data/prices.csv"),
        things=("dishes", "stock items", "reservations"),
        parts=("the dish costing", "the order list", "the reservation book"),
        symptoms=(
            "the order list asks for forty kilos of saffron",
            "dishes with two sauces cost nothing",
            "the allergen table forgets celery",
            "reservations after midnight land on the wrong day",
        ),
        features=(
            "a costing sheet per dish with waste",
            "an order list for Monday's market",
            "an allergen table for the menu",
            "a plan of which mise en place is due when",
        ),
        questions=(
            "how to price a dish with three garnishes",
            "which dishes lose money",
            "what the supplier file means with 'CTN'",
        ),
        findings=(
            "take portion cost with trim loss, divide by the target ratio, then round to the menu's steps",
            "the scallops and the lamb, both since the price change in May",
            "a carton, and it holds six or twelve depending on the item",
        ),
        numbers=("food cost ratio per dish and week", "how many covers we do per service and weekday"),
        documents=("the autumn menu with descriptions", "a reply to a bad review", "a job ad for a sous-chef"),
        concepts=("spreadsheet formula", "decimal point", "folder"),
        insights=(
            "whole fish yields 45%, cost on the trimmed weight or every fish dish lies",
            "staff meals and breakage are 3% here, put it on top before you set the price",
            "the braise holds two days, the jus four, so batch sizes can't follow covers alone",
        ),
        checks=(
            "Check that trim loss is applied once and not for each component.",
            "Make sure celery shows in everything with the house stock.",
            "Verify the deposit on bottles isn't in the dish cost.",
        ),
        corrections=(
            "No, that's gross margin. Food cost is cost over net price, without VAT.",
            "You can't swap butter for ghee in the allergens, both are milk.",
        ),
        misbeliefs=(
            (
                "the comma in the price is only decoration",
                "The comma matters: the program reads 3,50 as text, so the dish came out as free.",
            ),
            (
                "python sounds dangerous, is it safe to install",
                "Python is an ordinary, safe programming language; I'll show you where to get it.",
            ),
        ),
        hints=(
            "Service starts at six, I'm in the kitchen from four.",
            "I run the pass, my wife does the books.",
            "We're twelve tables and a very small kitchen.",
        ),
        memory="# Menu costs\nA restaurant's kitchen sheets, used between services.\nPrices net, in euros.\n",
    ),
    Domain(
        key="site_cost",
        occupation="47",
        toolchain="python",
        folders=("site-estimates", "concrete-schedule", "bid-sheets"),
        files=(
            "estimate/quantities.py",
            "estimate/rates.py",
            "estimate/bid.py",
            "notes/site-diary.md",
            "data/rates.csv",
        ),
        things=("line items", "deliveries", "work packages"),
        parts=("the quantity take-off", "the rate table", "the pour schedule"),
        symptoms=(
            "the take-off counts openings as wall",
            "the bid is short by the whole scaffolding",
            "concrete orders land on a Sunday",
            "rates from the new list are ignored",
        ),
        features=(
            "a pour schedule that respects curing times",
            "a sheet that compares three subcontractors",
            "a daily report from the site diary",
            "a retention column per subcontractor",
        ),
        questions=(
            "how the old sheet got to its formwork area",
            "which items the client measures differently",
            "where waste is added",
        ),
        findings=(
            "it takes both faces of the wall and leaves the kickers out",
            "openings over 2.5 square metres, which we deduct and they don't",
            "twice: once on the quantity and once in the rate",
        ),
        numbers=("what we lost per package on the last job", "how labour hours per cubic metre developed"),
        documents=(
            "a delay notice to the client",
            "a method statement for the excavation",
            "a toolbox talk on working at height",
        ),
        concepts=("cell reference", "program version", "PDF export"),
        insights=(
            "striking times depend on strength and not on days, in November you wait twice as long",
            "small pours carry the short-load surcharge, below four cubes it doubles the rate",
            "the client measures net of openings over 2.5, we pay the gang gross",
        ),
        checks=(
            "Check the kickers are in the formwork and out of the concrete.",
            "Verify that no pour needs more than two trucks an hour, the gate can't take it.",
            "Make sure retention is taken before tax.",
        ),
        corrections=(
            "No, lap lengths add eight per cent to the steel, you left them out.",
            "Daywork isn't in the rates. It goes below the line.",
        ),
        misbeliefs=(
            (
                "the program should see the price on the pdf, I can see it too",
                "The PDF is a scan, so to the program there's only an image and no price.",
            ),
            (
                "I closed it without saving but it should remember",
                "Unsaved changes are gone once it's closed, so the old rates came back.",
            ),
        ),
        hints=(
            "I'm on site till four, no signal in the pit.",
            "The tender is in by Thursday noon.",
            "Been a foreman for twenty years, never wrote a program.",
        ),
        memory="# Site estimates\nA building contractor's bid sheets. Metric. Rates by the regional list.\n",
    ),
    Domain(
        key="freight",
        occupation="53",
        toolchain="python",
        folders=("route-planner", "freight-desk", "depot-slots"),
        files=("routes/plan.py", "routes/windows.py", "routes/vehicles.py", "data/stops.csv", "routes/report.py"),
        things=("stops", "tours", "pallets"),
        parts=("the tour planning", "the time windows", "the loading list"),
        symptoms=(
            "the plan sends a 40-tonner through the old town",
            "stops with a morning window are put last",
            "the driver's break is planned in the middle of unloading",
            "pallet counts on the loading list don't match the orders",
        ),
        features=(
            "a rule for driving times and breaks",
            "loading in reverse order of stops",
            "a message to the consignee when a tour is late",
            "a cost per stop",
        ),
        questions=(
            "how the planner weighs distance against windows",
            "which customers cause the waiting times",
            "what happens with stops that don't fit",
        ),
        findings=(
            "a missed window costs as much as 40 kilometres, whatever the customer",
            "three of them make up 60% of all waiting minutes",
            "they drop off the list in silence and nobody is told",
        ),
        numbers=("waiting minutes per customer and weekday", "empty kilometres by depot"),
        documents=("a note to the drivers on the new breaks", "a complaint to the port about slot times"),
        concepts=("coordinates", "time zone", "loop"),
        insights=(
            "the tail lift takes 1.5 tonnes, heavy pallets need a dock whatever the window says",
            "rear-loaded means last in, first out, so the window order fixes the loading order",
            "a split break has to be fifteen then thirty, the other way round doesn't count",
        ),
        checks=(
            "Check a tour of ten hours with two drivers against the rest rules.",
            "Verify the axle load when the first stop takes the front pallets.",
            "Make sure hazardous goods never share a tour with food.",
        ),
        corrections=(
            "No, waiting at the ramp is other work and not rest.",
            "Those are stacking pallets, they take one and a half places and not one.",
        ),
        misbeliefs=(
            (
                "the map knows the bridge heights anyway",
                "The map service we use has no truck data, so low bridges have to come from another source.",
            ),
            (
                "the shortest way is always the cheapest one",
                "The shortest way isn't always cheapest: tolls and waiting outweigh it on two of these tours.",
            ),
        ),
        hints=(
            "I dispatch thirty trucks, the phone rings all day.",
            "Drivers leave the yard at four in the morning.",
            "The depot manager wants the figures on paper.",
        ),
        memory="# Route planner\nFreight desk of a regional carrier. Dispatchers use it from five in the morning.\n",
    ),
    Domain(
        key="orchard",
        occupation="45",
        toolchain="python",
        folders=("orchard-sensors", "irrigation-log", "harvest-plan"),
        files=("farm/moisture.py", "farm/valves.py", "farm/frost.py", "data/blocks.csv", "farm/report.py"),
        things=("sensor readings", "blocks", "spray records"),
        parts=("the frost alarm", "the irrigation plan", "the spray record"),
        symptoms=(
            "the frost alarm rings at noon",
            "sensor seven reports 300% soil moisture",
            "valves stay open when the radio link drops",
            "the spray record loses the waiting period",
        ),
        features=(
            "a wet-bulb frost alarm",
            "an irrigation plan per block from the last ten days",
            "a spray record that the inspector accepts",
            "a picking plan by variety",
        ),
        questions=("why block C is always too wet", "how the logger stores its times", "what the valve file means"),
        findings=(
            "its two sensors sit below the dripper, so they measure the drip and not the soil",
            "in local time without summer time, which explains the hour",
            "one line per valve, and the third number is minutes and not litres",
        ),
        numbers=("water per block and week against rain", "how yield went with thinning date"),
        documents=("the record for the certification visit", "an order letter to the nursery"),
        concepts=("time stamp", "serial port", "text file"),
        insights=(
            "it's the wet bulb that burns the blossom, dry air at plus one is worse than minus one in fog",
            "tension and not water content, our clay holds thirty per cent and the tree still starves",
            "don't stop sprinkling at zero, the ice has to melt off first or you lose more than without",
        ),
        checks=(
            "Check the alarm on a night with wind, the lower sensor lags.",
            "Make sure the waiting period counts from the last treatment of the block.",
        ),
        corrections=(
            "No, bloom stage shifts the critical temperature, minus two is fine in green tip.",
            "That product isn't allowed in stone fruit. Take it off the list.",
        ),
        misbeliefs=(
            (
                "the sensor sends litres I think",
                "It sends a raw value that needs calibration, it isn't litres.",
            ),
            (
                "the laptop must stay in the field for that?",
                "No, the logger keeps the data itself; the laptop only has to fetch it.",
            ),
        ),
        hints=(
            "I'm out on the tractor most of the day.",
            "Frost night ahead, so it has to run by ten.",
            "The fruit growers' co-op pays for the loggers.",
        ),
        memory="# Orchard sensors\nFamily orchard, 14 hectares of apples and pears. Loggers write every ten minutes.\n",
    ),
    Domain(
        key="machines",
        occupation="49",
        toolchain="python",
        folders=("vibration-log", "pump-maintenance", "spare-parts"),
        files=("maint/spectrum.py", "maint/alarms.py", "maint/orders.py", "data/bearings.csv", "maint/report.py"),
        things=("work orders", "bearings", "readings"),
        parts=("the alarm limits", "the spare-part list", "the spectrum plot"),
        symptoms=(
            "every pump is in alarm on Monday morning",
            "the spectrum has no peak where the bearing fault must be",
            "work orders are closed twice",
            "part numbers with leading zeros lose them",
        ),
        features=(
            "alarm limits per machine instead of one for all",
            "a list of parts that are due within thirty days",
            "a trend plot for each bearing",
            "a shift handover sheet",
        ),
        questions=(
            "how the tool gets from raw signal to velocity",
            "which machines fail soon after service",
            "where the limits come from",
        ),
        findings=(
            "by integrating twice without removing the drift first",
            "the two transfer pumps, both times within a week of alignment",
            "from a table for rigid foundations, ours are on springs",
        ),
        numbers=("time between failures per pump type", "how many orders were urgent per line"),
        documents=("a service instruction for the gearbox", "a handover note for the night shift"),
        concepts=("sampling rate", "file encoding", "average"),
        insights=(
            "cold start puts everything above limit, take readings after twenty minutes only",
            "sampling at 2 kHz you can't see the outer race at 1.6, you need 2.56 times that",
            "a bearing at end of life gets quieter before it goes, so the trend alone fools you",
        ),
        checks=(
            "Check the window length against the shaft speed, we need eight turns.",
            "Verify the sensor is on the load side for the horizontal pumps.",
        ),
        corrections=(
            "No, that's twice line frequency and not misalignment. Measure with power off.",
            "Grease interval goes by running hours and not by calendar.",
        ),
        misbeliefs=(
            (
                "a higher average always means a broken bearing",
                "Not always: the average also rises with speed, and this pump runs faster since March.",
            ),
            (
                "Excel eats the zeros because the file is damaged",
                "The file is fine: Excel treats part numbers as numbers and drops leading zeros.",
            ),
        ),
        hints=(
            "I'm the fitter on early shift, hands full of grease.",
            "Line 3 is down till this works.",
            "Our maintenance planner wants it in the shift book.",
        ),
        memory="# Vibration log\nMaintenance workshop of a paper mill. Fitters read the output on a shared screen.\n",
    ),
)

BY_KEY = {domain.key: domain for domain in DOMAINS}
