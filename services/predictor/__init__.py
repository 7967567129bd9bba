"""Serves predictions of one model version at a time: follow_models -> load_model -> model_slot -> predict -> routes."""
