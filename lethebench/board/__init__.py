"""The board: results in a browser, filtered, drawn, and one by one."""
