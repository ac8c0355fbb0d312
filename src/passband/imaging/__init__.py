"""Imaging: from an exit wave and a condition of the microscope to an image (knows no atoms)."""
