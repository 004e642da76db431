"""How people word what they want: by work mode, by expertise, and in the course of a session.

Templates have slots that `dialogue.py` fills from the session's domain. Levels go from 1 (novice) to 5 (expert).
"""

from __future__ import annotations

# mode -> level -> opening requests
OPENINGS: dict[str, dict[int, tuple[str, ...]]] = {
    "fix": {
        1: (
            "hi, {symptom} and I don't know why. can you make it go away?",
            "help please, it worked yesterday and now {symptom}. I did not touch anything I think",
            "something is wrong with my program: {symptom}. no idea where to look",
            "I get a long red text when I start it and {symptom}. what did I do?",
        ),
        2: (
            "{Symptom}. I think it is the cache or maybe the import, not sure. Can you fix it?",
            "There is a bug in {part}, {symptom}. Probably something with the settings?",
            "Since the last update {symptom}. I tried to restart it, no change. Please repair it.",
            "{Symptom}. A friend said it is a permission thing. Can you find it?",
        ),
        3: (
            "{Symptom}. It started after the last change to {file}. Find the cause and fix it there.",
            "Bug in {part}: {symptom}. I expect the old behaviour back. The entry point is {file}.",
            "In {file}, {symptom}. Please find out why, fix it and tell me what it was.",
            "{Symptom}. I can reproduce it with the sample data. Please repair {part} and nothing else.",
        ),
        4: (
            "{Symptom}, but only if {condition}. I suspect {part}. Prove it before you change anything.",
            "{Symptom}. Reproducible when {condition}; fine otherwise. Root cause first, then the smallest fix in "
            "{file}.",
            "Regression in {part}: {symptom}. Last good was two commits ago. I don't want the symptom papered over.",
        ),
        5: (
            "{Symptom}, exactly when {condition}. My reading: {insight}. Falsify that first, then fix in {file}.",
            "{Symptom}. Don't start with retries or locks: {insight}. I want the invariant restored, not the symptom "
            "gone.",
            "{Symptom}. Bisected to the change in {file}. Background: {insight}.",
        ),
    },
    "build": {
        1: (
            "hello! I would like to have {feature}. can you make that for me?",
            "can you build me something for {things}? it should have {feature}, the rest you decide",
            "I want {feature}. I have never done this before so please do all of it",
            "make an app where I can see my {things} and with {feature}",
        ),
        2: (
            "I need {feature}. Maybe with a database or an API, whatever is better for this.",
            "Please add {feature} to {part}. I think it should be some kind of module?",
            "Can you add {feature}? It should look modern and be fast.",
            "Build {feature} for our {things}. I saw something like this in another tool.",
        ),
        3: (
            "Add {feature} to {part}. The data comes from {file}, the output goes where the existing reports go.",
            "I need {feature}. Input: the {things} as they are in {file}. Output: one row each, sorted by date.",
            "Implement {feature}. Follow the pattern in {file} and add it to the README.",
            "Please extend {part} with {feature}; keep the current interface as it is.",
        ),
        4: (
            "Add {feature} to {part}. It has to work too when {condition}. Keep it behind a flag until I've seen it.",
            "Implement {feature}. Mind that {insight}. Otherwise follow what {file} does.",
            "Refactor {part} so that {feature} fits in without a second code path. Old callers must not notice.",
        ),
        5: (
            "Implement {feature}. Constraints: {insight}; and it must hold when {condition}. Design it around that.",
            "I want {feature} in {part}. Two traps: {insight}, and the case when {condition}. Simplicity beats speed "
            "here.",
            "Rework {part} for {feature}. We trade latency for correctness on purpose, because {insight}.",
        ),
    },
    "understand": {
        1: (
            "can you explain me this program? I want to know {question}",
            "what does all this do? I got it from a colleague and need to know {question}",
            "I am lost. how does it work with the {things}? in easy words please",
        ),
        2: (
            "Could you explain {question}? I think it is done by the script but I'm not sure which.",
            "I'd like to understand {part} a bit better. For example {question}.",
            "Where in the project do the {things} come from? And {question}?",
        ),
        3: (
            "Explain {question}. Start at {file} and name the functions on the way. No changes please.",
            "I'm taking over {folder}. Walk me through {part}: {question}?",
            "Read-only task: find out {question} and list the places with line numbers.",
        ),
        4: (
            "I want to know {question}, in particular when {condition}. Point me to the lines, don't touch anything.",
            "Trace one of the {things} through {part}. I care about {question} and about who owns the state.",
        ),
        5: (
            "Before I review this: {question}? I assume that {insight}. Show me where the code disagrees.",
            "Read {part} with one question in mind: {question}. I already know that {insight}. No edits.",
        ),
    },
    "plan": {
        1: (
            "I have an idea, I would like {feature}. how does one start with something like this?",
            "what do I need if I want {feature}? I know nothing about it, make me a plan",
        ),
        2: (
            "I'd like to plan {feature}. Should I use the cloud or an app or what is usual?",
            "Can you make a plan for {feature}? Steps and roughly how long it takes. No code yet.",
        ),
        3: (
            "Write a plan for {feature}: steps, what changes in {file}, risks, and what we test. Don't implement yet.",
            "Compare two ways to do {feature} in {folder} and recommend one. Output: one page in docs/.",
        ),
        4: (
            "Spec for {feature}, please. Cover the case when {condition}, and what we migrate. Decision first, "
            "reasons after.",
            "Plan the split of {part}. Sequence it so that every step can be released. Keep in mind: {insight}.",
        ),
        5: (
            "Decision record for {feature}. Options, trade-offs, what we give up. Fixed points: {insight}; "
            "{condition}.",
            "I want a migration plan for {part} without a freeze. {Insight}. Tell me which step can't be undone.",
        ),
    },
    "test": {
        1: ("can you check if everything in my program is right? I am afraid that {symptom} again",),
        2: (
            "Please test {part}. I heard unit tests are good, can you add some?",
            "Can you review the code and say whether it's good? Mainly {part}.",
        ),
        3: (
            "Write tests for {part}, mainly {file}. Cover empty input, one element and duplicates. Don't change the "
            "code.",
            "Review the last changes in {file} and list problems by severity.",
        ),
        4: (
            "Test {part} for the case when {condition}. Property tests where it makes sense; no mocks of our own code.",
            "Security review of {part}: who can call it with what. Findings with a way to reproduce, no fixes.",
        ),
        5: (
            "I want tests that would have caught this: {symptom}. Mutation score on {file} matters, coverage "
            "doesn't. {Insight}.",
            "Audit {part}. {Insight}, so concentrate on what happens when {condition}. Evidence for each finding.",
        ),
    },
    "operate": {
        1: (
            "how do I {operation_easy}? I don't know these things, please do it for me",
            "I just want to {operation_easy}. the computer says command not found",
        ),
        2: (
            "Can you {operation_easy}? I already installed something with pip or npm, I forgot which.",
            "Please {operation_easy}. It says something about a path and rights.",
        ),
        3: (
            "Please {operation_easy}. Document the steps in the README, I'll have to do it again on the other machine.",
            "{Operation}. The configuration is in {file}. Tell me before you delete anything.",
        ),
        4: (
            "{Operation}. Zero downtime, and show me what will change before you apply it. It must survive when "
            "{condition}.",
            "{Operation}. The last attempt failed at the final step and left things half done, so check the state "
            "first.",
        ),
        5: (
            "{Operation}. Note that {insight}. Roll back has to be one command.",
            "{Operation}. I want it reproducible from a clean machine, pinned, and without long-lived credentials. "
            "{Insight}.",
        ),
    },
    "analyze": {
        1: ("I have this file with my {things}. can you tell me {number}? I'm not good with numbers",),
        2: (
            "Please analyse the {things} and make a nice chart. I want to know {number}.",
            "Can you calculate {number}? Excel gets too slow for it. Maybe with AI or statistics.",
        ),
        3: (
            "From {file}, work out {number}. A table by month and one chart, saved under out/.",
            "I need {number}. Leave out test data, say how many rows you dropped and why.",
        ),
        4: (
            "Work out {number}. Beware: {insight}. I want intervals, not only means.",
            "Find out {number}, and whether it survives without the three largest {things}.",
        ),
        5: (
            "Estimate {number}. {Insight}. Pre-specify the comparison, cluster where it's needed, and show what "
            "would overturn it.",
            "I need {number} for a decision. {Insight}, so the naive table is useless. State the assumption it hangs "
            "on.",
        ),
    },
    "orchestrate": {
        1: ("can you make an AI that does my {things} by itself? like {agent}",),
        2: (
            "I'd like to have {agent}. I think it needs training or a good prompt?",
            "Build me {agent}. It should be smart and never make mistakes.",
        ),
        3: (
            "Write {agent}. Keep the prompt in its own file, and give me ten examples to try it on.",
            "I want {agent}. Output as JSON with a reason field. Use what we have in {folder}.",
        ),
        4: (
            "Build {agent}. It needs a held-out set and a number that tells me when it's worse than last week.",
            "Tune {agent}: too many false alarms. Look at the errors by type before you touch the prompt.",
        ),
        5: (
            "Build {agent}. {Insight}. Measure against a trivial baseline, with the judge's own noise beside it.",
            "Redesign {agent}. I'd rather have two narrow agents than one with eleven tools. {Insight}.",
        ),
    },
    "communicate": {
        1: (
            "please write {doc} for me, I am bad at writing",
            "can you make a text: {doc}. it should sound nice",
        ),
        2: (
            "I need {doc}. Professional but friendly. Maybe one page.",
            "Could you write {doc}? I'm not sure what belongs in it, you know that better.",
        ),
        3: (
            "Draft {doc}. Half a page, three paragraphs, ends with a clear ask. My notes are in {file}.",
            "Write {doc} from my notes in {file}. Keep my order, shorten by a third.",
        ),
        4: (
            "Draft {doc}. The readers know the matter, so no introduction. It has to carry this: {insight}.",
            "Rewrite {doc}. It buries the point. Lead with the decision, move the reasons down, cut the hedging.",
        ),
        5: (
            "Draft {doc}. Delicate: {insight}. They will look for exactly that, so say it before they ask.",
            "Write {doc}. {Insight}. Precise rather than friendly; nobody should be able to read a promise into it.",
        ),
    },
}

# Instead of the openings for `build`, where there's nothing to build on
OPENINGS_NEW: dict[int, tuple[str, ...]] = {
    1: (
        "I want to start something new: {feature}. there is nothing yet, please make everything",
        "can you make me a small program from zero? it's for my {things} and should have {feature}",
        "hello, I'd like my own app with {feature}. I have only the idea so far",
    ),
    2: (
        "Please make a new app for our {things} from scratch, with {feature}. Whatever language is good.",
        "I'd like to create a tool for {things}, the folder is still empty. It needs {feature}.",
        "Can you set up a new project for me? {Feature}, and it should look professional.",
    ),
    3: (
        "New project: a small tool for {things} with {feature}. The folder is empty. Set up the structure and a "
        "README.",
        "Create a first version of {feature} from scratch, as a command-line program. One file per concern.",
        "Start a new repository for {feature}. Input will be the {things} as CSV.",
    ),
    4: (
        "Greenfield: {feature} as a tool of its own, not inside the old system. It has to cope when {condition}.",
        "New service for {feature}, from an empty folder. Layout first, I'll look at it before you fill it in.",
    ),
    5: (
        "Start {folder} from an empty repository: {feature}. {Insight}. So get the data model right first.",
        "From scratch, because the old one can't be saved: {feature}. Fixed point: {insight}. Nothing clever around "
        "it.",
    ),
}
STILL_EMPTY = ("There's nothing there yet.", "The folder is empty so far.", "We start from zero.")

CONDITIONS = (
    "two of them come in at the same moment",
    "the input ends with an empty line",
    "the run crosses midnight",
    "the process was restarted half way",
    "there is exactly one element",
    "the first attempt has failed after the write",
    "the same file is given twice",
    "a value is missing in the middle",
    "the other side answers late",
)
OPERATIONS_EASY = (
    "get this running on my new laptop",
    "install what this needs",
    "make it start by itself every Monday at seven",
    "put the page online so that my colleagues can see it",
    "move everything to the other computer",
    "update it to the newest version",
    "make a backup of all this every night",
)
OPERATIONS = (
    "move the release job to the new runners",
    "get the image under 200 MB",
    "rotate the deploy key",
    "pin the base image and rebuild",
    "roll staging to the next minor version",
    "add a cache to the CI job, it takes 14 minutes",
    "cut a release candidate and tag it",
    "wire the health check into the load balancer",
    "set up nightly backups with a restore check",
    "bring the scheduled job back to life, it has been failing since Sunday",
)
AGENTS = (
    "an agent that sorts new {things} by urgency",
    "a prompt that pulls the dates out of our {things}",
    "a slash command that reviews a change against our own rules",
    "an evaluation set for the prompt that labels {things}",
    "a sub-agent that checks every summary for invented facts",
    "a skill that fills our template from raw notes",
    "a two-step workflow: one agent drafts, another one criticises",
)

PLANNING_CODE = (
    "Leave {part} alone.",
    "No new dependencies.",
    "The old format must stay readable.",
    "Done means: the sample data goes through without a warning.",
    "First the data side, then the display.",
    "Speed is not the point, I want it easy to follow.",
    "Only the smallest change that does the job.",
    "If in doubt, fail loudly rather than guess.",
    "It only has to work for this year's {things}.",
    "Stop after the first part and show me.",
    "Existing {things} don't need to be converted.",
    "It has to be safe to run twice.",
    "I'd rather drop {feature} than ship it half done.",
    "Skip the documentation for now.",
    "Both ways should give the same result for last month.",
    "Treat {feature} as out of scope.",
)
PLANNING_TEXT = (
    "Keep it under one page.",
    "The readers know nothing of the matter.",
    "No jargon, no exclamation marks.",
    "Lead with the ask.",
    "Don't mention money.",
    "Three points at most.",
    "It should still be true in a year.",
    "Leave out who was to blame.",
    "End with a date by which I need an answer.",
    "I want two versions: a short one and a long one.",
    "Say openly what we don't know.",
    "Cover {feature} in one sentence only.",
)
EXECUTION_CODE = (
    "Put it into {file}.",
    "Use the helper that's already in {file}.",
    "Call the new function {fn}.",
    "Write the result to out/{thing}.csv.",
    "Use a plain dict for it.",
    "Read {file} first.",
    "Run `{command}` when you're through.",
    "Make {field} an integer.",
    "One commit per step.",
    "Take the constant out of {file} and make it a setting.",
    "Do it with a join and not with a loop.",
    "Log the {field} of each skipped row.",
)
EXECUTION_TEXT = (
    "Save it as drafts/{thing}.md.",
    "Use the figures from {file}.",
    "Put the date in the first line.",
    "Make the second paragraph a list.",
    "Quote my sentence on the {things} word for word.",
    "Headline: 'What changes for you'.",
    "Write dates like 3 March.",
    "Use 'we' and not 'the team'.",
)

PLANNING_LOW = (
    "It should not cost anything.",
    "Only I will use it.",
    "It must be easy, I'm not technical.",
    "I need it today if possible.",
    "The old one can stay as it is.",
    "It has to work on my computer.",
    "My colleagues should be able to read it too.",
    "It doesn't need to be beautiful.",
    "Not too complicated please.",
    "I only need it for this month.",
)
EXECUTION_LOW = (
    "The button should be at the top.",
    "Make it blue.",
    "Put it on my desktop.",
    "One file would be best.",
    "Please use big letters.",
    "I want it in Excel.",
    "The name of it should be {things}.",
)
PLANNING_READING = (
    "Only the main line, no details.",
    "I have to explain it to others tomorrow.",
    "Don't change anything.",
    "Leave out how it's displayed.",
    "I'd like to know what can go wrong there.",
    "Half a page is enough.",
    "Say so where you aren't sure.",
)
SPECIFICS_FIX = (
    "The sample is in {file}.",
    "This concerns only {part}.",
    "The result that I expect is in tests/expected.csv.",
    "The log of the last run is in logs/{thing}.log.",
)
PUSHBACKS_DATA = (
    "These numbers can't be right: the parts add up to more than the whole.",
    "You counted duplicates again.",
    "The groups are still mixed up, and that's not what I asked for.",
    "No, that's a different question. I wanted {number}.",
)
SPECIFICS_TEXT = (
    "It goes out by mail to about {k} people.",
    "Same length as the last one.",
    "It's read aloud, so short sentences.",
    "Start from the facts in {file}.",
)
PUSHBACKS_TEXT = (
    "That isn't what I asked for. It was meant to be about {things}.",
    "You invented a fact there. Take it out.",
    "No, that's a different text. Mine had another order for a reason.",
    "It still sounds like an advertisement.",
)
CONCERNS_TEXT = (
    "Almost. The second paragraph is a bit long.",
    "The tone is a little too stiff for my taste, otherwise fine.",
    "Not quite what I meant, close though.",
)
COMPLAINTS_TEXT = {
    "low": ("no, this is bad. I can't send that to anybody", "I said it three times now and it is still wrong"),
    "middle": ("No. That's the third version and it still says the opposite of my notes.", "This is useless to me."),
    "high": ("No. It claims things that aren't so; I can't put my name under this.", "Worse with each version. Stop."),
}
# low: levels 1 and 2, middle: 3, high: 4 and 5
NEXT_CODE = {
    "low": (
        "ok nice. can it also do {feature}?",
        "and now I would like to have {feature} too",
        "can you make it look better",
        "now what do I do with it?",
        "it should also work for my other {things}",
        "can you do the same with {part}?",
        "please make it so that {feature} works as well",
    ),
    "middle": (
        "Now do the same for {part}.",
        "Next: {feature}. Same style as before.",
        "While you're there, handle empty {things} as well.",
        "Please add this to {part} too and update {file}.",
        "Good. Now the part with {feature}.",
        "Can you list what else uses {file}, and adapt it?",
        "Rename it to something that says what it does, then go on with {part}.",
    ),
    "high": (
        "Now {part}, but without sharing state with the first one.",
        "Same treatment for {part}. There it matters even more when {condition}.",
        "Split that: parsing apart from deciding. Then {feature}.",
        "Next: the unhappy path. I want to see what it does when {condition}.",
        "Take {feature} next. Interface first, I'll look at it before you fill it in.",
        "Fold that into {file}; a second place for the same rule will drift.",
    ),
}
NEXT_FIX = {
    "low": (
        "ok. but there is another thing: {symptom}",
        "and the same happens with {part}, can you look",
        "now it also shows a red text when I open {part}",
    ),
    "middle": (
        "Good. Now the second one: {symptom}.",
        "The same error shows up in {part}. Please fix it there as well.",
        "Does {part} have the same bug? If so, repair it too.",
    ),
    "high": (
        "Same root cause in {part}? Show me, then fix it there as well.",
        "Next defect, possibly related: {symptom}.",
        "Now the other path into it: what breaks when {condition}? Fix that too.",
    ),
}
NEXT_OPERATE = {
    "low": (
        "ok and now make that it starts by itself",
        "can you do that on the other computer too?",
        "and how do I update it later? please set that up",
    ),
    "middle": (
        "Now the same on the second machine.",
        "Please put the steps into the README.",
        "Next: {operation}.",
        "And have it restart by itself when it crashes.",
    ),
    "high": (
        "Now staging. Same order, and stop before anything restarts.",
        "Next: {operation}. Show me the difference before you apply it.",
        "Add an alarm for when it hasn't run for a day.",
        "Then remove the old one, but keep its volume.",
    ),
}
NEXT_TESTS = {
    "low": ("can you check {part} too?", "and is {part} safe?"),
    "middle": ("Now the tests for {part}.", "Add the case when {condition}.", "Please review {part} in the same way."),
    "high": (
        "Add the case when {condition}; it should fail today.",
        "Now {part}, with properties instead of examples.",
        "Which mutant of {file} survives? Write the test that kills it.",
    ),
}
NEXT_READING = {
    "low": ("and {question}?", "ok. and what is {part} for?", "can you say it even simpler?"),
    "middle": ("And {question}?", "How does {part} fit in?", "Which files would I have to read to check that myself?"),
    "high": (
        "And {question}? Lines, please.",
        "Who else relies on that when {condition}?",
        "So where would {part} notice a violation?",
    ),
}
NEXT_PLAN = {
    "low": ("and what does that cost?", "what should I do first?", "can you make the plan shorter"),
    "middle": (
        "Add a rough schedule.",
        "What would change in the plan if we left out {feature}?",
        "Put the risks into a table.",
    ),
    "high": (
        "Compare with the option of doing nothing for half a year.",
        "Which step blocks the others? Move it to the front.",
        "The plan assumes that {condition} never happens. It does, weekly.",
    ),
}
NEXT_AGENTS = {
    "low": ("can it also understand my {things} from last year?", "make it answer a bit nicer"),
    "middle": (
        "Try it on ten more {things} and show me where it's wrong.",
        "Add an example where the right answer is 'unclear'.",
        "Please shorten the prompt by half and measure again.",
    ),
    "high": (
        "Split the instruction: one agent finds, the other one judges. Same test set.",
        "Ablate the examples one by one. I want to know which of them carries the result.",
        "Give it a way to say no, and count how often it does.",
    ),
}
NEXT_TEXT = {
    "low": (
        "can you make it shorter",
        "it sounds a bit stiff, nicer please",
        "and now the same for {doc}",
        "can you also make a title",
    ),
    "middle": (
        "Shorten the second paragraph and move the ask to the top.",
        "Add a sentence on {things}.",
        "Now make a version for people outside.",
        "Turn the list into two sentences.",
    ),
    "high": (
        "The second paragraph promises more than we can keep. Say what is certain, and only that.",
        "Cut everything that the reader knows already; then add what happens when {condition}.",
        "Swap the order: consequence, reason, date.",
        "It still hedges. One claim per sentence, each with its source.",
    ),
}
NEXT_DATA = {
    "low": ("and per month please", "can you make the chart bigger", "what does this number mean for me?"),
    "middle": (
        "Now split it by source and give me the counts as well.",
        "Leave out the last month, it isn't complete.",
        "Same table for {things} of last year.",
    ),
    "high": (
        "Repeat it with medians, and tell me how many {things} carry the result.",
        "Two groups differ in size by ten. Weight it, then show both.",
        "What does it look like when you drop the ones where a value is imputed?",
    ),
}
QUESTIONS = {
    "low": (
        "what does that mean?",
        "do I have to install something for that?",
        "where do I find the result?",
        "is it normal that it takes so long?",
        "is this dangerous?",
    ),
    "middle": (
        "Which files did you change?",
        "Why in {file} and not in {part}?",
        "Does that affect the existing {things}?",
        "How do I run it for a single month?",
    ),
    "high": (
        "What guarantees that this holds when {condition}?",
        "Which of the callers relies on the old order?",
        "What does it cost for the largest of our {things}?",
        "Why not solve it one level up, where the {things} come in?",
    ),
}
GENERIC_CHECKS = (
    "can you double check that everything works?",
    "are you sure this is right?",
    "please check it again for mistakes",
    "does it really work now?",
    "test everything please",
)
NOVICE_ASIDES = (
    "what is a {concept}? do I need one?",
    "sorry for the silly question, what is a {concept}?",
    "where do I have to type that?",
    "I don't understand the black window, can you click it for me?",
    "I copied it somewhere, is that ok?",
    "I don't know what {concept} means but ok",
)
LOOSE_TERMS = (
    "I guess it's a {concept} thing.",
    "Somebody told me to use a {concept} for that.",
    "Isn't that what the {concept} is for?",
    "I think the {concept} is too big or so.",
)
SPECIFICS = (
    "The sample is in {file}.",
    "The output should have the columns id, {field} and {other}.",
    "This concerns only {part}.",
    "I need it as a CSV with a header row.",
)
NUDGES = (
    "yes", "ok go ahead", "continue", "go on", "yes please", "do it", "sounds good", "1", "ok", "y", "sure", "the "
    "second one",
    "yep, both", "as you suggested",
)  # fmt: skip
NO_GOAL = (
    "hey, just trying this out. what can you do with {things}?",
    "just looking around here. anything interesting in {folder}?",
    "I'm bored on a train. tell me something about {concept}",
    "hm, what do you think about {feature} in general?",
    "hello, are you there?",
)
NO_GOAL_NEXT = (
    "interesting. and {concept}?",
    "haha ok. what else?",
    "and how would others do it?",
    "ok, I was only curious",
    "is that new?",
    "what would you do in my place?",
)
THIN = ("continue", "fix it", "again", "same as last time", "go", "next", "pls do", "as discussed")

SCOPES = {
    0: ("Just a quick one:", "Small thing.", "Two minutes of work, I hope.", ""),
    1: ("", "", "No hurry."),
    2: ("This one is bigger.", "It's part of a larger piece of work.", ""),
    3: (
        "This is a big one, take your time and do it properly.",
        "This replaces the whole old system, so thoroughness matters more than speed.",
        "We've put this off for months; I want all of it done.",
    ),
}

APPROVALS_CODE = {
    "low": (
        "wow it works!! thank you so much",
        "yes! now it is right. thanks a lot",
        "I tried it and it works, great",
        "perfect, that is what I wanted",
        "it works now with my {things}, I'm so happy",
        "super, I see {feature} now. thank you",
        "great!! I showed it to my boss and he likes it",
    ),
    "middle": (
        "Works on my side, thank you.",
        "Tried it with the real data: all correct. Thanks.",
        "Perfect, exactly what I needed.",
        "Checked the output, it matches what I expected. Done.",
        "I ran it on all {things} of this month, no complaints. Thanks.",
        "{Part_} does what it should again. Thank you.",
        "Good, that's it. I've put it to use already.",
        "Looks right and works right. Closing this.",
    ),
    "high": (
        "Confirmed on my side, including the edge case. Good work.",
        "Reproduced before, gone after. Merging.",
        "Compared with the reference, identical. That's it.",
        "Reviewed the diff line by line. I'm happy with it.",
        "Ran it against last month's {things}: no differences. Accepted.",
        "Holds under load as well, and {part} is simpler than before. Merged.",
        "I tried to break it for ten minutes and couldn't. Approved.",
        "That's the right fix at the right level. Taking it as it is.",
    ),
}
APPROVALS_TEXT = {
    "low": (
        "oh that is beautiful, I send it like this",
        "perfect thank you, exactly what I needed",
        "yes!! that's much better than I could do it",
        "great, I understand it now. thanks",
    ),
    "middle": (
        "Great, sending it as it is. Thank you!",
        "That's what I was after, I've passed it on and they like it.",
        "Perfect. My colleague has signed it off.",
        "Exactly right. I'll use it this afternoon.",
        "Good, that answers it. Thank you.",
    ),
    "high": (
        "Good. It went out ten minutes ago, unchanged.",
        "That's right in substance and in tone. Approved.",
        "I checked each statement against the file. Correct, thank you.",
        "Agreed on every point, including the one on {part}. Taking it as it stands.",
        "That holds up; I went through it with two colleagues. Done.",
    ),
}
CONFIRMATIONS = (
    "I opened the file and the numbers agree with our own sheet. ",
    "It's live and people are using it already. ",
    "Just ran it again from scratch, same result. ",
    "My colleague tried it as well, no complaints. ",
)
ACKNOWLEDGEMENTS = ("ok thanks", "thanks", "ok", "got it, thanks", "fine, thank you", "alright", "thx")
CONCERNS = (
    "Hm, that's a bit slow, but ok. Can you look at it once more?",
    "Not quite what I meant with {feature}, close though.",
    "It works, but {part} looks odd now. Please straighten that out.",
    "Almost. The {field} column is missing.",
)
PUSHBACKS = (
    "That isn't what I asked for. I wanted {feature}, not this.",
    "You changed {part} as well, please take that back.",
    "It still doesn't do it for all {things}. Half of them are missing.",
    "Hm, no. You solve another problem here.",
)
STILL_BROKEN = (
    "still the same. {symptom}",
    "no change, I get exactly the same message:\n{error}",
    "now it's worse, {part} doesn't start at all",
    "It fails again:\n{error}",
    "that did nothing",
)
COMPLAINTS = {
    "low": (
        "this is still broken!! nothing works, I lost two hours",
        "no no no, it is worse than before. I am really frustrated",
        "it still does not work. you said it is done and it isn't",
        "now I can't even open it any more. please!!",
        "I tried it again and again, always the red text",
    ),
    "middle": (
        "It still doesn't work. You told me twice that it's fixed and it isn't.",
        "No. This is wrong, and {part} is broken now too.",
        "That's the third time we go round in circles. It doesn't work.",
        "Same failure as an hour ago. I don't see any progress here.",
        "I can't use this. Half of the {things} are gone.",
    ),
    "high": (
        "No. You still paper over it: {symptom}. This is not usable.",
        "Wrong again, and the claim that it's verified is simply untrue. I've run it.",
        "This breaks {part}, which worked before. Unacceptable as it stands.",
        "It fails in the one case that I named at the start. That isn't a fix.",
        "You changed the check instead of the code. No.",
    ),
}
GIVING_UP = {
    "low": (
        "forget it, I'll do it by hand",
        "ok I give up on this for today",
        "never mind, I'll ask a colleague",
        "I go back to my old sheet",
        "leave it, I don't have the nerves for this",
        "stop please. I ask my nephew",
    ),
    "middle": (
        "Leave it. I'm reverting everything.",
        "Forget it, I'll do this one by hand.",
        "Never mind. I'll put {file} back to where it was.",
        "Let's stop here, this leads nowhere.",
        "I'm out of time for this. Reverting.",
    ),
    "high": (
        "Stop. I'm rolling this back and doing it myself.",
        "Enough. {Part_} goes back to the last good state.",
        "I'll write that piece by hand; we've spent more on it than it's worth.",
        "Reverted. The approach was wrong from the second step on.",
        "Drop it. I'd rather have no change than this one.",
    ),
}
ACCEPT_PARTIAL = {
    "low": (
        "ok, better than nothing I think",
        "ok then only {part}, that helps already",
        "alright, I can do the rest by hand",
        "fine for now. maybe next time the rest",
        "ok I use it like this, without {feature}",
        "half is also good, thank you",
    ),
    "middle": (
        "Ok, leave the rest for another day. {Part_} alone is useful already.",
        "Then without {feature} for now.",
        "Fine, we live with that limitation. Keep what works.",
        "So only {part}. I'll take it like that.",
        "Let's stop here. The other {things} can wait.",
        "I can use this much. {Feature} goes on my list.",
        "Good enough for the moment, but please write down what is missing.",
    ),
    "high": (
        "Accepted with that gap. Note in {file} that {feature} is missing.",
        "We ship {part} and cut {feature}. The rest needs a decision that isn't mine.",
        "Partial is fine as long as the skipped {things} are counted somewhere.",
        "I'd rather have {part} solid and nothing else. Leave it there.",
        "Stop here. Without that data {feature} would be guesswork.",
        "Then we narrow the scope: {part} only, and the other case fails loudly.",
    ),
}
REJECTIONS = (
    "no, don't touch that file",
    "Stop. Not on the live data.",
    "wait, I want to see it first",
    "no, the other one",
)
GREETINGS = ("Hi, ", "Hello, ", "Hey, ", "Good morning. ", "Hi Claude, ")
POLITE_ENDS = (" Thank you!", " Thanks in advance.", " Would be great.", " Please.")

# Said of set-up work in any field, where the domain's own knowledge doesn't help
OPERATE_INSIGHTS = (
    "a cached layer survives the rotation, so the old secret stays in the image history",
    "cron runs with an empty environment, whatever works in my shell proves nothing",
    "the lock file was made on another platform, so a plain install resolves differently there",
    "DNS has a TTL of a day here, a switch at noon means two systems till tomorrow",
    "the service user can't read my home, hence it only fails when it's started by the scheduler",
    "the old runner had the tool preinstalled and the new image doesn't, pin it in the job",
)
OPERATE_CHECKS = (
    "Check that a second run changes nothing.",
    "Verify the rollback by really doing it once.",
    "Make sure the job fails visibly when the disk is full.",
    "Confirm that no secret ends up in the logs, the verbose flag prints the environment.",
    "Look what happens to connections that are open during the switch.",
)
OPERATE_CORRECTIONS = (
    "No, latest isn't a version. Pin the digest.",
    "Don't chmod 777 that. Give the group write access on the one folder.",
    "That restarts all replicas at once. One after the other, please.",
    "sudo pip breaks the system's Python. In a venv or not at all.",
)
OPERATE_MISBELIEFS = (
    (
        "I deleted the download so the program should be gone",
        "Deleting the download doesn't remove the program: it was copied elsewhere when you installed it.",
    ),
    (
        "if the window is open the server is running, right?",
        "Not quite: the window is only the browser. The server is a separate program, and it has stopped.",
    ),
    (
        "I think the path is the street address of the server",
        "The path here is just the list of folders in which your computer looks for programs.",
    ),
)
