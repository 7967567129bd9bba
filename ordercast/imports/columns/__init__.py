"""The form of a column, found by looking at all of its cells: how numbers and times are written."""
