"""How the course's figures look: colours, sizes, matplotlib's settings."""

# Ten colours for ten classes: matplotlib's "petroff10" (Petroff 2021, arXiv:2107.02270), chosen by a survey of
# colour-vision-deficient viewers' distances. Colour is never the only signal: clusters also carry their digit.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
INK, MUTED, ACCENT, PAPER = "#1f2430", "#5b6270", "#b4235a", "#ffffff"

# Figures are FIGURE_WIDTH inches wide, DPI pixels of the page to the inch. A telephone's column is PHONE_COLUMN pixels
# wide, where text of SMALLEST_TEXT points is still 11 pixels high; the largest, 13 points, is at most the body's 17.
FIGURE_WIDTH, DPI, PHONE_COLUMN, SMALLEST_TEXT = 5.2, 94, 358, 11.8

RC = {
    "figure.figsize": (FIGURE_WIDTH, 3.6),
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": SMALLEST_TEXT,
    "axes.titlesize": SMALLEST_TEXT,
    "axes.titlelocation": "left",
    "axes.labelsize": SMALLEST_TEXT,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.cmap": "gray_r",
    "image.interpolation": "nearest",
}
