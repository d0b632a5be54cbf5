"""Charts, drawn by matplotlib as SVG: texts stay texts, and colours are roles that a page has light and dark ones for."""
