"""The Space of `fluency`: a form, a button, and the result in plain words."""

from lethebench.evaluation.space_app.page import open_page, serve

page, demo = open_page("fluency", __file__)

if __name__ == "__main__":
    serve(demo)
