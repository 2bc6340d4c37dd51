"""Draws the pictures of the pages: python docs/pictures.py BUILD RUN.

    lethe build icu --size small --preview --out build/icu
    lethe demo --out runs/demo
    python docs/pictures.py build/icu runs/demo

Writes docs/pictures: the contact sheet of BUILD, and the report of RUN as headless Chromium shows it.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 1000


def shot(page: Path, height: int, scale: int = 2) -> Image.Image:
    """Return a page as headless Chromium shows it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("chromium is not installed: the pictures of reports need it")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shot.png")
        words = [f"--window-size={WIDTH},{height}", f"--force-device-scale-factor={scale}", f"--screenshot={file}"]
        fixed = [
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--disable-gpu",
            f"--user-data-dir={folder}/profile",
        ]
        subprocess.run([chromium, *fixed, *words, page.resolve().as_uri()], check=True, capture_output=True)
        with Image.open(file) as picture:
            return picture.convert("RGB")


def save(picture: Image.Image, name: str, width: int) -> None:
    """Write a picture of at most this width."""
    width = min(width, picture.width)
    small = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    small.save(PICTURES / f"{name}.webp", quality=75, method=6)
    print(f"{name}.webp: {(PICTURES / f'{name}.webp').stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("run", type=Path)
    arguments = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with Image.open(arguments.build / "preview.png") as sheet:
        save(sheet.convert("RGB"), "icu", 1200)
    report = arguments.run / "report"
    save(shot(report / "report.html", 587), "report", 1400)
    with Image.open(report / "figures" / "matrix-npo.png") as matrix:
        save(matrix.convert("RGB"), "matrix", 900)


if __name__ == "__main__":
    main()
