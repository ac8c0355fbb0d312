"""A study is data; this room turns it into tasks, runs them, and joins what comes back."""
