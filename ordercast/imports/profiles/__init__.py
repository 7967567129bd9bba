"""Which column of a file is what: known exports (`known`), found by their header (`recognise`), or told by the user."""
