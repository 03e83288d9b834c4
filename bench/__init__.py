from pathlib import Path

PARTS = ("loading", "training", "quality", "evaluation", "growth", "reading", "lighthouse", "grading", "proof")
RESULTS = Path(__file__).parent / "results.json"
