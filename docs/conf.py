"""Configuration of Sphinx; `make docs` writes the pages that it reads."""

from lethebench import __version__

project = "lethebench"
author = "The lethebench developers"
copyright = "The lethebench developers"
release = version = __version__
extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"lethebench {__version__}"
html_show_sphinx = False
html_copy_source = False
html_css_files = ["site.css"]
html_static_path = ["static"]
add_module_names = False
toc_object_entries = False
smartquotes = False  # two hyphens are options here
pygments_style = "default"
pygments_dark_style = "github-dark"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
# `make docs-links` looks at links to other sites; `make docs` needs no network.
linkcheck_timeout = 20
