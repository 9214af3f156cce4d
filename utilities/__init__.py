"""What an operator runs: local servers, event generator, counts, reconciliation, reports."""
