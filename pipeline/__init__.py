"""News monitor that keeps the history of who belongs to which coalition."""

__version__ = "0.1.0"
