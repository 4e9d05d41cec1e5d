"""The dashboard: reads a folder of runs and shows what training did. Started by `ance app`.

Layers, each importing only those before it: `words` and `theme` (text and looks), `charts` (tables to Plotly
figures, no Streamlit), `source` (the folder of runs), `tables`, `picker`, `chart` and `frame` (shared pieces),
`views` (the pages).
"""
