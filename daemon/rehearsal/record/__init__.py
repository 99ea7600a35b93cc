"""A real session made into a scenario: of what the journal tells at level info, and of nothing that was said."""
