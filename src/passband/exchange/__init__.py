"""To and from other programs: atoms, exit waves and imaging conditions of ASE, abTEM and HyperSpy."""
