# SPDX-License-Identifier: Apache-2.0
"""Recording clips through this computer's microphone or a board's, and checking microphones."""
