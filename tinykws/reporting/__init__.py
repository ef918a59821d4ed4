# SPDX-License-Identifier: Apache-2.0
"""Pictures and pages that show results to people."""
