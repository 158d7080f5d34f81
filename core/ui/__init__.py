"""The page: one file per tab. Knows Gradio and Starlette, knows no model library and opens no video itself."""
