"""From a dataset to a trained Keras network."""
