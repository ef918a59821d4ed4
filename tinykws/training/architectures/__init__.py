# SPDX-License-Identifier: Apache-2.0
"""One network a module; registry.py lists them."""
