"""Structure: crystals, particles, defects and support; a distribution of scenes -> Atoms. Geometry only."""
