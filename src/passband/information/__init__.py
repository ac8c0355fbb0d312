"""What imaging distributions transfer: ε, σ, signed σ, coverage, bits. Sees conditions and spectra only."""
