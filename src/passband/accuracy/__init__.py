"""What each choice of a simulation costs in accuracy: measured on the user's own atoms, and known for six materials."""
