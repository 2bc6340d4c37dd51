"""The Space of `robustness`: a form, a button, and the result in plain words."""

from lethebench.evaluation.space_app.page import open_page, serve

page, demo = open_page("robustness", __file__)

if __name__ == "__main__":
    serve(demo)
