"""What the portal does: each module one job, called by views, commands and the worker."""
