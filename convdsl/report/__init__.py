"""What the user sees: tables and diagnostics for the terminal, JSON and annotations for programs."""
