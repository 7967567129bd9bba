"""The whole flow on sample data, told step by step: `story` tells, `*_steps` do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from ordercast.client.training_answers import Training
from ordercast.demo.closing_words import Shown, closing_words
from ordercast.demo.data_steps import Counted, check_features, send_sample, until_counted, write_data_sets
from ordercast.demo.demand_steps import ask_pairs, ask_products, train_demand, write_forecasts, write_pairs
from ordercast.demo.draw_answers import draw_pairs, draw_weeks
from ordercast.demo.market_steps import SentMarket, send_market
from ordercast.demo.model_steps import predict, train
from ordercast.demo.story import Story
from ordercast.infra.local.processes import SERVICES
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import running_system
from ordercast.progress import steps
from ordercast.sample.market.make_market import ACCOUNTS
from ordercast.system.access import Access, open_access
from ordercast.system.target import LocalSystem, NotGiven, Target

# The recipe's own size is for shops with a hundred times as many rows: of this one's it would make too few steps.
BATCH_SIZE: Final = 256


async def demo(
    target: Target, out: Path, seed: int, story: Story, *, orders: int | None = None, accounts: int = ACCOUNTS
) -> Shown:
    """Runs the steps on a running system, and leaves results in `out`. `orders` is how many the uniform sample has, if not its own,
    `accounts` how many the market has.

    Raises:
        StepFailed: a step did not hold; the message says which and how.
        ActionableError: there is no admin to act as, or another market is there.
        ClientError: the system does not answer, or refuses something.
    """
    shown = Shown()
    async with open_access(target) as access:
        await _uniform(access, out, seed, story, orders=orders)
        await _market(access, out, seed, story, shown, accounts=accounts)
    held = f"All but {', '.join(story.left_out)} held" if story.left_out else "Every step held"
    story.say(f"\n{held}. The results are in {out}/")
    story.say_times()
    for line in closing_words(shown, target):
        story.say(line)
    return shown


async def _uniform(access: Access, out: Path, seed: int, story: Story, *, orders: int | None) -> None:
    """From orders to the answers of `baseline`."""
    target = access.target
    with story.step("The uniform sample, sent over HTTP as clients would send it"):
        uniform = await send_sample(access, "uniform", seed, story, orders=orders)
    with story.step("The feature table, computed anew from its source and compared"):
        counted = {product: Counted(pieces) for product, pieces in uniform.quantities.items()}
        await until_counted(access.admin.order_api, counted)
        await check_features(target, story)
    with story.step("The four data sets of the recipe"):
        await write_data_sets(target, out, story)
    with story.step("The recipe `baseline`: ten networks learn a quantity from the view count, and are asked"):
        await access.expect("trainer")
        story.say("In the uniform sample, views say nothing of quantity: no model can do better than the mean.")
        training = await train(access, story)
        await predict(access, uniform, training, out, story)


async def _market(access: Access, out: Path, seed: int, story: Story, shown: Shown, *, accounts: int) -> None:
    """From a shop's year to the answers of `demand`, and what they are worth."""
    sent: SentMarket | None = None
    training: Training | None = None
    with story.step("A shop's year, simulated, so that the truth is known: imported as a shop's history is"):
        sent = await send_market(access, seed, accounts, out, story)
    with story.step("The recipe `demand`: what will be ordered, by whom, and when"):
        assert sent is not None  # noqa: S101 - sending it is never left out
        training = await train_demand(access, sent, story, seed=seed, batch_size=BATCH_SIZE)
    with story.step("What `demand` said of weeks it did not know, beside what is true"):
        if training is None:
            raise NotGiven("nothing was trained")
        shown.pairs = await ask_pairs(access, sent, training, seed, story)
        shown.products = await ask_products(access, sent, story)
        write_pairs(out / "pair_predictions.csv", shown.pairs)
        draw_pairs(out / "pair_predictions.png", sent, shown.pairs)
        write_forecasts(out / "forecasts.csv", sent, shown.products)
        draw_weeks(out / "product_weeks.png", sent, shown.products)
        story.say(f"{out / 'pair_predictions.png'}  pairs: the truth, what was said, and what was ordered")
        story.say(f"{out / 'product_weeks.png'}  products by week: the same")
        story.say(f"{out / 'pair_predictions.csv'}, {out / 'forecasts.csv'}  the same as tables")
    shown.sent = sent


@asynccontextmanager
async def system_of(folder: StateFolder, port_offset: int, story: Story) -> AsyncIterator[LocalSystem]:
    """The system that runs on the folder, or one that is started for this block and stopped after it."""
    async with AsyncExitStack() as stack:
        with story.step(f"The system: PostgreSQL, Kafka and {len(SERVICES)} services"):
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
