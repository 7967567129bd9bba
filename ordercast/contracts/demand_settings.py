"""All values by which a training of `demand` goes: the built-in recipe's, or those of a recipe that somebody wrote."""

import msgspec


class QuestionSettings(msgspec.Struct, frozen=True):
    """One question: the features that its networks see, the units of their hidden layers, and the weight of each head's loss.

    Of the calendar's features those are left out that the history is too short to teach.
    """

    features: tuple[str, ...]
    layers: tuple[int, ...]
    losses: dict[str, float]


class DemandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`epochs` are those of each question; the learning rate is AdamW's at the start, from where it falls to 0.

    `blend`: products by week may have a boosted member beside the networks. Recipes from before there was one have none.
    """

    name: str
    horizon_days: int
    members: int
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    pair: QuestionSettings
    line: QuestionSettings
    product: QuestionSettings
    blend: bool = False
