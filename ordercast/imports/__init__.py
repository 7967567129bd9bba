"""A shop's own data, read from its files and sent to the API.

`files` (any form as rows of text) -> `columns` (how they are written) -> `profiles` (which column is what) -> `documents` (orders,
views, products) -> `send` -> `report`. `find_form` puts the first three together, `import_file` all of it.
"""
