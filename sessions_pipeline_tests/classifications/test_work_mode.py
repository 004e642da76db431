"""Work mode: each case is worded after a rule of the study, which is quoted or restated beside it."""

from __future__ import annotations

import pytest

from sessions_pipeline.sessions.transcript import Turn
from sessions_pipeline_tests.classifications.sessions import agent, error, human, label, ok, session, tool
from sessions_pipeline_tests.classifications.sessions import answers as answers_of


def mode(*turns, **telemetry) -> str | None:  # type: ignore[no-untyped-def]
    return label("work_mode", *turns, **telemetry)


def test_new_working_code_is_build() -> None:
    assert (
        mode(
            human("Add a page where members can change their password, with a form and validation."),
            agent(
                "I'll add the password page.",
                tool("Read", "src/routes.tsx"),
                ok("export const routes = ["),
                tool("Write", "src/pages/ChangePassword.tsx"),
                ok("File created"),
                tool("Edit", "src/routes.tsx"),
                ok("updated"),
                "The page is in place and linked from the profile.",
            ),
            lines_added=140,
        )
        == "build"
    )


def test_refactoring_is_build() -> None:
    """Refactors, migrations and speed-ups are building."""
    assert (
        mode(
            human("Refactor the billing module into smaller classes, the behaviour must stay the same."),
            agent(
                tool("Read", "billing/invoice.py"),
                ok("class Invoice:"),
                tool("Edit", "billing/invoice.py"),
                ok("updated"),
                tool("Write", "billing/lines.py"),
                ok("created"),
                "Split into three classes.",
            ),
            lines_added=90,
            lines_removed=80,
        )
        == "build"
    )


def test_slow_but_correct_code_is_build_not_fix() -> None:
    """Slow or ugly but correct code is build."""
    assert (
        mode(
            human("The report query takes 40 seconds. Optimize it, it should take less than two."),
            agent(
                tool("Read", "reports/monthly.py"),
                ok("def monthly():"),
                tool("Edit", "reports/monthly.py"),
                ok("updated"),
                "It now joins once instead of once per row.",
            ),
            lines_added=12,
            lines_removed=20,
        )
        == "build"
    )


def test_a_crash_that_is_repaired_is_fix() -> None:
    assert (
        mode(
            human("The app crashes with a null pointer when the cart is empty. Please fix it."),
            agent(
                tool("Grep", "cart.items"),
                ok("src/cart.ts:14"),
                tool("Read", "src/cart.ts"),
                ok("items.length"),
                "The bug is an unchecked access: items is undefined before the first load.",
                tool("Edit", "src/cart.ts"),
                ok("updated"),
                "Fixed: the cart now starts out empty instead of undefined.",
            ),
            lines_added=3,
            lines_removed=1,
        )
        == "fix"
    )


def test_a_question_that_ends_in_a_repair_is_fix() -> None:
    """If the search ends in a repair, it is fix."""
    assert (
        mode(
            human("Why does the export write wrong totals?"),
            agent(
                tool("Read", "src/export.py"),
                ok("total = sum(rows)"),
                "Found the bug: refunds are counted as sales.",
                tool("Edit", "src/export.py"),
                ok("updated"),
                "The problem was the sign of refunds. Fixed the sum.",
            ),
            lines_added=2,
            lines_removed=2,
        )
        == "fix"
    )


def test_a_search_that_changes_nothing_is_understand() -> None:
    """Knowledge is the result, and no change follows."""
    assert (
        mode(
            human("How does the session cache decide what to evict? Explain it to me."),
            agent(
                tool("Grep", "evict"),
                ok("src/cache.py:88"),
                tool("Read", "src/cache.py"),
                ok("def evict(self):"),
                "It keeps a queue ordered by last access and drops the oldest entry once the limit is reached. " * 3,
            ),
        )
        == "understand"
    )


def test_writing_tests_is_test() -> None:
    assert (
        mode(
            human("Write unit tests for the date parser, cover the leap years."),
            agent(
                tool("Read", "src/dates.py"),
                ok("def parse"),
                tool("Write", "tests/test_dates.py"),
                ok("created"),
                tool("Bash", "pytest tests/test_dates.py"),
                ok("12 passed"),
                "Twelve tests, all pass.",
            ),
            lines_added=80,
            test_runs=1,
            last_test_passed=True,
        )
        == "test"
    )


def test_repairing_the_program_after_a_red_test_is_fix_not_test() -> None:
    """Repairing the app after a red test is fix."""
    assert (
        mode(
            human("test_checkout is failing since yesterday, please fix the bug in the checkout code."),
            agent(
                tool("Bash", "pytest tests/test_checkout.py"),
                error("Exit code 1 1 failed"),
                tool("Read", "shop/checkout.py"),
                ok("def pay"),
                "The problem is a rounding error in the tax.",
                tool("Edit", "shop/checkout.py"),
                ok("updated"),
                tool("Bash", "pytest tests/test_checkout.py"),
                ok("9 passed"),
                "Fixed, the tests pass again.",
            ),
            lines_added=4,
            lines_removed=3,
            test_runs=2,
            last_test_passed=True,
        )
        == "fix"
    )


def test_a_review_is_test() -> None:
    """Review, QA and security audits are testing."""
    assert (
        mode(
            human("Review this pull request and audit it for security vulnerabilities."),
            agent(
                tool("Bash", "gh pr view 12"),
                ok("title: add login"),
                tool("Bash", "gh pr diff 12"),
                ok("diff"),
                tool("Read", "src/login.ts"),
                ok("code"),
                "Two findings: the token is logged, and the redirect is not checked. " * 3,
            ),
        )
        == "test"
    )


def test_a_deployment_is_operate() -> None:
    assert (
        mode(
            human("Set up docker for the api and deploy it to the server."),
            agent(
                tool("Write", "Dockerfile"),
                ok("created"),
                tool("Bash", "docker build -t api ."),
                ok("built"),
                tool("Bash", "docker compose up -d"),
                ok("started"),
                "The api is running in a container.",
            ),
            lines_added=20,
        )
        == "operate"
    )


def test_setting_up_a_machine_is_operate() -> None:
    assert (
        mode(
            human("install postgres on this machine and configure it to start at boot"),
            agent(
                tool("Bash", "sudo apt-get install -y postgresql"),
                ok("done"),
                tool("Bash", "sudo systemctl enable postgresql"),
                ok(""),
                "Installed and enabled.",
            ),
        )
        == "operate"
    )


def test_a_design_document_is_plan() -> None:
    """The deliverable is a decision or document, not code."""
    assert (
        mode(
            human("Let's think about the architecture for multi-tenancy. What are the trade-offs? Write a design doc."),
            agent(
                tool("Read", "src/db.py"),
                ok("engine"),
                tool("Write", "docs/design/multi-tenancy.md"),
                ok("created"),
                "Three options with their trade-offs are in the document; I recommend one schema per tenant.",
            ),
            lines_added=120,
        )
        == "plan"
    )


def test_an_insight_from_data_is_analyze() -> None:
    """Code is a means to an insight."""
    assert (
        mode(
            human("Analyze sales.csv: how did revenue per region develop? Plot the trend and compare the averages."),
            agent(
                tool("Bash", "python -c 'import pandas as pd; df = pd.read_csv(\"sales.csv\"); print(df.describe())'"),
                ok("count 1200"),
                tool("Write", "analysis/trend.ipynb"),
                ok("created"),
                "Revenue grew everywhere but in the north, where the average fell by a tenth.",
            ),
            lines_added=60,
        )
        == "analyze"
    )


def test_an_artefact_for_a_model_is_orchestrate() -> None:
    """The deliverable is itself an AI artefact."""
    assert (
        mode(
            human("Improve the system prompt of our support bot and write an eval harness with a rubric for it."),
            agent(
                tool("Read", "prompts/support_prompt.md"),
                ok("You are"),
                tool("Edit", "prompts/support_prompt.md"),
                ok("updated"),
                tool("Write", "evals/rubric.md"),
                ok("created"),
                "The prompt is shorter and the rubric has five criteria.",
            ),
            lines_added=50,
        )
        == "orchestrate"
    )


def test_an_app_that_merely_calls_a_model_is_build() -> None:
    """An app that happens to call a model is build."""
    assert (
        mode(
            human("Add an endpoint that sends the question to the language model api and returns the answer as json."),
            agent(
                tool("Read", "api/server.ts"),
                ok("express"),
                tool("Edit", "api/server.ts"),
                ok("updated"),
                tool("Write", "api/ask.ts"),
                ok("created"),
                "The endpoint is there.",
            ),
            lines_added=70,
        )
        == "build"
    )


def test_words_for_people_are_communicate() -> None:
    assert (
        mode(
            human("Write an email to the landlord about the broken heating. Friendly tone, three paragraphs."),
            agent("Here is a draft:\n\nDear Mr Brown,\n\n" + "the heating has not worked since Monday. " * 8),
        )
        == "communicate"
    )


def test_the_work_decides_not_the_first_message() -> None:
    """The label follows the activity that takes the most meaningful work, whatever the first prompt asked for."""
    edits = [line for n in range(9) for line in (tool("Edit", f"src/part{n}.ts"), ok("updated"))]
    assert (
        mode(
            human("What does the settings page do?"),
            agent(tool("Read", "src/settings.ts"), ok("code"), "It stores the colours."),
            human("Good. Now implement dark mode: add a toggle, build the theme provider and change every component."),
            agent("I'll implement dark mode.", *edits, "Dark mode is implemented."),
            lines_added=400,
        )
        == "build"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Arregla el error, la aplicación no funciona cuando guardo", "fix"),
        ("Behebe den Fehler, die Anwendung stürzt beim Speichern ab", "fix"),
        ("Corrige le bug, l'application plante quand j'enregistre", "fix"),
        ("Conserta o erro, o aplicativo trava quando eu salvo", "fix"),
        ("Correggi l'errore, l'applicazione non funziona quando salvo", "fix"),
        ("Исправь ошибку, приложение падает при сохранении", "fix"),
        ("修复这个错误,保存的时候崩溃了", "fix"),
        ("修復這個錯誤,儲存的時候崩潰了", "fix"),
        ("保存するとエラーで落ちるバグを修正して", "fix"),
        ("저장할 때 오류가 나는 버그를 고쳐줘", "fix"),
        ("Añade una página de perfil con un botón nuevo", "build"),
        ("Füge eine Profilseite mit einem neuen Knopf hinzu und implementiere sie", "build"),
        ("Ajoute une page de profil et crée un bouton", "build"),
        ("Adiciona uma página de perfil e cria um botão novo", "build"),
        ("Добавь страницу профиля и создай кнопку", "build"),
        ("添加一个个人资料页面,实现新的按钮", "build"),
        ("プロフィールページを追加して、ボタンを実装してください", "build"),
        ("프로필 페이지를 추가하고 버튼을 구현해줘", "build"),
    ],
)
def test_other_languages(words: str, expected: str) -> None:
    turns = (
        human(words),
        agent(tool("Read", "src/app.ts"), ok("code"), tool("Edit", "src/app.ts"), ok("updated")),
    )
    assert mode(*turns, lines_added=8) == expected


def test_the_evidence_says_what_was_asked_and_what_was_done() -> None:
    answer = answers_of(
        session(
            human("Fix the crash in the login."),
            agent(tool("Edit", "src/login.ts"), ok("updated"), "Fixed."),
            lines_added=2,
        )
    )["work_mode"]
    assert {"asked_to_fix", "work_done_to_fix"} <= set(answer.evidence)


def test_what_is_found_out_from_documents_and_the_web_is_general_knowledge_work() -> None:
    """The same question inside a code base seeks to understand it; a search through files is no sign of code."""
    question = human("Which of these is the longest, and what does it say about holidays?")

    def answered(*read: str) -> Turn:
        return agent(*read, "It is the second one: everyone gets two more days from next year on.")

    papers = answered(
        tool("Glob", "**/*"), ok("3 files"), tool("Read", "handbook/leave.docx"), ok("text"), tool("WebSearch", "leave")
    )
    code = answered(tool("Glob", "**/*"), ok("3 files"), tool("Read", "src/leave.py"), ok("code"))
    assert label("work_mode", question, papers) == "communicate"
    assert label("work_mode", question, code) == "understand"
