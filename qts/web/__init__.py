"""What the REST views and WebSocket consumers of all apps share; knows Django, but no app."""
