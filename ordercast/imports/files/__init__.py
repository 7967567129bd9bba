"""Files of any form as rows of text: `unpack` (gzip, zip) -> `open_table` (which form) -> rows -> `spool` (on disk, in groups)."""
