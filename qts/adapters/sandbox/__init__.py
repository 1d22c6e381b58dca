"""Strategy code in a child process that cannot reach anything: see docs/strategy-host.md."""
