"""How the course's figures look: colours, sizes, matplotlib's settings."""

# Ten colours for ten classes: matplotlib's "petroff10" (Petroff 2021, arXiv:2107.02270), chosen by a survey of
# colour-vision-deficient viewers' distances. Colour is never the only signal: clusters also carry their digit.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
INK, MUTED, ACCENT, PAPER = "#1f2430", "#5b6270", "#b4235a", "#ffffff"

# One column of a telephone is 350 px wide: at 5.2 inches the 11-point text of a figure is still 10 px there.
FIGURE_WIDTH = 5.2

RC = {
    "figure.figsize": (FIGURE_WIDTH, 3.6),
    "figure.dpi": 130,
    "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
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
