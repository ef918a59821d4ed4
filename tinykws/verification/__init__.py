# SPDX-License-Identifier: Apache-2.0
"""Does the device compute what the host computes? Traces, verdicts, reports."""
