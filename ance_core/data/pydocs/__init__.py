"""`pydocs`: a retrieval collection made from the documentation that is installed with the workbench.

Each documented module, class, function and method of the interpreter and of the packages that the workbench
requires gives a passage and a question, the first sentence of its docstring; what "See Also" sections of other
entries say of it are further questions. All is parsed, nothing of the packages is imported.

    stdlib     `pydocs:stdlib`: the interpreter's own documentation alone
    packages   which packages, and where their sources are
    sources, library   docstrings and names of a file; what a name means, and what is public
    docstring, markup  a docstring's question, passage and mentions, as text that reads
    entries, folding, mentions   which entries stay, and the further questions
    build      the folder in the cache
"""
