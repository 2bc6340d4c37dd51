"""The scores of a run written a second time: loops over rows and profiles, without the package's metrics."""

import math
import re
from statistics import fmean

COMPONENTS = ("keyword_match", "probability", "rouge_l_recall", "truth")


def harmonic(values):
    return 0.0 if min(values) <= 0 else len(values) / sum(1 / value for value in values)


def of_profile(rows, profile):
    return [row for row in rows if row["profile_id"] == profile]


def by_id(rows):
    return {row["id"]: row for row in rows}


def softmax(values):
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def views(row):
    """What the attackers at the top and at the bottom of a row's ranking get, from 0 to 1."""
    count, rank = len(row["candidate_logprobs"]), row["rank"]
    return 1 - math.log(rank, count), 1 - math.log(count + 1 - rank, count)


def distances(row, gold):
    own, other = softmax(row["candidate_logprobs"]), softmax(gold["candidate_logprobs"])
    apart = [abs(mine - theirs) for mine, theirs in zip(views(row), views(gold), strict=True)]
    return [*apart, sum(abs(mine - theirs) for mine, theirs in zip(own, other, strict=True)) / 2]


def full_distances(row, gold):
    """Of the initial model; to the attacker at the bottom, of its ranking upside down."""
    top, _, variation = distances(row, gold)
    return [top, abs(views(row)[0] - views(gold)[1]), variation]


def closeness(model, initial, golds, ids):
    """Three numbers of one profile, None where the initial model is as close as gold."""
    result = []
    for attacker in range(3):
        own = fmean(fmean(distances(model[i], gold[i])[attacker] for i in ids) for gold in golds)
        scale = fmean(fmean(full_distances(initial[i], gold[i])[attacker] for i in ids) for gold in golds)
        result.append(None if scale < 0.05 else 1 - min(max(own / scale, 0), 1))
    return result


def utility(rows):
    parts = []
    for name in COMPONENTS:
        parts.append(fmean(max(0, 1 - row["truth_ratio"]) if name == "truth" else row[name] for row in rows))
    return harmonic(parts)


def group_utility(rows):
    """Utility without keyword match: of the means over people of what each of them gets."""
    people = sorted({row["profile_id"] for row in rows})
    parts = []
    for name in COMPONENTS[1:]:
        of = [
            [max(0, 1 - r["truth_ratio"]) if name == "truth" else r[name] for r in of_profile(rows, p)] for p in people
        ]
        parts.append(fmean(map(fmean, of)))
    return harmonic(parts)


def group_values(model, initial, golds, asked, everyone_gold):
    """Group (task that is not asked, or -1 of the retain set) -> keep; what gold never saw is the floor."""
    tasks = sorted({row["task_id"] for row in initial.held_out})
    of_task = {task: lambda table, t=task: [row for row in table.held_out if row["task_id"] == t] for task in tasks}
    floor = fmean(group_utility([row for row in g.held_out if row["task_id"] in asked]) for g in everyone_gold)
    values = {}
    for task, rows_of in of_task.items():
        if task in asked:
            continue
        own, before, *gold = (group_utility(rows_of(table)) for table in (model, initial, *golds, *everyone_gold))
        reference = min(before, fmean(gold[: len(golds)])) - floor
        if min(before, *gold) - floor >= 0.05:
            values[task] = min(max((own - floor) / reference, 0), 1)
    return values


def profile_values(model, initial, golds, asked, everyone_gold):
    """forget (pictures, text), closeness (top, bottom, distribution), keep and groups: lists of profile -> value.

    A profile that any of `everyone_gold` knows like the initial model, or does not keep, is left out.
    """
    everyone = sorted({row["profile_id"] for row in (*initial.rows, *initial.held_out)})
    asked_people = sorted({row["profile_id"] for row in initial.rows if row["task_id"] in asked})
    forget = [{}, {}]
    for number, modality in enumerate(("image_text", "text")):
        for profile in asked_people:
            knowledge = []
            for table in (model, initial, *golds, *everyone_gold):
                rows = of_profile([*table.rows, *table.held_out], profile)
                knowledge.append(fmean(row["keyword_match"] for row in rows if row["modality"] == modality))
            after, before, gold = knowledge[0], knowledge[1], fmean(knowledge[2 : 2 + len(golds)])
            if before - max(knowledge[2 + len(golds) :]) >= 0.05:
                forget[number][profile] = 1 - min(max((after - gold) / (before - gold), 0), 1)
    close = [{}, {}, {}]
    tables = [by_id(table.rows) for table in (model, initial, *golds)]
    for profile in asked_people:
        ids = [row["id"] for row in of_profile(initial.rows, profile)]
        for attacker, value in enumerate(closeness(tables[0], tables[1], tables[2:], ids)):
            if value is not None:
                close[attacker][profile] = value
    keep = {}
    for profile in everyone:
        fresh = [of_profile(table.held_out, profile) for table in (model, initial, *golds, *everyone_gold)]
        if profile in asked_people or not fresh[0]:
            continue
        own, before, *gold = map(utility, fresh)
        reference = min(before, fmean(gold[: len(golds)]))
        if min(before, *gold) >= 0.05:
            keep[profile] = min(1, own / reference)
    return {
        "forget": forget,
        "indistinguishable": close,
        "keep": [keep],
        "groups": [group_values(model, initial, golds, asked, everyone_gold)],
    }


def worst(values):
    ordered = sorted(values)
    return fmean(ordered[: max(1, len(ordered) // 10)])


def fluency(model, initial, asked):
    """Share of kept answers with a letter, of profiles first, relative to the initial model."""
    shares = []
    for table in (model, initial):
        kept = [row for row in table.held_out if row["task_id"] not in asked]
        people = sorted({row["profile_id"] for row in kept})
        shares.append(
            fmean(fmean(bool(re.search("[a-y]", r["generated"])) for r in of_profile(kept, p)) for p in people)
        )
    return min(1, shares[0] / shares[1])


def run_parts(stages, gold, order):
    """The parts of the score; `gold` is stage -> models of several seeds, for every stage."""
    initial, *models = stages
    own, others = [], []
    for number, model in enumerate(models, start=1):
        asked = set(order[:number])
        own.append(profile_values(model, initial, gold[number], asked, gold[number]))
        others.append(
            [
                profile_values(one, initial, [other for other in gold[number] if other is not one], asked, gold[number])
                for one in gold[number]
            ]
            if len(gold[number]) > 1
            else []
        )
    parts = {}
    for name in ("forget", "indistinguishable", "keep"):
        series = []
        for values, references in zip(own, others, strict=True):
            lines = []
            for line, people in enumerate(values[name]):
                reached = fmean(fmean(other[name][line].values()) for other in references) if references else 1
                lines.append(min(1, fmean(people.values()) / reached))
            series.append(min(lines))
        parts[name], parts[f"{name}_series"] = fmean(series), series
    for name, part, statistic in (("forget", "forget", worst), ("groups", "keep", min)):
        lines = []
        for line in range(len(own[0][name])):
            mine = statistic(lowest([stage[name][line] for stage in own]).values())
            seeds = [
                statistic(lowest([stage[seed][name][line] for stage in others]).values())
                for seed in range(len(others[0]))
            ]
            lines.append(min(1, mine / fmean(seeds)) if seeds else mine)
        parts[f"{part}_worst"] = min(lines)
    parts["fluent"] = fmean(
        fluency(model, initial, set(order[:number])) for number, model in enumerate(models, start=1)
    )
    names = ("forget", "forget_worst", "indistinguishable", "keep", "keep_worst")
    return parts | {"score": harmonic([parts[name] for name in names]) * parts["fluent"]}


def lowest(stages):
    people = sorted({profile for stage in stages for profile in stage})
    return {profile: min(stage[profile] for stage in stages if profile in stage) for profile in people}
