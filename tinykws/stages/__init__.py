# SPDX-License-Identifier: Apache-2.0
"""One stage a module: typed inputs in, files and a frozen report out. Stages never import each other."""
