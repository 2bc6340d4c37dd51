"""From a finished build, metric or run to its repository on the Hub: merged card, one commit, tag, compared."""
