"""One outside tool a module: the only places where that tool is called."""
