"""The whole flow on the sample data, told in six steps: `story` tells, `data_steps` and `model_steps` do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from infra.local.state import StateFolder, SystemInfo
from infra.local.system import running_system
from ordercast.access import open_access
from ordercast.demo.data_steps import check_features, send_sample, write_data_sets
from ordercast.demo.model_steps import expect_better_than_line, predict, train
from ordercast.demo.story import Story
from ordercast.progress import steps


async def demo(folder: StateFolder, port_offset: int, out: Path, seed: int, story: Story) -> None:
    """Runs all six steps on the system of a folder, which is started if it does not run, and leaves results in `out`.

    Raises:
        StepFailed: a step did not hold; the message says which and how.
        LocalError: the system does not start.
        ClientError: it does not answer, or refuses something.
    """
    story.step("The system: PostgreSQL, Kafka and five services")
    async with system_of(folder, port_offset, story) as system, open_access(folder, system) as access:
        story.step("The uniform sample, sent over HTTP as clients would send it")
        uniform = await send_sample(access, folder, "uniform", seed, story)

        story.step("The feature table, computed anew from its source and compared")
        await check_features(system, story)

        story.step("The four data sets of the recipe")
        await write_data_sets(system, out, story)

        story.step("Two trainings of ten networks")
        story.say("In the uniform sample, views say nothing of quantity: no model can do better than the mean.")
        await train(access, story)
        story.say(
            "In the signal sample, quantity follows the views along a bell, with noise: there is something to learn."
        )
        await send_sample(access, folder, "signal", seed, story)
        await check_features(system, story)
        training = await train(access, story)
        expect_better_than_line(training, story)

        story.step("Predictions from the version just published")
        await predict(access, uniform, training, out, story)
    story.say(f"\nEvery step held. The results are in {out}/")


@asynccontextmanager
async def system_of(folder: StateFolder, port_offset: int, story: Story) -> AsyncIterator[SystemInfo]:
    """The system that runs on the folder, or one that is started for this block and stopped after it."""
    recorded = folder.recorded_system()
    if recorded is not None and recorded.supervisor.process() is not None:
        story.say(f"A system runs on {folder.root} already: it is used, and stays.")
        yield recorded
        return
    async with AsyncExitStack() as stack:
        with steps(story.console) as progress:
            system = await stack.enter_async_context(running_system(folder.root, port_offset, report=progress.now))
        story.say(f"{progress.last.capitalize()}. The API explains itself at {system.urls['order_api']}/docs")
        yield system.info
