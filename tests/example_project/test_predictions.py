"""Predictions of a model that a quick training has made: good enough to see that numbers arrive, and no better."""

from ordercast.testing import Ordercast


async def test_a_customer_gets_a_prediction_from_the_new_model(ordercast: Ordercast) -> None:
    await ordercast.sample(orders=100)
    ann, bread = await ordercast.customer(), await ordercast.product()
    await ann.view(bread, 5_000)
    training = await ordercast.train(members=2, epochs=2)
    prediction = await ann.client.predictor.predict(ann.id, bread.id)
    assert prediction.model_version == training.model_version
    assert prediction.view_count == 5_000
    assert len(prediction.members) == 2
