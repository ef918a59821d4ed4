# SPDX-License-Identifier: Apache-2.0
"""The firmware's portable C, compiled into Python, and the tables it runs on."""
