# SPDX-License-Identifier: Apache-2.0
"""A user's project: kws.yaml, its labels, and where its files are."""
