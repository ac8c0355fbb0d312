"""Scattering: atoms -> form factors -> projected potential -> multislice -> exit waves."""
