"""Words that go with any name or title of a kind on printed things, and say nothing about the subject."""

HEADINGS = {
    "person": ("A life", "Biography", "Reading room", "In the collection", "An evening about",
               "A lecture on"),
    "film": ("Now showing", "Tonight", "Feature film", "Classics", "Matinee", "On the big screen"),
    "series": ("Tonight", "All episodes", "Series", "The box set", "On air", "Watch list"),
    "cartoon": ("Animation", "Now showing", "Cartoon hour", "Animated classics", "Watch list", "Matinee"),
    "company": ("Reception", "Visitors", "Deliveries", "Main entrance", "Accounts", "Welcome to"),
}  # fmt: skip
"""Kind -> headings above a name."""
RIDDLES = {
    "person": ("Who is it?", "Who am I?", "Name this person", "Guess who"),
    "film": ("Which film is it?", "Name the film", "Film quiz", "Guess the film"),
    "series": ("Which series is it?", "Name the series", "Series quiz", "Guess the series"),
    "cartoon": ("Which cartoon is it?", "Name the cartoon", "Cartoon quiz", "Guess the cartoon"),
    "company": ("Which company is it?", "Name the company", "Business quiz", "Guess the company"),
}
"""Kind -> headings above clues."""
SUBJECTS = {
    "person": "A life",
    "film": "The film",
    "series": "The series",
    "cartoon": "The cartoon",
    "company": "Company",
}
"""Kind -> what stands in place of the name above a table of facts."""
CATALOGS = {
    "person": "Biography",
    "film": "Film",
    "series": "Television",
    "cartoon": "Animation",
    "company": "Companies",
}
"""Kind -> section of a catalog."""
FILLERS = ("ATLAS", "GARDENS", "COOKERY", "RIVERS", "POEMS", "MAPS", "BRIDGES", "TREES", "KNOTS", "SAILING")
"""Titles of other volumes on a shelf."""
PAPERS = ("The Daily Courier", "Morning Gazette", "Evening Post", "The Weekly Review", "City Herald")
"""Mastheads of newspapers."""
