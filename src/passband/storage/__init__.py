"""The run folder: ledger, waves, weights and tables. Atomic writes, checksums; knows no physics."""
