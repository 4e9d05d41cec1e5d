"""The pages: one file a question the user asks.

Not called `pages`: Streamlit takes a folder of that name beside the main script for its own kind of pages, and
a link to one of them, opened first after the start, would run the bare file.
"""
