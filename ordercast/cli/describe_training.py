"""What the model of a training is worth, as lines to read."""

from ordercast.client.training_answers import Question, Training


def worth_of(training: Training) -> list[str]:
    """And, of one whose model was rejected, what to do. Empty for a training that has not succeeded."""
    return [*_found(training), *(_after_rejection(training) if training.verdict == "rejected" else [])]


def _after_rejection(training: Training) -> list[str]:
    recipe = f"--recipe {training.recipe}" if training.settings is None else "--recipe-file FILE"
    return [
        f"what it found, again: ordercast trainings show {training.id}",
        "more orders and views, over more weeks, make a better one; to have one that answers all the same:",
        f"  ordercast train {recipe} --publish always",
    ]


def _found(training: Training) -> list[str]:
    title = f"model {training.model_version}" if training.model_version else "no model"
    if training.questions is not None:
        lines = [line for name, question in training.questions.items() for line in _question(name, question)]
        return [f"{title}, {training.verdict}: {training.verdict_reason}", *lines]
    if training.metrics is None:
        return []
    published = training.verdict in (None, "published")
    unpublished = [] if published else [f"{training.verdict}: {training.verdict_reason}"]
    metrics = training.metrics
    named = (("ensemble", metrics.ensemble), ("the mean", metrics.mean), ("a straight line", metrics.line))
    lines = [f"{name:<16} mse {errors.mse:8.4f}   mae {errors.mae:8.4f}" for name, errors in named]
    judged = training.judgement.lines() if training.judgement else []
    return [f"{title}, on {metrics.holdout_rows:,} held-out rows", *unpublished, *lines, *judged]


def _question(name: str, question: Question) -> list[str]:
    """The networks beside every other answer, the best of these first."""
    own, *others = question.scores
    collapsed = f", {question.collapsed_members} of {question.members} networks answer a constant"
    lines = [
        f"{name}: learned from {question.rows:,} rows, judged on {question.held_out:,} later ones"
        f"{collapsed if question.collapsed_members else ''}"
    ]
    for scores in (own, *sorted(others, key=lambda scores: scores.deviance)):
        beaten = f"   networks {question.better_than[scores.name]:+.1%}" if scores is not own else ""
        lines.append(
            f"  {scores.name:<28} deviance {scores.deviance:8.3f}   mae {scores.mae:7.2f}   said/sold {scores.said:5.2f}{beaten}"
        )
    return lines
