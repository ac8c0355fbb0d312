"""What imaging distributions show of specimens: overlap, texture, displacement. Sees conditions and spectra only."""
