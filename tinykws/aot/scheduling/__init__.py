# SPDX-License-Identifier: Apache-2.0
"""Which calls run in an inference, on which bytes, and what a stream keeps between inferences."""
