"""Television series."""
