# SPDX-License-Identifier: Apache-2.0
"""How good a model and its detector are, on clips and on streams; the detector's tuning."""
