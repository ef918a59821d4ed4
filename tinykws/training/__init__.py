# SPDX-License-Identifier: Apache-2.0
"""From a dataset to a trained Keras network."""
