# SPDX-License-Identifier: Apache-2.0
"""`python -m tinykws` is the `tinykws` command."""

from tinykws.cli.main import main

if __name__ == "__main__":
    main()
