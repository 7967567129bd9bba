"""The whole flow on the sample data, told in six steps: `story` tells, `data_steps` and `model_steps` do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ordercast.client.answers import Training
from ordercast.demo.data_steps import check_features, send_sample, until_counted, write_data_sets
from ordercast.demo.model_steps import expect_better_than_line, predict, train
from ordercast.demo.story import Story
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import running_system
from ordercast.progress import steps
from ordercast.system.access import Access, open_access
from ordercast.system.target import LocalSystem, NotGiven, Target


async def demo(target: Target, out: Path, seed: int, story: Story, *, orders: int | None = None) -> None:
    """Runs the steps on a running system, and leaves results in `out`. `orders` is how many each sample has, if not its own.

    Raises:
        StepFailed: a step did not hold; the message says which and how.
        ActionableError: there is no admin to act as.
        ClientError: the system does not answer, or refuses something.
    """
    async with open_access(target) as access:
        with story.step("The uniform sample, sent over HTTP as clients would send it"):
            uniform = await send_sample(access, "uniform", seed, story, orders=orders)
        with story.step("The feature table, computed anew from its source and compared"):
            await until_counted(access.admin.order_api, uniform)
            await check_features(target, story)
        with story.step("The four data sets of the recipe"):
            await write_data_sets(target, out, story)
        training = None
        with story.step("Two trainings of ten networks"):
            training = await _train_twice(access, seed, story, orders=orders)
        with story.step("Predictions from the version just published"):
            if training is None:
                raise NotGiven("nothing was trained")
            await predict(access, uniform, training, out, story)
    held = f"All but {', '.join(story.left_out)} held" if story.left_out else "Every step held"
    story.say(f"\n{held}. The results are in {out}/")


async def _train_twice(access: Access, seed: int, story: Story, *, orders: int | None) -> Training:
    await access.expect("trainer")
    story.say("In the uniform sample, views say nothing of quantity: no model can do better than the mean.")
    await train(access, story)
    story.say("In the signal sample, quantity follows the views along a bell, with noise: there is something to learn.")
    signal = await send_sample(access, "signal", seed, story, orders=orders)
    await until_counted(access.admin.order_api, signal)
    with story.part("the check of the signal sample"):
        await check_features(access.target, story)
    training = await train(access, story)
    expect_better_than_line(training, story)
    return training


@asynccontextmanager
async def system_of(folder: StateFolder, port_offset: int, story: Story) -> AsyncIterator[LocalSystem]:
    """The system that runs on the folder, or one that is started for this block and stopped after it."""
    async with AsyncExitStack() as stack:
        with story.step("The system: PostgreSQL, Kafka and five services"):
            recorded = folder.recorded_system()
            if recorded is not None and recorded.supervisor.process() is not None:
                story.say(f"A system runs on {folder.root} already: it is used, and stays.")
                info = recorded
            else:
                with steps(story.console) as progress:
                    starting = running_system(folder.root, port_offset, report=progress.now)
                    info = (await stack.enter_async_context(starting)).info
                story.say(f"{progress.last.capitalize()}. The API explains itself at {info.urls['order_api']}/docs")
        yield LocalSystem(folder, info)


@asynccontextmanager
async def system_against(target: Target, story: Story) -> AsyncIterator[Target]:
    """The system that somebody else runs."""
    with story.step("The system"):
        story.say(f"Somebody else runs it. The API explains itself at {target.addresses.order_api}/docs")
    yield target
