"""Renders templates; the only room that knows Jinja2. The templates are in ``files/``, laid out as installed."""
