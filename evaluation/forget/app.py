"""The Space of `forget`: a form, a button, and the result in plain words."""

from pathlib import Path

from lethebench.evaluation.forget.form import FORM
from lethebench.evaluation.space_app.page import build, load_page, serve

page = load_page(FORM, Path(__file__).with_name("forget.py"))
demo = build(page)

if __name__ == "__main__":
    serve(demo)
