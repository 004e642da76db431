"""How the exhibits are drawn: Vega-Lite specifications (plain data), and the way from there to SVG and PNG."""
