"""The Space of `utility`: a form, a button, and the result in plain words."""

from pathlib import Path

from lethebench.evaluation.space_app.page import build, load_page, serve
from lethebench.evaluation.utility.form import FORM

page = load_page(FORM, Path(__file__).with_name("utility.py"))
demo = build(page)

if __name__ == "__main__":
    serve(demo)
