"""What can go wrong in the predictor."""


class PredictorError(Exception):
    """The tree's root."""


class ModelRefused(PredictorError):
    """A version folder is missing, damaged or not what the record says; the message is the reason."""


class NoModel(PredictorError):
    """No model was loaded yet, so there is nothing to answer with."""
