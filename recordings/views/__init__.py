"""Views: rights, input, one service, an answer. Nobody imports them but `urls`."""
