"""How the agent words what it does: announcements, narration between tool calls, findings, reports.

Templates have slots that `dialogue.py` fills from the session's domain and from what the agent did.
"""

from __future__ import annotations

INTROS: dict[str, tuple[str, ...]] = {
    "fix": (
        "I'll reproduce this first and then look for the cause.",
        "Let me look at {part} and at what happens to the {things} there.",
        "I'll start with {file}, that is where the symptom shows.",
        "Before changing anything I want to see it fail.",
    ),
    "build": (
        "I'll look at how {part} is put together, then add it in the same style.",
        "Good, let me see what is there to build on.",
        "I'll begin with the data side of {feature} and work towards the surface.",
        "Let me check the conventions in {file} first.",
    ),
    "understand": (
        "I'll read through it and follow the {things} from start to end.",
        "Let me trace that without changing anything.",
        "I'll start at {file} and follow the calls.",
    ),
    "plan": (
        "I'll look at the current state, then write down the options.",
        "Let me first see what {part} depends on.",
        "I'll collect the constraints before proposing anything.",
    ),
    "test": (
        "I'll read {file} first to see which cases matter.",
        "Let me see what is covered today and what isn't.",
        "I'll go through {part} case by case.",
    ),
    "operate": (
        "Let me check the state of the machine first.",
        "I'll look at the configuration and at the last run.",
        "First I want to know what is installed and what is running.",
    ),
    "analyze": (
        "I'll look at the data first: rows, gaps, types.",
        "Let me load the {things} and check them before computing anything.",
        "I'll start with a few plain counts.",
    ),
    "orchestrate": (
        "I'll look at the existing prompts and at a handful of real {things}.",
        "Let me write down what a good answer is before writing the prompt.",
        "I'll start from the failures, they tell what the instruction must say.",
    ),
    "communicate": (
        "I'll draft it from what you gave me.",
        "Let me read your notes first.",
        "Here is a first version.",
    ),
}

# Steps stand in the order in which a plan would have them
PLAN_STEPS_CODE = (
    "read {file} to see the current flow",
    "reproduce it with the smallest possible input",
    "start with the simple version and measure",
    "change {part} in one place only",
    "move the rule out of the display code",
    "handle empty {things} explicitly",
    "leave old {things} untouched and convert on read",
    "keep the public interface as it is",
    "add a case that would have shown it",
    "run the checks again at the end",
)
PLAN_STEPS_TEXT = (
    "open with what changes for the reader",
    "keep one thought per paragraph",
    "use your figures and no others",
    "write it in plain words",
    "leave the history to the end",
    "close with the ask and a date",
)
PLAN_STEPS_OPERATE = (
    "look at what is installed and running",
    "try it on a copy first",
    "pin the versions",
    "do it in one step that can be taken back",
    "start it once by hand and watch it",
    "write the steps into the README",
)
PLAN_STEPS_ORCHESTRATE = (
    "collect real {things}, good and bad",
    "write down what a right answer is",
    "set aside examples to measure with",
    "write the shortest instruction that could work",
    "look at the failures by type",
)
PLAN_STEPS_DATA = (
    "check for duplicates before counting",
    "leave out incomplete months",
    "compare medians and not means",
    "show the counts beside each share",
    "keep every dropped row in a separate file",
)
PLAN_STEPS_READING = (
    "read {file} from top to bottom",
    "follow one of the {things} through {part}",
    "look for everything that writes `{field}`",
    "compare with what the README says",
    "note each place with its line number",
)

NARRATION: dict[str, tuple[str, ...]] = {
    "read": (
        "Let me read {file}.",
        "I'll look at {file} next.",
        "Now the code that calls it.",
        "Let me see how {part} does it.",
        "That leads to {file}.",
    ),
    "search": (
        "Searching for every place that uses `{fn}`.",
        "Let me find where {things} are created.",
        "I'll check who else depends on this.",
        "Looking for other uses of `{field}`.",
    ),
    "edit": (
        "Now the change itself.",
        "I'll put this into {file}, close to where the {things} come in.",
        "Adapting {file}.",
        "I'll make `{field}` explicit here instead of guessing it.",
        "This is the place: `{fn}` in {file}.",
    ),
    "write": (
        "I'll write this to {file}.",
        "Creating {file}.",
        "That deserves a file of its own.",
    ),
    "shell": (
        "Let me run that.",
        "Checking the result.",
        "I'll try it with the sample.",
        "Let me see what it prints.",
        "Running it once more.",
    ),
    "peek": (
        "Let me see what's there.",
        "A quick look at the files.",
        "What does it look like right now?",
        "Checking the state of the folder.",
    ),
    "test": (
        "Let me run the tests.",
        "Now the tests.",
        "Running the tests to be sure.",
    ),
    "list": (
        "Let me see which files there are.",
        "What else belongs to {part}?",
        "Looking for the files around it.",
    ),
    "web": (
        "Let me look that up.",
        "I'll check the documentation for this.",
    ),
    "todo": ("I'll keep a list, this has several parts.", "Updating the list."),
    "agent": (
        "I'll let a sub-agent search the rest in the meantime.",
        "I'll hand the survey of {part} to a sub-agent.",
    ),
}
BEFORE_EDIT_ERROR = (
    "Adapting {file}.",
    "Now the change in {file}.",
)
BEFORE_FILE_ERROR = (
    "Is there a local configuration?",
    "Let me check for settings first.",
)
BEFORE_HOOK_ERROR = ("Committing this.", "Let me commit.")
LOOPING = (
    "Still the same result. Let me try another way.",
    "Not this either. I'll go one step back.",
    "The same error again; the cause must lie elsewhere.",
    "That change made no difference, so I'll undo it.",
)
LOOPING_READING = (
    "Not there either.",
    "That's a dead end; one step back.",
    "I still don't see where `{field}` comes from.",
    "This only calls the next one. Further down.",
)
NARRATION_TEXT = (
    "Let me read {file}.",
    "What does {file} say about it?",
    "First {file}.",
    "I'll check the facts in {file}.",
)
EXECUTION_CHOICES_OPERATE = (
    "I pin it to the version that runs today.",
    "I put it into {file}, so that it's under version control.",
    "I give the service an account of its own.",
    "I let it restart by itself, with a pause of {k} seconds.",
    "I take the plain shell for this; a tool more is a tool to maintain.",
    "I do it in two steps, so that the first can be taken back.",
)
EXECUTION_CHOICES_DATA = (
    "I use medians; a few very large values would pull the mean.",
    "I count each id once.",
    "I group by calendar month.",
    "I leave out the last month, it isn't complete.",
    "I keep the dropped rows in a file of their own.",
    "I sort by `{other}` so that the table is stable.",
)
EXECUTION_CHOICES = (
    "I'll put the rule into `{fn}` in {file}.",
    "I use the standard library for this, it's enough.",
    "I named it `{fn}`, in line with its neighbours.",
    "I keep `{field}` as text and convert it at the edge.",
    "I sort by `{other}` so that the output is stable.",
    "I write to a temporary file first and then move it.",
    "I chose a small table over a chain of conditions.",
    "I put the new case next to the existing ones in {file}.",
)
EXECUTION_CHOICES_TEXT = (
    "I chose a plain heading and short paragraphs.",
    "I put the figures into a list.",
    "I left out the abbreviations.",
    "I moved the background into the last paragraph.",
    "I wrote it in the first person plural.",
)
THOUGHTS = (
    "The user wants {goal}. I should look at {file} first, then decide whether {part} is really the place.",
    "Two explanations are possible: the {things} arrive wrong, or {part} reads them wrong. A print will tell.",
    "I have what I need from {file}. The change is small, but `{field}` is used in a second place.",
    "They asked for {goal}. Let me not touch anything beyond that.",
    "The output is not what I expected. Is `{field}` empty here, or is it filtered out before?",
    "Before I answer I should check whether `{fn}` is called with an empty list.",
)
CAUSES = (
    "`{fn}` reads `{field}` before it is set",
    "an old rule for {things} is applied a second time in {file}",
    "the value is rounded once too often",
    "a missing `{field}` is treated as zero",
    "the list is changed while it is being read",
    "the comparison mixes text and numbers",
    "the lookup ignores upper and lower case",
    "a default from {file} wins over the setting",
)
ANSWERS = (
    "The files are {file} and {file2}. Nothing else was changed.",
    "Yes. `{fn}` runs first, and only then is anything written.",
    "No, that isn't needed. {Part_} takes care of it.",
    "It's in {file}; you'll find it under the name `{fn}`.",
    "For existing {things} nothing changes; the rule only applies to new ones.",
    "It costs about {k} milliseconds for each of the {things}, so even the largest case stays below a minute.",
    "Because {part} is where the {things} come in. Further down the `{field}` is no longer known.",
    "That's normal here. Most of the time goes into reading the {things}.",
)
SORRY = (
    "Understood. I'm sorry that it didn't work out.",
    "All right. The changes are still there if you want them back.",
)
WELCOME = ("You're welcome.", "Glad to hear it.", "Good to know, thank you.", "Glad that helps.")
GO = ("On it.", "Good, next step.", "Continuing.", "All right.")
CHECKED = (
    "I went through it again: it holds.",
    "Checked once more, from the input to the result. I found nothing that's off.",
    "Yes. I ran it again and compared the result with the sample.",
    "I checked again. One message was unclear, I reworded it; the rest is as it should be.",
)
FOUND = (
    "Here's what I found: {cause}. Nothing is changed yet.",
    "As far as I can see, {cause}. I'd start there.",
    "My finding so far: {cause}.",
    "The trail leads to {file}: {cause}.",
)
FOLLOWED_FIX = (
    "That one is repaired too: {cause}.",
    "Same family of bug: {cause}. It's fixed in {file}.",
    "Fixed. It wasn't related to the first one; here {cause}.",
)
FOLLOWED_OPERATE = (
    "Done, that runs as well.",
    "Set up and tried once.",
    "It's in place; the check at the end is green.",
)
FOLLOWED_TESTS = ("Added, in the same file.", "The case is covered now.", "{Part_} is done too.")
FOLLOWED = (
    "Done, that's in as well.",
    "Changed as you asked, in {file}.",
    "That part is finished too.",
    "This works the same way now: {feature}.",
    "Added. It's in {file}, next to the first part.",
)
DONE: dict[str, tuple[str, ...]] = {
    "fix": (
        "Found and fixed. The cause: {cause}.",
        "That's repaired now. It went wrong because {cause}.",
        "The problem is solved: {cause}, and I changed that in {file}.",
    ),
    "build": (
        "{Feature}: done, in {file}.",
        "This is in place now. What you get: {feature}.",
        "Finished. {Part_} now offers {feature}.",
    ),
    "understand": (
        "Short answer: {finding}.",
        "Here is what I found: {finding}.",
        "In one sentence: {finding}.",
    ),
    "plan": (
        "The plan is in {doc_file}. My recommendation: start small with {part} and add {feature} second.",
        "Here's the plan. The main decision is whether {part} stays in one piece; I'd say yes.",
    ),
    "test": (
        "I added tests for {part}; they cover empty input, duplicates and the boundary cases.",
        "Review done. The most important finding: {cause}.",
    ),
    "operate": (
        "It's up and running. I wrote down the steps as well.",
        "Done: the job went through, and it will do so again tomorrow.",
        "Everything is installed and answers as it should.",
    ),
    "analyze": (
        "On {number}: the median is {middle}, the middle half lies between {low} and {high}.",
        "Here's what the data say on {number}. Group A is ahead with {n} {things}; the others are close together.",
        "The table is ready. On {number}: little changed until March, then it went up by about {k} per cent.",
        "Done. For {number} I get {middle}, with {n} {things} behind it.",
    ),
    "orchestrate": (
        "The prompt and its examples are in place; on the {n} test {things} it's right {pct}% of the time.",
        "The agent is set up. On the held-out {things} it agrees with the reference in {pct}% of the cases.",
    ),
    "communicate": (
        "Here's the draft:",
        "This is how I would put it:",
        "The text is ready:",
    ),
}
BULLETS = (
    "`{file}`: `{fn}` now checks `{field}` before it is used",
    "`{file}`: the rule for {things} lives in one place",
    "`{file2}`: adapted to the new name",
    "empty {things} are skipped and counted",
    "`{other}` keeps its old meaning, so nothing else has to change",
    "the message names the row that is wrong",
    "a setting `{field}` with a default of {k}",
    "no change for {things} that are closed already",
)
BULLETS_OPERATE = (
    "`{file}`: versions are pinned",
    "`{file}`: the step for `{field}` runs before the start",
    "the service restarts by itself and waits {k} seconds in between",
    "secrets come from the environment and not from the file",
    "the log is kept for {k} days",
    "`{file2}`: the steps, for the next machine",
    "a check at the end says whether it answers",
)
BULLETS_ORCHESTRATE = (
    "the prompt: {k} lines, in a file of its own",
    "{k} examples in the prompt, {n} kept out to measure with",
    "the answer is JSON with a label and a reason",
    "'unclear' is allowed, and counted",
    "a script that runs all examples and prints what went wrong",
)
PARAGRAPHS_CODE = (
    "The main point is that {part} no longer guesses. It takes `{field}` as it comes, and refuses what it can't read "
    "with a message that names the line. That makes a wrong input visible at once instead of three steps later.",
    "I left {file2} as it was. It has a similar rule, but for another kind of {things}, and changing both at once "
    "would "
    "make it hard to see which change did what.",
    "One thing to know: {things} that came in before this change keep their old values. If you want them to follow the "
    "new rule, they have to be run again once.",
    "There are two ways to do this. One is to compute it when the {things} come in, the other when they are shown. I "
    "took the first, because the value is needed in {n} places and should be the same in all of them.",
    "If you want to go further, {feature} would be a natural next step; the structure is ready for it.",
    "For the record: `{fn}` is called from {file} and from {file2}. Both calls pass the same arguments, so the order "
    "of "
    "the {things} doesn't matter here.",
    "It's worth knowing that the run time is dominated by reading; the rule itself costs next to nothing. For {n} "
    "{things} it takes less than a second.",
    "What surprised me is that `{field}` may be empty. In the sample that is the case for {k} of {n} {things}, so it's "
    "not an accident, and I treat it as a case of its own.",
    "I considered doing it in {file2}, but by then the {things} have lost their `{other}`, and one would have to "
    "look it up a second time.",
    "Of {n} {things}, {k} take the new branch; the rest goes the old way and comes out the same as before.",
    "Names: I kept `{fn}` because three other places use it. If you prefer another one, it's a rename and nothing "
    "else.",
    "What I didn't touch: the output format, the order of the {things}, and everything about permissions.",
    "There's one assumption in it: `{field}` never changes once it's set. If that isn't so, tell me, because then "
    "the check has to move.",
    "Should something go wrong, the message says which of the {things} it was and stops. Nothing is written half way.",
    "The reason for the order of steps: the cheap checks come first, so most {things} never reach the slow part.",
    "I also looked for the same pattern in {part}. There it's harmless, since `{other}` is always given.",
)
PARAGRAPHS_FIX = (
    *PARAGRAPHS_CODE,
    "In numbers: before, {k} of {n} {things} were affected; now none is. The run takes as long as it did.",
    "To try it yourself: take a copy of {file2}, empty the `{field}` of the first entry and run it. Before, that "
    "went through in silence.",
)
PARAGRAPHS_OPERATE = (
    "To take it back: one command, it's in the README under 'Going back'. I tried it once.",
    "The versions are written down now, so the next installation gets the same ones.",
    "The old way still works until you switch it off. I'd leave it for a week.",
    "It runs under its own account and can only write where it has to.",
    "If it fails, you get a mail with the last twenty lines; before, nobody would have noticed.",
    "The whole thing takes about {k} seconds; most of that is the download.",
    "I left the settings in {file} as they were, apart from the one for `{field}`.",
    "On a fresh machine there are three steps: fetch it, install it, start it. They're in this order in the notes.",
    "Two warnings remain in the output. They come from a tool that we only pass through, and do no harm.",
)
PARAGRAPHS_ORCHESTRATE = (
    "Most of what goes wrong is of one kind: the {things} name two dates, and the prompt takes the first.",
    "I kept {k} examples out of the prompt to measure with. The number above is from those.",
    "The instruction is shorter than the old one. What it no longer says it didn't follow anyway.",
    "When nothing fits, the answer is now 'unclear', with a reason. That happens in {k} of {n} cases.",
    "The cost is about a tenth of a cent for each of the {things}.",
    "If you change the wording, run the examples again; two of them turn on a single word.",
)
PARAGRAPHS_TEXT = (
    "As of next month we change how we handle {things}. For most of you nothing changes; where it does, you'll hear "
    "from "
    "us in person.",
    "The reason is simple: {insight}. We have looked at this for some weeks and think that the new way is fairer.",
    "What we ask of you: have a look at the list of {things}, and tell us by the end of next week whether something is "
    "missing.",
    "We know that many of you are waiting for {feature}. It isn't part of this step, but it comes next, and we'd like "
    "to hear what matters most to you.",
    "Thank you for your patience over the last months. Without your remarks we wouldn't have noticed how much "
    "depends on "
    "{things}.",
    "If you have questions, please write to us or come by. We'd rather answer a question twice than leave it open.",
    "One point matters more than the rest: {insight}.",
    "Where we stand: the work on {part} is done, the rest follows step by step.",
    "What we want to find out next is {number}.",
    "A word on {part}: it stays as it is for now. We'll come back to it once the first step has settled.",
    "In short: less waiting, fewer questions, and {things} that everybody can rely on.",
    "Some of you asked about {concept}. There's nothing to do on your side; we take care of it.",
)
PARAGRAPHS_DATA = (
    "After removing {k} duplicates, {n} {things} remain. The middle half lies between {low} and {high}, the median is "
    "{middle}.",
    "| group | n | median | share |\n|---|---|---|---|\n| A | {n} | {middle} | {pct}% |\n| B | {k} | {low} | 12% |\n",
    "The difference is larger than chance would give: in 1,000 reshuffles only {k} came out as large.",
    "Take care with the last month: it's incomplete, and the {things} that are still open pull the mean down.",
    "I wrote the table to out/{thing}.csv and the chart to out/{thing}.png.",
    "How I counted: one row per entry in {file}, duplicates by `{field}` removed, empty dates left out.",
    "Without the three largest {things} the median falls from {high} to {middle}; the direction stays the same.",
    "I would not read much into the smallest group: with {k} {things} the interval runs from {low} to {high}.",
    "By month the value goes {low}, {middle}, {middle}, {high}; the jump comes with the change in `{other}`.",
    "A check by hand on ten random {things} gave the same figures as the table.",
    "{k} rows have no `{field}`. Counting them as zero would shift the mean by 4%, so I left them out and say so in "
    "the note.",
)
PARAGRAPHS_READING = (
    "The way of one of the {things}: it comes in through {file}, gets its `{field}` there, and is handed on unchanged "
    "until {part} looks at it.",
    "`{fn}` is the heart of it. It's short, but it decides three things at once, which is why it reads so badly.",
    "There are two sources for `{field}`: the file itself and a default. Where both exist, the file wins.",
    "What the name suggests and what it does differ here: `{fn}` doesn't change anything, it only picks.",
    "The order matters in one place only, in {file2}. Everywhere else the {things} are looked up by their id.",
    "The comment above `{fn}` describes an older state. The case it mentions can't occur any more.",
    "If you want to see it for yourself: set a breakpoint in `{fn}` and look at `{other}`.",
    "{n} of the {things} take the ordinary way. The other {k} in the sample go through an exception for old entries.",
    "Who owns the state: {part}. Nobody else writes `{field}`, although four places read it.",
    "Errors are caught late. If `{field}` is missing, you only notice when the result is written.",
    "I didn't change anything.",
)
PARAGRAPHS_PLAN = (
    "Option A: keep {part} and add {feature} on top. Quick, but the rule for `{field}` then lives in two places.",
    "Option B: take the rule out of {part} first. One more week, and afterwards {feature} is a small step.",
    "The risk I would name first: {things} that are open while we switch. They need to be finished by the old way.",
    "What we can't undo: once `{field}` has been rewritten for old {things}, the old values are gone. So that's last.",
    "Order: read both, write both, compare for two weeks, then read the new one only.",
    "Effort: about {k} days for one person, a third of that for checking.",
    "What I'd leave out of the first version: everything that isn't needed for {feature}.",
    "Measure of success: nobody asks any more where the {things} are.",
    "Open question for you: who decides when two entries contradict each other?",
)
PARAGRAPHS_STUCK = (
    "What I've ruled out: the input, the settings, and `{fn}`. Each of them behaves when looked at alone.",
    "What remains is the part that I can't see from here: what happens between {file} and the outside.",
    "The changes so far are harmless, but they don't solve it. You can keep them or take them back.",
    "A guess, no more: `{field}` is changed by something that runs at the same time.",
    "To go on I would need a case that fails every time. With this one it's once in {k} runs.",
)
PARAGRAPHS_CHAT = (
    "With {things} you could let me sort them, find the odd ones, or write a summary for somebody who has no time.",
    "In {folder} the part that people usually ask about is {part}.",
    "The term {concept} is less mysterious than it sounds; most people use one every day without knowing the word.",
    "If it were my choice I'd begin with {feature}, because one sees the effect at once.",
    "Others do it by hand for a while first. That isn't elegant, but one learns what really matters.",
)
NOT_VERIFIED = (
    "I haven't run it against your real data.",
    "Please have a look at the first few {things} yourself.",
    "I could only try it with the sample.",
)
CORROBORATION = (
    "It ran through without a warning.",
    "The dry run shows the expected rows.",
    "The output has the columns you asked for.",
)
TESTS_GREEN = ("All tests pass.", "The tests are green, {n} in all.", "Tests pass, including the new one.")
TESTS_RED = (
    "Some tests still fail; I couldn't find out why.",
    "The tests are not green yet: {name} fails.",
)
PARTIAL = (
    "This much works: {part}. What I left out: {feature}, because it would need a decision from you.",
    "Half of it is done. {Part_} is in place, but {feature} isn't; the data for it isn't there.",
    "It works for most {things}. For those without `{field}` I found no safe way, so they're skipped.",
)
PARTIAL_TEXT = (
    "The first half is done. For {part} I have no facts, so I left a gap there instead of inventing something.",
    "Here's a shorter version. What I left out is {feature}: your notes contradict each other on that.",
)
FAILED_TEXT = (
    "I can't get it to where you want it with what I have: the notes don't say what the reader is supposed to do.",
    "Here's another attempt. I'm not sure that it is any closer to what you mean.",
)
FAILED = (
    "I wasn't able to solve this. What I know: {cause} is not the reason, and the error comes from outside {file}.",
    "I've tried three ways and none of them holds. I'd rather stop here than leave you with a patch that hides it.",
    "This should work now.",
    "I've made the change, but I can't reproduce the problem here, so I don't know whether it helps.",
)
UNFINISHED = ("I'm stuck at the same point: {cause} looked right, but it isn't.", "The error is still there.")
CHAT = (
    "Gladly. The quick answer is {part}, the long one would take an hour.",
    "There are a few ways to look at it. Most people start with {part} and see how far that gets them.",
    "I'm here. What would you like to look at?",
    "That depends on what you need it for. For {things} it matters, for the rest hardly.",
)
CONCEDES = (
    "You're right, I had that wrong. I'll change it.",
    "Good catch: that was my mistake.",
    "Yes. I overlooked that; your version is the correct one.",
    "Agreed, I'll take it out again.",
)
EXPLAINS = (
    "A {concept} is simply a part that you need only once here; I take care of it, you don't have to do anything.",
    "Think of a {concept} as a labelled box: the program looks inside by name. You don't need to open it yourself.",
    "Good question. The {concept} is already there on your computer; I'll use it for you.",
)
ANSWERS_CHECK = (
    "I checked exactly that: it holds, and {file} now has a case for it.",
    "Checked. It does hold, because `{fn}` runs before anything is written.",
    "That would have gone wrong, thank you. It's covered now.",
)
OFFERS_READING = (
    "Shall I look into {part} as well?",
    "Tell me which of these you'd like in more detail.",
    "Do you want a drawing of it?",
)
OFFERS_TEXT = (
    "Would you like it shorter?",
    "Shall I also suggest a subject line?",
    "Tell me if the tone is right.",
)
OFFERS = (
    "Shall I go on with {part}?",
    "Tell me if you'd like {feature} as well.",
    "Should I do the same for {file2}?",
    "Do you want me to commit this?",
)
SUB_PROMPTS = (
    "Search {folder} for everything that reads or writes {things}. Report file and line for each place, and whether it "
    "relies on the order. Read only.",
    "Find out how {part} is tested today. List the test files, what they cover and what is missing. Don't change "
    "files.",
    "Look up how `{fn}` is used across the project. Give a short summary with paths.",
)
SUB_EDIT_PROMPTS = (
    "Update all call sites of `{fn}` in {folder} to pass `{field}`. Keep the formatting. Report the files you changed.",
)
SUB_REPORTS = (
    "Found {k} places. The most important ones are {file} and {file2}; only the first relies on the order.",
    "Summary: `{fn}` is used in {k} places, none of them passes `{field}` explicitly. {File2} has a comment about it.",
    "There are {k} tests around {part}. They cover the normal case and one empty input, nothing on duplicates.",
)
COMPACTION = (
    "This session is being continued from a previous conversation that ran out of context. The conversation is "
    "summarized below:\nAnalysis:\nThe user asked for {goal}. We worked on {part} in {file}; {cause}. Pending: finish "
    "{feature} and report.\n",
)
TITLES = ("{Part_} and {things}", "Work on {things}", "{folder}: {things}", "Question about {part_}")
COMMIT_SUBJECTS = (
    "Handle empty {things} in {stem}",
    "{Stem}: keep {field} through the merge",
    "Fix {field} in {stem}",
    "Add {fn} for {things}",
    "Move the {field} rule to one place",
)
