"""What imaging distributions transfer: ε, σ, signed σ, coverage, bits. Knows conditions and spectra, never networks."""
