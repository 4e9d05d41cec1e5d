"""From tables to Plotly figures. Nothing here knows Streamlit or the folder of runs."""
