"""passband: will a network trained on HRTEM images of one imaging condition work at another?"""

__version__ = "0.1.0"
