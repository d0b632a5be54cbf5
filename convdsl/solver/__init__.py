"""Values for holes and symbols."""
