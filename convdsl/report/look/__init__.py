"""What `convdsl look` shows: panels of small pictures, and their writers."""
