"""The Space of `correctness`: a form, a button, and the result in plain words."""

from lethebench.evaluation.space_app.page import open_page, serve

page, demo = open_page("correctness", __file__)

if __name__ == "__main__":
    serve(demo)
