"""The only place where parts are wired together: each module builds one deployable."""
